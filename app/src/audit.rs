//! The audit trail: a log line of its own target for everything that a person
//! does here, or is denied. It is written whatever `RUST_LOG` says.
//!
//! Who it was is an address and the first digits of the token's digest, never
//! the token. Ids and filters are told only once they were read as such.

use std::{fmt, net::IpAddr};

/// The target of its log lines.
pub const TARGET: &str = "audit";

/// Who wants something.
#[derive(Debug, Clone)]
pub enum Person {
    /// Somebody with a command on this machine: its system knows who.
    Here,
    /// A caller of the admin API.
    Caller {
        /// Where the call comes from.
        address: IpAddr,
        /// The fingerprint of the token that it carries, where it carries one.
        token: Option<String>,
    },
}

/// What somebody wants.
#[derive(Debug)]
pub struct Wish<'a> {
    /// Who.
    pub person: &'a Person,
    /// What is to be done.
    pub action: &'a str,
    /// With which ids, or by which filter.
    pub subject: &'a str,
}

impl Wish<'_> {
    /// Tells that it was done, and what came of it.
    pub fn done(&self, outcome: &str) {
        let Self { person, action, subject } = self;
        let (peer, token) = person.names();
        tracing::info!(target: TARGET, peer, token, action, subject, outcome, "{action}, {person}: {outcome}");
    }

    /// Tells that it was denied, or did not work, and why.
    pub fn refused(&self, outcome: &str) {
        let Self { person, action, subject } = self;
        let (peer, token) = person.names();
        tracing::warn!(target: TARGET, peer, token, action, subject, outcome, "{action}, {person}: {outcome}");
    }
}

impl Person {
    fn names(&self) -> (Option<String>, Option<&str>) {
        match self {
            Self::Here => (None, None),
            Self::Caller { address, token } => (Some(address.to_string()), token.as_deref()),
        }
    }
}

impl fmt::Display for Person {
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
