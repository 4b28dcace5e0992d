//! The `Journal` port: the durable record of what was received and done.
//!
//! [`Embedded`] is for one machine: a file that several processes may open, so that `list` and
//! `show` can read the journal of a running service. [`Postgres`] is for many machines: a database
//! that replicas share. [`Memory`] is the reference: the same promises in the fewest lines, for
//! tests and simulations.

mod codec;
mod embedded;
#[doc(hidden)]
pub mod fuzzing;
mod memory;
mod model;
mod postgres;

pub use embedded::Embedded;
pub use memory::Memory;
pub use postgres::{DatabaseUrl, DatabaseUrlError, Postgres};
