//! One SQLite file, opened so that what was answered as written stays written.
//!
//! Queue and journal share this crate and nothing else. It knows durability,
//! and not what is stored: one writer commits the work of many callers with
//! one synced write, readers look at snapshots beside it, and another process
//! may have the same file open.

mod error;
mod open;
mod readers;
mod store;
mod writer;

pub use error::StoreError;
pub use store::{Store, check};
