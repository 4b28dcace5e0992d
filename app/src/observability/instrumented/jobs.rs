//! Operations of the queue; failed ones are counted.

use std::time::Duration;

use async_trait::async_trait;
use ports::{Delivery, Job, Jobs, JobsError, Lease};
use tracing::{Instrument, field::Empty};

use super::{InstrumentedStore, failed, store_failed};

#[async_trait]
impl Jobs for InstrumentedStore<dyn Jobs> {
    async fn push(&self, job: &Job, delay: Duration) -> Result<(), JobsError> {
        let span = tracing::info_span!("queue.push", otel.status_code = Empty);
        let result = self.0.push(job, delay).instrument(span.clone()).await;
        if result.is_err() {
            failed(&span);
        }
        count("push", result)
    }

    async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, JobsError> {
        count("receive", self.0.receive(max, lease, wait).await)
    }

    async fn extend(&self, held: &Lease, lease: Duration) -> Result<(), JobsError> {
        count("extend", self.0.extend(held, lease).await)
    }

    async fn ack(&self, held: &Lease) -> Result<(), JobsError> {
        count("ack", self.0.ack(held).await)
    }

    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError> {
        count("defer", self.0.defer(held, delay, attempts).await)
    }

    async fn check(&self) -> Result<(), JobsError> {
        count("check", self.0.check().await)
    }
}

/// Counts a failure. Only `push` is part of an attempt, and so of a trace.
fn count<T>(operation: &'static str, result: Result<T, JobsError>) -> Result<T, JobsError> {
    if let Err(JobsError::Unavailable(_)) = result {
        store_failed("queue", operation);
    }
    result
}
