//! Whether a ledger lets us see what the work depends on.
//!
//! A trait of its own, so that a ledger made for tests need not answer.

use async_trait::async_trait;

use crate::LedgerError;

/// Proves that what is not found is not there, rather than hidden from us.
///
/// # Contract
///
/// - Every call asks the ledger itself, and only reads.
/// - A missing permission is [`LedgerError::Forbidden`]; after the first failure
///   nothing more is asked.
#[async_trait]
pub trait Access: Send + Sync {
    /// Fails unless records would be shown to us if there were any.
    async fn prove(&self) -> Result<(), LedgerError>;
}
