//! The audit trail: a log line with its own target for every call of an operator, denied calls
//! included. It is written at every level of `RUST_LOG`.
//!
//! The operator is identified by an address and the first digits of the token's digest, never by
//! the token. Ids and filters are logged only after they were parsed.

use std::{fmt, net::IpAddr};

/// The target of its log lines.
pub const TARGET: &str = "audit";

/// The operator.
#[derive(Debug, Clone)]
pub enum Actor {
    /// A command on this machine, by its login.
    Here,
    /// A caller of the admin API.
    Caller {
        /// Where the call comes from.
        address: IpAddr,
        /// The fingerprint of the token that it carries, where it carries one.
        token: Option<String>,
    },
}

/// The requested action.
#[derive(Debug)]
pub struct AuditEntry<'a> {
    /// The operator.
    pub actor: &'a Actor,
    /// The name of the action.
    pub action: &'a str,
    /// The ids or the filter that it applies to.
    pub subject: &'a str,
}

impl AuditEntry<'_> {
    /// Records that it was done, with its outcome.
    pub fn done(&self, outcome: &str) {
        let Self { actor, action, subject } = self;
        let (peer, token) = actor.names();
        tracing::info!(target: TARGET, peer, token, action, subject, outcome, "{action}, {actor}: {outcome}");
    }

    /// Records that it was denied or failed, with the cause.
    pub fn refused(&self, outcome: &str) {
        let Self { actor, action, subject } = self;
        let (peer, token) = actor.names();
        tracing::warn!(target: TARGET, peer, token, action, subject, outcome, "{action}, {actor}: {outcome}");
    }
}

impl Actor {
    fn names(&self) -> (Option<String>, Option<&str>) {
        match self {
            Self::Here => (None, None),
            Self::Caller { address, token } => (Some(address.to_string()), token.as_deref()),
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Here => f.write_str("on the command line"),
            Self::Caller { address, token: None } => write!(f, "from {address} without a token"),
            Self::Caller { address, token: Some(token) } => {
                write!(f, "from {address} with token {token}")
            }
        }
    }
}
