//! The `Journal` port in one SQLite file: our book of what was received and done.
//!
//! Several processes of one machine may have the file open, which is how
//! `list` and `show` look at a running service.

mod book;
mod codec;
mod embedded;

pub use embedded::Embedded;
