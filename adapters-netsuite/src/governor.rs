//! How much may be in flight: the account's concurrency is shared by everything that talks to it.

use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::fault::{Class, Failure};

/// Hands out a fixed number of slots, first come, first served.
#[derive(Debug)]
pub(crate) struct Governor {
    slots: Semaphore,
    patience: Duration,
}

impl Governor {
    /// So many slots; a request waits for one at most so long.
    pub(crate) fn new(slots: usize, patience: Duration) -> Self {
        Self { slots: Semaphore::new(slots.min(Semaphore::MAX_PERMITS)), patience }
    }

    /// A slot, free again when it is dropped.
    pub(crate) async fn slot(&self) -> Result<SemaphorePermit<'_>, Failure> {
        match tokio::time::timeout(self.patience, self.slots.acquire()).await {
            Ok(permit) => Ok(permit.expect("nobody closes the semaphore")),
            Err(_) => Err(Failure::new(Class::Throttled, "all slots of the account are taken")),
        }
    }
}

#[cfg(test)]
mod tests;
