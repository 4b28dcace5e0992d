//! How long a journal keeps what is over.

use async_trait::async_trait;
use domain::Timestamp;

use crate::JournalError;

/// Forgets what is long over. Apart from [`crate::Journal`], so that a journal for
/// tests need not.
///
/// # Contract
///
/// - Only a cancellation that is posted or skipped, and in whose life nothing has
///   happened since `before`, is forgotten, with its history and its flags; what
///   was touched longest ago goes first.
/// - Claims outlive it: a unit is credited at most once, ever.
/// - It works beside everything else that is done with the journal.
#[async_trait]
pub trait Retention: Send + Sync {
    /// Forgets at most so many; how many there were.
    async fn forget(&self, before: Timestamp, at_most: usize) -> Result<usize, JournalError>;
}
