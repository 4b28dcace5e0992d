//! What goes wrong inside a transaction, before the port's error is made of it.

use std::error::Error;

use ports::JobsError;

/// The port's error cannot take SQLite's by `?`; this can.
pub(super) enum Failure {
    LeaseLost,
    Other(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Other(Box::new(error))
    }
}

impl From<Failure> for JobsError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::LeaseLost => Self::LeaseLost,
            Failure::Other(source) => Self::Unavailable(source),
        }
    }
}
