//! The clock for tests: it moves when a test moves it.

use std::{
    future::poll_fn,
    sync::{Mutex, MutexGuard},
    task::{Poll, Waker},
    time::Duration,
};

use async_trait::async_trait;
use domain::Timestamp;

use crate::{Clock, Instant};

/// What a sleep does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sleep {
    /// It ends when the test has moved the clock far enough.
    Waits,
    /// It moves the clock itself, and ends at once.
    Advances,
}

/// A clock in the hands of a test: date and elapsed time move when the test moves them.
#[derive(Debug)]
pub struct FakeClock {
    sleep: Sleep,
    times: Mutex<Times>,
}

#[derive(Debug)]
struct Times {
    now: Timestamp,
    instant: Instant,
    sleepers: Vec<Waker>,
}

impl FakeClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        Self::with(start, Sleep::Waits)
    }

    /// A clock that shows `start`, and whose sleeps end at once: each moves the clock by itself.
    #[must_use]
    pub fn hurried(start: Timestamp) -> Self {
        Self::with(start, Sleep::Advances)
    }

    fn with(start: Timestamp, sleep: Sleep) -> Self {
        let instant = Instant::new(start, Duration::ZERO);
        Self { sleep, times: Mutex::new(Times { now: start, instant, sleepers: Vec::new() }) }
    }

    /// Lets this much time pass at once.
    pub fn advance(&self, by: Duration) {
        let mut times = self.times();
        times.now = times.now.after(by);
        times.instant = times.instant.after(by);
        for sleeper in times.sleepers.drain(..) {
            sleeper.wake();
        }
    }

    /// Sets the date ahead, while no time passes.
    pub fn set_ahead(&self, by: Duration) {
        let mut times = self.times();
        times.now = times.now.after(by);
    }

    /// Sets the date back, while no time passes.
    pub fn set_back(&self, by: Duration) {
        let mut times = self.times();
        times.now = times.now.before(by);
    }

    fn times(&self) -> MutexGuard<'_, Times> {
        self.times.lock().expect("no test panics while it moves the clock")
    }
}

impl Default for FakeClock {
    /// Some instant of 2026.
    fn default() -> Self {
        Self::new(Timestamp::from_millis(1_790_000_000_000))
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.times().now
    }

    fn instant(&self) -> Instant {
        self.times().instant
    }

    async fn sleep(&self, wait: Duration) {
        if self.sleep == Sleep::Advances {
            return self.advance(wait);
        }
        let until = self.instant().after(wait);
        poll_fn(|context| {
            let mut times = self.times();
            if until <= times.instant {
                return Poll::Ready(());
            }
            times.sleepers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }
}
