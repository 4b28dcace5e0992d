//! The `Journal` port: the durable record of what was received and done.
//!
//! [`Embedded`] is for one machine: a file that several processes may open, so that `list` and
//! `show` can read it while the service runs. [`Postgres`] is for many machines: a database that
//! replicas share. [`Memory`] is the reference: the same promises in the fewest lines, for tests
//! and simulations.
//!
//! [`TemporaryMemoIndex`] implements another port: the storage of one reconciliation run.

mod codec;
mod embedded;
#[doc(hidden)]
pub mod fuzzing;
mod memory;
mod model;
mod postgres;
mod temporary_memo_index;

pub use embedded::Embedded;
pub use memory::Memory;
pub use postgres::{DatabaseUrl, DatabaseUrlError, Postgres};
pub use temporary_memo_index::TemporaryMemoIndex;

/// The result of opening a journal for reading, without creating or migrating it.
#[derive(Debug)]
pub enum Existing<J> {
    /// It does not exist: no service has created it.
    Missing,
    /// An older version created it; this program cannot read it before a migration.
    Older {
        /// Its schema.
        found: usize,
        /// The schema that this program reads.
        known: usize,
    },
    /// It can be read.
    Current(J),
}
