//! What the tests of all queues need: a job, and a clock that stands still.

use std::{sync::Mutex, time::Duration};

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Job};

pub(crate) const NOW: Duration = Duration::ZERO;
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

/// Stands still until it is moved, and nobody waits for it.
pub(crate) struct StoppedClock(Mutex<Timestamp>);

impl StoppedClock {
    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.after(by);
    }
}

impl Default for StoppedClock {
    fn default() -> Self {
        Self(Mutex::new(Timestamp::from_millis(1_790_000_000_000)))
    }
}

#[async_trait]
impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
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
