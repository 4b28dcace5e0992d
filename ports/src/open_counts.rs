//! Counts unfinished cancellations, for metrics.

use async_trait::async_trait;
use domain::{Tenant, Timestamp};

use crate::{CancellationState, JournalError};

/// Counts a journal's unfinished cancellations. Separate from [`crate::Journal`], so that a test
/// journal need not implement it.
///
/// # Contract
///
/// - Every tenant and state with a cancellation that is working, deferred or parked is returned
///   once, and nothing else.
/// - The call is cheap however many cancellations are finished: it does not read posted or skipped
///   ones.
#[async_trait]
pub trait OpenCounts: Send + Sync {
    /// Unfinished cancellations, by tenant and state.
    async fn open_counts(&self) -> Result<Vec<OpenCount>, JournalError>;
}

/// Cancellations of one tenant in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenCount {
    /// Their tenant.
    pub tenant: Tenant,
    /// Their state: working, deferred or parked.
    pub state: CancellationState,
    /// How many.
    pub count: u64,
    /// From when the oldest of them waits.
    pub waiting_since: Timestamp,
}
