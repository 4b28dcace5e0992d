//! Reference adapters: every port in memory, in the fewest lines that keep its promises.
//!
//! They pass the same contract suites as the products. What they hold survives
//! whoever calls them: for a simulated crash that is the durable part.

mod accounts;
mod ledger;
mod storefront;

use async_trait::async_trait;
use ports::{LedgerError, ReadPermissions};

pub use accounts::{Column, Folder, Recorded, ReferenceAccounts};
pub use ledger::{MemoryLedger, ReferenceFault};
pub use storefront::MemoryStorefront;

/// Access to a ledger that hides nothing.
#[derive(Debug, Clone, Copy)]
pub struct AllVisible;

#[async_trait]
impl ReadPermissions for AllVisible {
    async fn verify(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}
