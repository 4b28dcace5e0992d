//! Reference adapters: every port in memory, in the fewest lines that keep its promises.
//!
//! They pass the same contract suites as the products. What they hold survives
//! whoever calls them: for a simulated crash that is the durable part.

mod books;
mod journal;
mod ledger;
mod storefront;

pub use books::{Books, Column, Folder, Recorded};
pub use journal::MemoryJournal;
pub use ledger::{MemoryLedger, Trouble};
pub use storefront::MemoryStorefront;
