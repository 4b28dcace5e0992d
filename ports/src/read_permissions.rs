//! Whether a ledger lets us see what the work depends on.
//!
//! A trait of its own, so that a ledger made for tests need not answer.

use async_trait::async_trait;

use crate::LedgerError;

/// Verifies that a record that is not found does not exist, rather than being hidden by a missing
/// permission.
///
/// # Contract
///
/// - Every call asks the ledger itself, and only reads.
/// - A missing permission is [`LedgerError::Forbidden`]; after the first failure
///   nothing more is asked.
#[async_trait]
pub trait ReadPermissions: Send + Sync {
    /// Fails unless existing records would be visible.
    async fn verify(&self) -> Result<(), LedgerError>;
}
