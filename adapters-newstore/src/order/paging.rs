//! Collects the pages of one list until the list is complete.
//!
//! The next page begins after the cursor of the last page, or after the number of entries so far
//! where the API returns no cursor. The result is complete or an error, because a missed item
//! changes the amounts.

use std::collections::HashSet;

use domain::{InstrumentSnapshot, UnitSnapshot};
use ports::StorefrontError;

use super::Transaction;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page<T> {
    /// Its entries; `None` is an entry that the API does not show.
    pub(crate) nodes: Vec<Option<T>>,
    /// Whether there are more, where the API states it.
    pub(crate) more: Option<bool>,
    /// The cursor of its last entry, where the API returns it.
    pub(crate) end: Option<String>,
}

impl<T> Page<T> {
    /// The same page with converted entries.
    pub(crate) fn map<U>(self, to: impl FnMut(T) -> U) -> Page<U> {
        let mut to = to;
        let nodes = self.nodes.into_iter().map(|node| node.map(&mut to)).collect();
        Page { nodes, more: self.more, end: self.end }
    }
}

impl<T> Default for Page<T> {
    fn default() -> Self {
        Self { nodes: Vec::new(), more: None, end: None }
    }
}

/// The start of the next page.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// After this cursor.
    pub(crate) after: Option<String>,
    /// After this number of entries.
    pub(crate) offset: Option<i64>,
}

/// An entry that can be distinguished from others of its list.
pub(crate) trait Node: PartialEq {
    /// Its id, where it has one.
    fn id(&self) -> Option<&str>;
}

impl Node for UnitSnapshot {
    fn id(&self) -> Option<&str> {
        Some(&self.id)
    }
}

impl Node for Transaction {
    fn id(&self) -> Option<&str> {
        self.id.as_deref()
    }
}

impl Node for InstrumentSnapshot {
    fn id(&self) -> Option<&str> {
        None
    }
}

/// A list that is being collected.
#[derive(Debug)]
pub(crate) struct Collector<T> {
    name: &'static str,
    page_size: i64,
    entries: Vec<T>,
    seen: HashSet<String>,
    /// Entries so far, including repeated ones.
    count: i64,
    position: Position,
    whole: bool,
}

impl<T: Node> Collector<T> {
    /// An empty list; `name` is for error texts, `page_size` is the requested size.
    pub(crate) fn new(name: &'static str, page_size: i64) -> Self {
        Self {
            name,
            page_size,
            entries: Vec::new(),
            seen: HashSet::new(),
            count: 0,
            position: Position::default(),
            whole: false,
        }
    }

    /// The start of the next page; of a complete list, the start of its last page.
    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    /// Whether the list is complete.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// All entries, in the API's order.
    pub(crate) fn into_entries(self) -> Vec<T> {
        self.entries
    }

    /// Adds the page at [`Self::position`] and moves to the next position.
    pub(crate) fn add(&mut self, page: Page<T>) -> Result<(), StorefrontError> {
        let before = self.entries.len();
        let length = i64::try_from(page.nodes.len()).unwrap_or(i64::MAX);
        let nodes: Option<Vec<T>> = page.nodes.into_iter().collect();
        let nodes = nodes.ok_or_else(|| self.unreadable("has a hole"))?;
        let same_place = page.end.is_some() && page.end == self.position.after;
        if !same_place && !self.repeats(&nodes) {
            let seen = &mut self.seen;
            let new = |it: &T| it.id().is_none_or(|id| seen.insert(id.to_owned()));
            self.entries.extend(nodes.into_iter().filter(new));
        }
        let stuck = before == self.entries.len();
        self.count = self.count.saturating_add(length);
        match page.more {
            Some(true) if stuck => return Err(self.unreadable("paging does not advance")),
            Some(true) => self.move_on(page.end),
            // A full page without a statement about further pages: only another query shows whether
            // there are more.
            None if !stuck && self.page_size <= length => self.move_on(page.end),
            Some(false) | None => self.whole = true,
        }
        Ok(())
    }

    fn move_on(&mut self, end: Option<String>) {
        let offset = end.is_none().then_some(self.count);
        self.position = Position { after: end, offset };
    }

    /// An API that ignores the offset returns the same page again, and one that ignores the cursor
    /// ends at the same cursor again. Ids show the repetition; entries without an id count as
    /// repeated if all of them are equal.
    fn repeats(&self, nodes: &[T]) -> bool {
        let nameless = nodes.iter().all(|node| node.id().is_none());
        self.position.offset.is_some() && nameless && self.entries.ends_with(nodes)
    }

    fn unreadable(&self, problem: &str) -> StorefrontError {
        StorefrontError::Unreadable(format!("{}: {problem}", self.name))
    }
}

#[cfg(test)]
mod tests;
