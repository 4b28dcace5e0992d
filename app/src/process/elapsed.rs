//! Durations that this process has measured with a monotonic clock.
//!
//! Dates are stored in the journal so that they outlive the process. A date alone is not enough:
//! the machine's clock may step, and the clocks of two machines may differ by an hour.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::{CancellationId, MemoKey, Timestamp};
use ports::{Clock, Instant};

/// A request without an answer no longer arrives after this: NetSuite ends a request within 15
/// minutes; the rest is for clocks that differ, and for a slow journal.
pub const LATE_ARRIVAL_WINDOW: Duration = Duration::from_mins(20);
/// How long the date must stay ahead before it is trusted.
const TRUST_AFTER: Duration = Duration::from_hours(1);
/// The largest difference between date and monotonic clock that counts as drift, not as a step.
const DRIFT: Duration = Duration::from_secs(1);

/// What this process has measured.
#[derive(Debug, Clone)]
pub struct Elapsed {
    /// Sends whose outcome this process does not know.
    pub unanswered: FirstSeen<MemoKey>,
    /// Waiting cancellations, by the date from which their deadline counts.
    pub waiting: FirstSeen<(CancellationId, Timestamp)>,
    /// Transaction types that count for nothing and were logged.
    pub ignored_types: FirstSeen<String>,
    steps: Arc<Mutex<ClockSteps>>,
}

impl Elapsed {
    /// Without measurements. Cancellations wait for at most `give_up_after`.
    #[must_use]
    pub fn new(give_up_after: Duration) -> Self {
        Self {
            unanswered: FirstSeen::new(1_024, LATE_ARRIVAL_WINDOW),
            waiting: FirstSeen::new(65_536, give_up_after.saturating_mul(2)),
            ignored_types: FirstSeen::new(256, Duration::MAX),
            steps: Arc::default(),
        }
    }

    /// The latest date that has certainly come, for what is done once and cannot be undone:
    /// parking at a deadline, deleting what is old.
    ///
    /// A date that jumps ahead is believed once it has lasted for an hour: so a wrong clock brings
    /// nothing forward before it is corrected, and a clock that was wrong at the start delays
    /// nothing for longer. Example: the process started on the 1st, ran for a day, and the clock
    /// shows the 9th: it is the 2nd, and an hour later the 9th.
    #[must_use]
    pub fn certain_now(&self, clock: &dyn Clock) -> Timestamp {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.certain(clock.now(), clock.instant())
    }
}

/// When this process first saw each key.
#[derive(Debug, Clone)]
pub struct FirstSeen<K> {
    seen: Arc<Mutex<BTreeMap<K, Instant>>>,
    max_keys: usize,
    kept_for: Duration,
}

impl<K: Ord + Clone> FirstSeen<K> {
    /// Without keys. When there are `max_keys`, keys older than `kept_for` are dropped.
    fn new(max_keys: usize, kept_for: Duration) -> Self {
        Self { seen: Arc::default(), max_keys, kept_for }
    }

    /// The time since this process first saw the key: zero the first time, and if there is no room
    /// for it.
    #[must_use]
    pub fn known_for(&self, key: &K, now: Instant) -> Duration {
        let mut seen = self.seen();
        if let Some(since) = seen.get(key) {
            return now.since(*since);
        }
        if self.has_room(&mut seen, now) {
            seen.insert(key.clone(), now);
        }
        Duration::ZERO
    }

    /// Whether the key is new; `false` if there is no room for it.
    #[must_use]
    pub fn is_first(&self, key: &K, now: Instant) -> bool {
        let mut seen = self.seen();
        let is_first = !seen.contains_key(key) && self.has_room(&mut seen, now);
        if is_first {
            seen.insert(key.clone(), now);
        }
        is_first
    }

    /// Restarts the time of the key.
    pub fn restart(&self, key: &K, now: Instant) {
        self.forget(key);
        let _ = self.known_for(key, now);
    }

    /// Removes the key.
    pub fn forget(&self, key: &K) {
        self.seen().remove(key);
    }

    fn has_room(&self, seen: &mut BTreeMap<K, Instant>, now: Instant) -> bool {
        if seen.len() >= self.max_keys {
            seen.retain(|_, since| now.since(*since) < self.kept_for);
        }
        seen.len() < self.max_keys
    }

    fn seen(&self) -> MutexGuard<'_, BTreeMap<K, Instant>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How far the date has stepped ahead of the monotonic clock since the process started.
#[derive(Debug, Default)]
struct ClockSteps {
    /// The part of the step that is trusted.
    trusted: Duration,
    /// The least step that has lasted since the given instant.
    ahead: Option<(Duration, Instant)>,
}

impl ClockSteps {
    /// See [`Elapsed::certain_now`].
    fn certain(&mut self, now: Timestamp, instant: Instant) -> Timestamp {
        let unstepped = instant.unstepped();
        let ahead = now.since(unstepped);
        if ahead <= self.trusted + DRIFT {
            (self.trusted, self.ahead) = (ahead, None);
            return now;
        }
        let (least, since) = self.ahead.unwrap_or((ahead, instant));
        let least = least.min(ahead);
        self.ahead = Some((least, since));
        if instant.since(since) >= TRUST_AFTER {
            (self.trusted, self.ahead) = (least, None);
        }
        unstepped.after(self.trusted)
    }
}

#[cfg(test)]
mod tests;
