//! Ids that count their comparisons. Tests use them to measure the work of a decision independently
//! of the machine.

use std::{
    cell::Cell,
    cmp::Ordering,
    hash::{Hash, Hasher},
    ops::Deref,
};

thread_local! {
    static COMPARISONS: Cell<u64> = const { Cell::new(0) };
}

/// The text of an id.
#[derive(Debug, Clone)]
pub(crate) struct Text(pub(super) String);

/// The number of comparisons that `work` makes on this thread.
pub(crate) fn comparisons(work: impl FnOnce()) -> u64 {
    let before = COMPARISONS.get();
    work();
    COMPARISONS.get() - before
}

fn count() {
    COMPARISONS.set(COMPARISONS.get() + 1);
}

impl Deref for Text {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        count();
        self.0 == other.0
    }
}

impl Eq for Text {}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> Ordering {
        count();
        self.0.cmp(&other.0)
    }
}
