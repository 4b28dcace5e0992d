//! A durable store in one SQLite file: a confirmed write survives a crash and a power cut.
//!
//! The embedded queue and the embedded journal use this crate. It does not know what is stored:
//! one writer thread commits the writes of many callers with one fsync, readers read snapshots
//! concurrently, and another process may have the same file open.

mod error;
mod open;
mod readers;
mod store;
mod writer;

pub use error::StoreError;
pub use store::{Store, check};
