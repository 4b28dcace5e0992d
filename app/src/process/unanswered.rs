//! Sends whose outcome this process does not know, by a monotonic clock.
//!
//! The journal has the date of such a send. Where the clocks of two machines differ by an hour, that date
//! alone would free the memo's units while the request may still arrive.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use domain::MemoKey;
use ports::Instant;

/// Older entries are dropped where there are so many: a send is then waited for once more.
const MAX_KEYS: usize = 1024;

/// Since when this process knows of sends without an answer.
#[derive(Debug, Clone, Default)]
pub struct UnansweredSends(Arc<Mutex<BTreeMap<MemoKey, Instant>>>);

impl UnansweredSends {
    /// How long this process has known of the memo's last send without an answer: zero the
    /// first time.
    #[must_use]
    pub fn known_for(&self, key: &MemoKey, now: Instant, window: Duration) -> Duration {
        let mut sends = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if sends.len() >= MAX_KEYS {
            sends.retain(|_, since| now.since(*since) < window);
        }
        now.since(*sends.entry(key.clone()).or_insert(now))
    }

    /// The memo was sent now, and no answer came.
    pub fn sent(&self, key: &MemoKey, now: Instant) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(key.clone(), now);
    }

    /// The outcome is known.
    pub fn forget(&self, key: &MemoKey) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }
}
