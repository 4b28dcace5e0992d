//! Reference adapters: every port in memory, in the fewest lines that keep its promises.
//!
//! They pass the same contract suites as the products. What they hold survives
//! whoever calls them: for a simulated crash that is the durable part.

mod books;
mod ledger;
mod storefront;

use async_trait::async_trait;
use ports::{Access, LedgerError};

pub use books::{Books, Column, Folder, Recorded};
pub use ledger::{MemoryLedger, Trouble};
pub use storefront::MemoryStorefront;

/// Access to a ledger that hides nothing.
#[derive(Debug, Clone, Copy)]
pub struct NothingHidden;

#[async_trait]
impl Access for NothingHidden {
    async fn prove(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}
