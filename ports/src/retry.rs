//! When a failed call may be repeated.

use std::time::Duration;

/// When the same call may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Retry {
    /// After the caller's own backoff.
    Later,
    /// Not before this time has passed; the other system asked for it.
    After(Duration),
    /// Not until a person has changed something.
    Never,
}
