//! How many cancellations are not over, counted for metrics.

use async_trait::async_trait;
use domain::{Tenant, Timestamp};

use crate::{CancellationState, JournalError};

/// Counts what a journal holds. Apart from [`crate::Journal`], so that a journal for
/// tests need not answer.
///
/// # Contract
///
/// - Every tenant and state with a cancellation that is working, deferred or parked is
///   told once, and nothing else.
/// - It is cheap however much is over: what is posted or skipped is not looked at.
#[async_trait]
pub trait OpenCounts: Send + Sync {
    /// What is not over now, by tenant and state.
    async fn open_counts(&self) -> Result<Vec<OpenCount>, JournalError>;
}

/// Cancellations of one tenant in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCount {
    /// Whose they are.
    pub tenant: Tenant,
    /// Their state: working, deferred or parked.
    pub state: CancellationState,
    /// How many.
    pub count: u64,
    /// From when the oldest of them has waited.
    pub waiting_since: Timestamp,
}
