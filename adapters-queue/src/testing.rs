//! Shared test data of all queues: a job, and a clock that stands still.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Instant, Job};

pub(crate) const NOW: Duration = Duration::ZERO;
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// A clock that stands still until it is moved.
pub(crate) struct StoppedClock(Mutex<Times>);

struct Times {
    now: Timestamp,
    instant: Instant,
}

impl StoppedClock {
    pub(crate) fn advance(&self, by: Duration) {
        let mut times = self.0.lock().unwrap();
        times.now = times.now.after(by);
        times.instant = times.instant.after(by);
    }
}

impl Default for StoppedClock {
    fn default() -> Self {
        let now = Timestamp::from_millis(1_790_000_000_000);
        Self(Mutex::new(Times { now, instant: Instant::new(now, Duration::ZERO) }))
    }
}

#[async_trait]
impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap().now
    }

    fn instant(&self) -> Instant {
        self.0.lock().unwrap().instant
    }

    async fn sleep(&self, _: Duration) {
        std::future::pending::<()>().await;
    }
}

pub(crate) fn job(name: &str) -> Job {
    Job {
        id: name.parse().unwrap(),
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        attempts: 0,
        body: format!("{{\"job\":\"{name}\"}}"),
    }
}
