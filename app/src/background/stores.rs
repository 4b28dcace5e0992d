//! The parts of journal and queue for metrics and retention.

use std::sync::Arc;

use domain::Timestamp;
use ports::{Backlog, Depth, JobsError, JournalError, OpenCount, OpenCounts, Retention};

/// The stores of a service for metrics and retention.
pub struct Stores {
    journal: Arc<dyn OpenCounts>,
    retention: Arc<dyn Retention>,
    queue: Arc<dyn Backlog>,
}

impl Stores {
    /// These stores.
    #[must_use]
    pub fn new(
        journal: Arc<dyn OpenCounts>,
        retention: Arc<dyn Retention>,
        queue: Arc<dyn Backlog>,
    ) -> Self {
        Self { journal, retention, queue }
    }

    /// Counts unfinished cancellations.
    pub async fn open_counts(&self) -> Result<Vec<OpenCount>, JournalError> {
        self.journal.open_counts().await
    }

    /// Deletes cancellations that were finished before this time; see [`Retention`].
    pub async fn forget(&self, before: Timestamp, at_most: usize) -> Result<usize, JournalError> {
        self.retention.forget(before, at_most).await
    }

    /// The number of jobs in the queue.
    pub async fn depth(&self) -> Result<Depth, JobsError> {
        self.queue.depth().await
    }
}
