//! Why an attempt ended before everything was credited.

use std::time::Duration;

use domain::{Reason, Stop};
use ports::{JournalError, LedgerError, Rejection, Retry, error_chain};

use crate::ledger::circuit_breaker::BreakerOpenError;

/// Why an attempt ended before everything was credited.
pub(super) enum Halt {
    Stop(Stop),
    /// A system other than the ERP is not ready.
    Later(Reason, Option<Duration>),
    Unavailable(Reason, Option<Duration>),
    /// The ERP failed, perhaps on this order alone.
    Failing(Failing),
}

/// The failure of the ERP.
pub(super) struct Failing {
    /// The ERP's message, with the error's id where it gives one.
    pub(super) problem: String,
    /// What the failure concerns, as far as it is known.
    pub(super) scope: FailureScope,
}

/// What a failure of the ERP concerns, as far as it is known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureScope {
    /// The account, as far as this call shows: no other call was answered.
    Account,
    /// The order, if the failure repeats: the account answered another call about it.
    Write,
    /// The order: its complete answer cannot be used.
    Answer,
}

impl From<Stop> for Halt {
    fn from(stop: Stop) -> Self {
        Self::Stop(stop)
    }
}

impl From<JournalError> for Halt {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Claimed(_) => Self::Later(Reason::OrderBusy, None),
            error @ JournalError::Unavailable(_) => {
                Self::Unavailable(Reason::JournalUnavailable { problem: error_chain(&error) }, None)
            }
        }
    }
}

impl From<LedgerError> for Halt {
    fn from(error: LedgerError) -> Self {
        let not_before = match error.retry() {
            Retry::After(wait) => Some(wait),
            Retry::Later | Retry::Never => None,
        };
        let problem = error_chain(&error);
        let failing = |scope, problem| Self::Failing(Failing { problem, scope });
        match error {
            LedgerError::Unavailable(source) if source.is::<BreakerOpenError>() => {
                Self::Unavailable(Reason::ErpUnavailable { problem }, not_before)
            }
            LedgerError::Throttled(_) => {
                Self::Unavailable(Reason::ErpUnavailable { problem }, not_before)
            }
            LedgerError::Unavailable(_) | LedgerError::Unknown(_) => {
                failing(FailureScope::Account, problem)
            }
            LedgerError::Failed { .. } | LedgerError::Rejected { kind: Rejection::Stale, .. } => {
                failing(FailureScope::Write, problem)
            }
            LedgerError::Unreadable(_) => failing(FailureScope::Answer, problem),
            LedgerError::Unauthorized(_) => {
                Self::Unavailable(Reason::ErpCredentials { problem }, not_before)
            }
            LedgerError::Forbidden(_) => {
                Self::Unavailable(Reason::ErpPermission { problem }, not_before)
            }
            LedgerError::Conflict { key, found } => {
                Self::Stop(Stop::Park(Reason::KeyConflict { key, found }))
            }
            LedgerError::Rejected { code, message, .. } => {
                Self::Stop(Stop::Park(Reason::Refused { code, message }))
            }
        }
    }
}
