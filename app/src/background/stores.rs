//! Journal and queue, as far as they are counted and kept small.

use std::sync::Arc;

use domain::Timestamp;
use ports::{Backlog, Depth, JobsError, JournalError, OpenCount, OpenCounts, Retention};

/// The stores of a service, as far as they are counted and kept small.
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

    /// How many cancellations are not over.
    pub async fn open_counts(&self) -> Result<Vec<OpenCount>, JournalError> {
        self.journal.open_counts().await
    }

    /// Forgets what was over before then; see [`Retention`].
    pub async fn forget(&self, before: Timestamp, at_most: usize) -> Result<usize, JournalError> {
        self.retention.forget(before, at_most).await
    }

    /// How much is in the queue.
    pub async fn depth(&self) -> Result<Depth, JobsError> {
        self.queue.depth().await
    }
}
