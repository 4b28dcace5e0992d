//! Limits concurrent requests and measures the use of the slots.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Slots for requests.
pub(super) struct Limits(Mutex<State>);

struct State {
    limit: usize,
    running: usize,
    peak: usize,
    usage: Usage,
    /// When the first measured request began.
    began: Option<Instant>,
    /// When `running` changed last.
    changed: Instant,
}

/// The use of an account's slots, by this machine's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// The sum of the durations of all requests.
    pub busy: Duration,
    /// From the beginning of the first request to the end of the last.
    pub span: Duration,
}

/// A running request.
pub(super) struct Slot(Arc<Limits>);

impl Limits {
    pub(super) fn new(limit: usize) -> Self {
        Self(Mutex::new(State {
            limit,
            running: 0,
            peak: 0,
            usage: Usage::default(),
            began: None,
            changed: Instant::now(),
        }))
    }

    pub(super) fn set(&self, limit: usize) {
        self.state().limit = limit;
    }

    pub(super) fn get(&self) -> usize {
        self.state().limit
    }

    pub(super) fn running(&self) -> usize {
        self.state().running
    }

    pub(super) fn peak(&self) -> usize {
        self.state().peak
    }

    /// The usage since the last call.
    pub(super) fn take_usage(&self) -> Usage {
        let mut state = self.state();
        state.began = None;
        std::mem::take(&mut state.usage)
    }

    /// A slot, if one is free.
    pub(super) fn enter(self: &Arc<Self>) -> Option<Slot> {
        let mut state = self.state();
        if state.limit <= state.running {
            return None;
        }
        state.run(|running| running + 1);
        state.peak = state.peak.max(state.running);
        Some(Slot(Arc::clone(self)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn run(&mut self, change: impl Fn(usize) -> usize) {
        let now = Instant::now();
        let began = *self.began.get_or_insert(now);
        let before = u32::try_from(self.running).unwrap_or(u32::MAX);
        self.usage.busy += (now - self.changed) * before;
        self.usage.span = now - began;
        (self.running, self.changed) = (change(self.running), now);
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.state().run(|running| running - 1);
    }
}
