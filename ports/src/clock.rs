//! The time, owned: a simulation moves it, the service reads the machine's.

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;

/// Tells the time and waits for it to pass.
///
/// # Contract
///
/// - `now` is the date as the machine has it: it may step, ahead and back. It is for what is
///   stored, shown or sent.
/// - `instant` never goes back and does not step: every wait inside the process is measured
///   by it.
/// - `sleep` returns once `instant` has advanced by at least `wait`; a clock for
///   tests returns as soon as the test moves it that far.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The date and time of day.
    fn now(&self) -> Timestamp;

    /// How far the process has come.
    fn instant(&self) -> Instant;

    /// Waits.
    async fn sleep(&self, wait: Duration);
}

/// An instant of a clock that does not step. It means nothing to another process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Timestamp);

impl Instant {
    /// The instant `elapsed` after the clock was first read, when it showed `start`.
    #[must_use]
    pub fn new(start: Timestamp, elapsed: Duration) -> Self {
        Self(start.after(elapsed))
    }

    /// The instant this much later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self(self.0.after(wait))
    }

    /// How long ago `earlier` was; zero when it is still to come.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        self.0.since(earlier.0)
    }

    /// The date of this instant, had the clock not stepped since it was first read.
    #[must_use]
    pub fn unstepped(self) -> Timestamp {
        self.0
    }
}
