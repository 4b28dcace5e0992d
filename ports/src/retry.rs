//! What a failure says about trying again.

use std::time::Duration;

/// When the same call may be made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Retry {
    /// After the caller's own backoff.
    Later,
    /// Not before this much time has passed: the other side said so.
    After(Duration),
    /// Not until a person has changed something.
    Never,
}
