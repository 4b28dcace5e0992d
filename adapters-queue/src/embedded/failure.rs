//! Errors inside a transaction, before they become the port's error.

use std::error::Error;

use ports::JobsError;

/// `?` cannot convert SQLite's error to the port's error; this type allows it.
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
