//! What goes wrong while a step is written, before the port's error is made of it.

use std::error::Error;

use domain::{CancellationId, MemoKey};
use ports::JournalError;

/// The port's error cannot take a database's by `?`; this can.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A unit belongs to another key.
    Claimed(MemoKey),
    /// Anything else: nothing may be answered as done.
    Other(Box<dyn Error + Send + Sync>),
}

impl Failure {
    /// For what cannot be, so that nothing is answered as done.
    pub(crate) fn because(problem: String) -> Self {
        Self::Other(problem.into())
    }

    /// A step needs something that it is a step of.
    pub(crate) fn never_opened(id: &CancellationId) -> Self {
        Self::because(format!("cancellation {id} was never opened"))
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
