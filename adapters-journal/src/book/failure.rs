//! What goes wrong inside a transaction, before the port's error is made of it.

use std::error::Error;

use domain::MemoKey;
use ports::JournalError;

/// The port's error cannot take SQLite's by `?`; this can.
pub(super) enum Failure {
    Claimed(MemoKey),
    Other(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// For what cannot be, so that nothing is answered as done.
    pub(super) fn because(problem: String) -> Self {
        Self::Other(problem.into())
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Other(Box::new(error))
    }
}

impl From<Failure> for JournalError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Claimed(key) => Self::Claimed(key),
            Failure::Other(source) => Self::Unavailable(source),
        }
    }
}
