//! A clock that stands still until a test moves it.

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Instant};
use tokio::sync::watch;

/// How far time is moved at once where it passes, and how long everybody then has for himself.
pub(crate) const STEP: Duration = Duration::from_millis(500);
const BREATH: Duration = Duration::from_millis(5);

/// Time in the test's hands: whoever sleeps on it wakes when it is moved far enough.
#[derive(Debug)]
pub struct FakeClock {
    times: watch::Sender<Times>,
}

#[derive(Debug)]
struct Times {
    now: Timestamp,
    instant: Instant,
}

impl FakeClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: Timestamp) -> Self {
        let instant = Instant::new(start, Duration::ZERO);
        Self { times: watch::Sender::new(Times { now: start, instant }) }
    }

    /// Lets this much time pass at once.
    pub fn advance(&self, by: Duration) {
        self.times.send_modify(|times| {
            times.now = times.now.after(by);
            times.instant = times.instant.after(by);
        });
    }

    /// Sets the date ahead, while no time passes.
    pub fn set_ahead(&self, by: Duration) {
        self.times.send_modify(|times| times.now = times.now.after(by));
    }

    /// Sets the date back, while no time passes.
    pub fn set_back(&self, by: Duration) {
        self.times.send_modify(|times| times.now = times.now.before(by));
    }

    /// Gives everybody a moment of the machine's time, and moves on.
    pub(crate) async fn pass(&self, by: Duration) {
        tokio::time::sleep(BREATH).await;
        self.advance(by);
    }
}

impl Default for FakeClock {
    /// An instant of 2026, as good as any.
    fn default() -> Self {
        Self::new(Timestamp::from_millis(1_790_000_000_000))
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        self.times.borrow().now
    }

    fn instant(&self) -> Instant {
        self.times.borrow().instant
    }

    async fn sleep(&self, wait: Duration) {
        let until = self.instant().after(wait);
        let mut moved = self.times.subscribe();
        moved
            .wait_for(|times| until <= times.instant)
            .await
            .expect("the clock outlives its sleepers");
    }
}
