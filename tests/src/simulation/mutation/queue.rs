//! Bugs in front of the queue.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use ports::{Delivery, Job, Jobs, JobsError, Lease};

use super::Mutation;

pub(super) struct MutatedJobs {
    pub(super) mutation: Mutation,
    pub(super) inner: Arc<dyn Jobs>,
}

#[async_trait]
impl Jobs for MutatedJobs {
    async fn push(&self, job: &Job, delay: Duration) -> Result<(), JobsError> {
        match self.mutation {
            Mutation::PushesNothing => Ok(()),
            _ => self.inner.push(job, delay).await,
        }
    }

    async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, JobsError> {
        self.inner.receive(max, lease, wait).await
    }

    async fn extend(&self, held: &Lease, lease: Duration) -> Result<(), JobsError> {
        match self.mutation {
            Mutation::NoHeartbeat => Ok(()),
            _ => self.inner.extend(held, lease).await,
        }
    }

    async fn ack(&self, held: &Lease) -> Result<(), JobsError> {
        self.inner.ack(held).await
    }

    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError> {
        match self.mutation {
            Mutation::AcksDeferred => self.inner.ack(held).await,
            _ => self.inner.defer(held, delay, attempts).await,
        }
    }

    async fn check(&self) -> Result<(), JobsError> {
        self.inner.check().await
    }
}
