//! The clock as a port: a simulation sets it, the service reads the machine's clock.

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;

/// Returns the time and waits until it has passed.
///
/// # Contract
///
/// - `now` is the machine's date: it may step forward and back. It is for values that are stored,
///   shown or sent.
/// - `instant` never goes back and never steps: every wait inside the process is measured with it.
/// - `sleep` returns once `instant` has advanced by at least `wait`; a test clock returns as soon
///   as the test has moved it that far.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The date and time of day.
    fn now(&self) -> Timestamp;

    /// The time on a clock that never steps.
    fn instant(&self) -> Instant;

    /// Waits.
    async fn sleep(&self, wait: Duration);
}

/// An instant of a clock that never steps. It has no meaning in another process.
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

    /// The date of this instant, if the clock had not stepped since it was first read.
    #[must_use]
    pub fn unstepped(self) -> Timestamp {
        self.0
    }
}
