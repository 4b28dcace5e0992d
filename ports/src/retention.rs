//! Deletes finished cancellations from the journal when their retention period ends.

use async_trait::async_trait;
use domain::Timestamp;

use crate::JournalError;

/// Deletes expired cancellations. Separate from [`crate::Journal`], so that a test journal need not
/// implement it.
///
/// # Contract
///
/// - Only a cancellation that is posted or skipped and has no step since `before` is deleted, with
///   its history and its flags; the one with the oldest last step first.
/// - Claims are kept: a unit is credited at most once, ever.
/// - It works while the journal is in use.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Deletes at most `at_most` cancellations and returns how many it deleted.
    async fn forget(&self, before: Timestamp, at_most: usize) -> Result<usize, JournalError>;
}
