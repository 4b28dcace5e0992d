//! Shared test data of all queues.

use std::time::Duration;

use ports::Job;

pub(crate) const NOW: Duration = Duration::ZERO;
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_mins(1);

pub(crate) fn job(name: &str) -> Job {
    Job {
        id: name.parse().unwrap(),
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        attempts: 0,
        body: format!("{{\"job\":\"{name}\"}}"),
    }
}
