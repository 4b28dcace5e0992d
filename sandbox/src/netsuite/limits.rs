//! How many requests run at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

/// Slots for requests.
pub(super) struct Limits {
    limit: AtomicUsize,
    running: AtomicUsize,
    peak: AtomicUsize,
}

/// A request that runs.
pub(super) struct Slot(Arc<Limits>);

impl Limits {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit: AtomicUsize::new(limit),
            running: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
        }
    }

    pub(super) fn set(&self, limit: usize) {
        self.limit.store(limit, SeqCst);
    }

    pub(super) fn get(&self) -> usize {
        self.limit.load(SeqCst)
    }

    pub(super) fn running(&self) -> usize {
        self.running.load(SeqCst)
    }

    pub(super) fn peak(&self) -> usize {
        self.peak.load(SeqCst)
    }

    /// A slot, if one is free.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Slot> {
        let limit = self.get();
        let free = |running| (running < limit).then_some(running + 1);
        let before = self.running.fetch_update(SeqCst, SeqCst, free).ok()?;
        self.peak.fetch_max(before + 1, SeqCst);
        Some(Slot(Arc::clone(self)))
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}
