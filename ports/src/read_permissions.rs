//! Whether a ledger shows all records that the work depends on.
//!
//! This is a separate trait, so that a test ledger need not implement it.

use async_trait::async_trait;

use crate::LedgerError;

/// Verifies that a record that is not found does not exist, rather than being hidden by a missing
/// permission.
///
/// # Contract
///
/// - Every call queries the ledger itself, and only reads.
/// - A missing permission is [`LedgerError::Forbidden`]; after the first failure it asks nothing
///   more.
#[async_trait]
pub trait ReadPermissions: Send + Sync {
    /// Fails unless existing records would be visible.
    async fn verify(&self) -> Result<(), LedgerError>;
}
