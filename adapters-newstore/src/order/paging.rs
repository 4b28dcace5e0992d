//! Pages of one list, put together until the list is whole.
//!
//! A list goes on after the cursor of its last page, or after so many entries
//! where the API gives no cursor. It must be whole or be an error: an item that
//! is missed is money that is misjudged.

use std::collections::HashSet;

use domain::{InstrumentSnapshot, UnitSnapshot};
use ports::StorefrontError;

use super::Transaction;

/// One page of a list.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Page<T> {
    /// Its entries; a hole is an entry that the API does not show.
    pub(crate) nodes: Vec<Option<T>>,
    /// Whether there are more, where the API says so.
    pub(crate) more: Option<bool>,
    /// The place of its last entry, where the API gives it.
    pub(crate) end: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something else.
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

/// Where the next page begins.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// After this place.
    pub(crate) after: Option<String>,
    /// After so many entries.
    pub(crate) offset: Option<i64>,
}

/// An entry, told from others of its list.
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

/// A list that is being put together.
#[derive(Debug)]
pub(crate) struct Collector<T> {
    name: &'static str,
    page_size: i64,
    entries: Vec<T>,
    seen: HashSet<String>,
    /// Entries so far, those that were already known included.
    count: i64,
    position: Position,
    whole: bool,
}

impl<T: Node> Collector<T> {
    /// An empty list; `name` is for error texts, `page_size` is what will be asked for.
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

    /// Where the next page begins; of a list that is whole, where its last page began.
    pub(crate) fn position(&self) -> &Position {
        &self.position
    }

    /// Nothing is missing.
    pub(crate) fn is_whole(&self) -> bool {
        self.whole
    }

    /// All entries, in the order they were told.
    pub(crate) fn into_entries(self) -> Vec<T> {
        self.entries
    }

    /// Adds the page at [`Self::position`] and moves on.
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
            // A full page without a word about the rest: only asking tells.
            None if !stuck && self.page_size <= length => self.move_on(page.end),
            Some(false) | None => self.whole = true,
        }
        Ok(())
    }

    fn move_on(&mut self, end: Option<String>) {
        let offset = end.is_none().then_some(self.count);
        self.position = Position { after: end, offset };
    }

    /// An API that ignores the offset tells the same page again, as one that ignores the cursor
    /// ends at the same place again. Ids show it; entries without an id show it by being equal,
    /// all of them.
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
