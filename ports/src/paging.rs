//! Lists too long for one answer: a window of time, and the place to read on from.

use domain::Timestamp;

/// A span of time: from `since` on, and before `until` where it has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant in it.
    pub since: Timestamp,
    /// The first instant after it; without, it goes on for ever.
    pub until: Option<Timestamp>,
}

/// Where a list is read on, in words that only who gave it understands. The default is its
/// beginning.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor(pub String);
