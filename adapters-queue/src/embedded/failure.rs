//! What goes wrong inside a transaction, before the port's error is made of it.

use std::error::Error;

use ports::JobsError;

/// The port's error cannot take SQLite's by `?`; this can.
pub(super) enum StoreFailure {
    LeaseLost,
    Other(Box<dyn Error + Send + Sync>),
}

impl<E: Error + Send + Sync + 'static> From<E> for StoreFailure {
    fn from(error: E) -> Self {
        Self::Other(Box::new(error))
    }
}

impl From<StoreFailure> for JobsError {
    fn from(failure: StoreFailure) -> Self {
        match failure {
            StoreFailure::LeaseLost => Self::LeaseLost,
            StoreFailure::Other(source) => Self::Unavailable(source),
        }
    }
}
