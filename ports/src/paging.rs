//! Paging: a window of time and the cursor of the next page.

use domain::Timestamp;

/// A span of time: from `since` on, and before `until` where it has an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The first instant in it.
    pub since: Timestamp,
    /// The first instant after it; without one, the window has no end.
    pub until: Option<Timestamp>,
}

/// Opaque cursor issued by an adapter. The default is the first page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Cursor(pub String);
