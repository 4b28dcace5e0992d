//! Errors inside a transaction, before they become the port's error.

use std::error::Error;

use domain::{CancellationId, MemoKey};
use ports::JournalError;

/// `?` cannot convert a database's error to the port's error; this type allows it.
#[derive(Debug)]
pub(crate) enum StoreFailure {
    /// A unit belongs to another key.
    Claimed(MemoKey),
    /// Any other error: the caller must not report success.
    Other(Box<dyn Error + Send + Sync>),
}

impl StoreFailure {
    /// An error for an impossible state, so that the caller does not report success.
    pub(crate) fn because(problem: String) -> Self {
        Self::Other(problem.into())
    }

    /// A step needs a known cancellation.
    pub(crate) fn never_opened(id: &CancellationId) -> Self {
        Self::because(format!("cancellation {id} was never opened"))
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for StoreFailure {
    fn from(error: E) -> Self {
        Self::Other(Box::new(error))
    }
}

impl From<StoreFailure> for JournalError {
    fn from(failure: StoreFailure) -> Self {
        match failure {
            StoreFailure::Claimed(key) => Self::Claimed(key),
            StoreFailure::Other(source) => Self::Unavailable(source),
        }
    }
}
