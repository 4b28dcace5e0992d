//! Doors for what is fuzzed from outside this crate. Not an interface: nothing here is promised
//! to anybody.

pub use crate::{embedded::wire::Rows, sqs::wire::Letter};
