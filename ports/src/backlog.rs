//! How much work lies in the queue, for those who watch it.

use std::time::Duration;

use async_trait::async_trait;

use crate::JobsError;

/// Counts waiting jobs. Apart from [`crate::Jobs`], so that a queue's users need not know that it
/// can be measured.
#[async_trait]
pub trait Backlog: Send + Sync {
    /// How much is in the queue now; a shared queue knows it about.
    async fn depth(&self) -> Result<Depth, JobsError>;
}

/// The queue at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Jobs without a lease, due or not.
    pub waiting: u64,
    /// Jobs under a lease. A shared queue counts here what it hides until it is due.
    pub leased: u64,
    /// For how long the job that is due longest has been due; none when none is,
    /// or when the queue does not know.
    pub oldest_due: Option<Duration>,
}
