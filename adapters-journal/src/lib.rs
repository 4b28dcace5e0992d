//! The `Journal` port: the durable record of what was received and done.
//!
//! [`Embedded`] is the product for one machine: a file, which several processes
//! may have open; that is how `list` and `show` look at a running service.
//! [`Postgres`] is the product for many machines: a database that replicas share.
//! [`Memory`] is the reference: the same promises in the fewest lines, for tests
//! and simulations.
//!
//! [`TemporaryMemoIndex`] fills another port: the storage of one reconciliation run.

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

/// What there is of a journal that nothing may be made or migrated in.
#[derive(Debug)]
pub enum Existing<J> {
    /// No service has made one.
    Missing,
    /// The service of an older version made it; this program cannot read it before a migration.
    Older {
        /// Its schema.
        found: usize,
        /// The schema that this program reads.
        known: usize,
    },
    /// It can be read.
    Current(J),
}
