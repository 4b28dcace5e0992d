//! What goes wrong while a step is written, before the port's error is made of it.

use std::error::Error;

use domain::{CancellationId, MemoKey};
use ports::JournalError;

/// The port's error cannot take a database's by `?`; this can.
#[derive(Debug)]
pub(crate) enum StoreFailure {
    /// A unit belongs to another key.
    Claimed(MemoKey),
    /// Anything else: nothing may be answered as done.
    Other(Box<dyn Error + Send + Sync>),
}

impl StoreFailure {
    /// For what cannot be, so that nothing is answered as done.
    pub(crate) fn because(problem: String) -> Self {
        Self::Other(problem.into())
    }

    /// A step needs something that it is a step of.
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
