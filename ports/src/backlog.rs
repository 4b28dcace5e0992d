//! The number of jobs in the queue, for metrics.

use std::time::Duration;

use async_trait::async_trait;

use crate::JobsError;

/// Counts waiting jobs. Separate from [`crate::Jobs`], because users of a queue need not count it.
#[async_trait]
pub trait Backlog: Send + Sync {
    /// The current size of the queue; approximate for a shared queue.
    async fn depth(&self) -> Result<Depth, JobsError>;
}

/// The queue at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Jobs without a lease, due or not.
    pub waiting: u64,
    /// Jobs under a lease. A shared queue also counts delayed jobs here.
    pub leased: u64,
    /// How long the longest due job has been due; `None` when no job is due or when the queue does
    /// not know.
    pub oldest_due: Option<Duration>,
}
