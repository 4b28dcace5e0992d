//! Sends whose outcome this process does not know, by a monotonic clock.
//!
//! The journal has the date of such a send. Where the clocks of two machines differ by an hour,
//! that date alone would free the memo's units while the request may still arrive.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::MemoKey;
use ports::Instant;

/// A request without an answer no longer arrives after this: NetSuite ends a request within 15
/// minutes; the rest is for clocks that differ, and for a slow journal.
pub const LATE_ARRIVAL_WINDOW: Duration = Duration::from_mins(20);
/// At so many entries those older than the window are dropped.
const MAX_KEYS: usize = 1024;

/// Since when this process knows of sends without an answer.
#[derive(Debug, Clone, Default)]
pub struct UnansweredSends(Arc<Mutex<BTreeMap<MemoKey, Instant>>>);

impl UnansweredSends {
    /// How long this process has known of the memo's last send without an answer: zero the
    /// first time.
    #[must_use]
    pub fn known_for(&self, key: &MemoKey, now: Instant) -> Duration {
        let mut sends = self.with_room(now);
        now.since(*sends.entry(key.clone()).or_insert(now))
    }

    /// The memo was sent now, and no answer came.
    pub fn sent(&self, key: &MemoKey, now: Instant) {
        self.with_room(now).insert(key.clone(), now);
    }

    /// The outcome is known.
    pub fn forget(&self, key: &MemoKey) {
        self.sends().remove(key);
    }

    /// Where an entry is dropped, the memo's send is waited for once more.
    fn with_room(&self, now: Instant) -> MutexGuard<'_, BTreeMap<MemoKey, Instant>> {
        let mut sends = self.sends();
        if sends.len() >= MAX_KEYS {
            sends.retain(|_, since| now.since(*since) < LATE_ARRIVAL_WINDOW);
        }
        sends
    }

    fn sends(&self) -> MutexGuard<'_, BTreeMap<MemoKey, Instant>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
