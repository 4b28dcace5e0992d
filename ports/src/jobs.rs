//! The queue of cancellations that are to be processed again.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use domain::{CancellationId, OrderId};

/// A durable queue with leases; it delivers each job at least once.
///
/// # Contract
///
/// Every queue:
///
/// - A job survives kill -9 once `push` has returned.
/// - `receive` leases due jobs. A leased job is not delivered again before its lease ends, and is
///   delivered again after it.
/// - `extend` prolongs the lease of a running job; `ack` deletes the job; `defer` returns it to the
///   queue for later, possibly days later, and not early.
/// - `extend`, `ack` and `defer` with a lease that has ended, and whose job was leased again, are
///   [`JobsError::LeaseLost`] and change nothing. `ack` does not lose a push that came while the
///   job was leased.
/// - A job pushed again while it is in the queue is due at the earlier of both
///   times.
/// - `Delivery::attempts` counts the deferrals for which the worker raised [`Job::attempts`];
///   deliveries are not attempts.
///
/// A queue that deduplicates by id, such as the embedded one, promises more; another queue may
/// deliver a job once for each push:
///
/// - A job pushed again while it is in the queue stays one job, with the attempts
///   it has, and is not delivered while it is leased.
/// - The job that has been due longest is delivered first.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Stores a job durably, to be delivered after `delay`.
    async fn push(&self, job: &Job, delay: Duration) -> Result<(), JobsError>;

    /// Leases up to `max` due jobs for `lease` each; waits up to `wait` for the first.
    async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, JobsError>;

    /// Keeps a job leased for `lease` from now.
    async fn extend(&self, held: &Lease, lease: Duration) -> Result<(), JobsError>;

    /// Deletes a finished job.
    async fn ack(&self, held: &Lease) -> Result<(), JobsError>;

    /// Returns a job to the queue, to be delivered after `delay` with this number of attempts.
    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError>;

    /// Checks whether the queue can be used, for the readiness probe; changes nothing.
    async fn check(&self) -> Result<(), JobsError>;
}

/// A job of the queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The cancellation to process.
    pub id: CancellationId,
    /// Its order; jobs of one order may be kept in order.
    pub order: OrderId,
    /// Attempts so far: 0 for a new job.
    pub attempts: u32,
    /// The data for the worker, opaque to the queue.
    pub body: String,
}

/// A job under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The job, with the attempts that were last stored.
    pub job: Job,
    /// Proves that the caller holds the lease.
    pub lease: Lease,
}

/// A queue's opaque receipt for one delivery.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease(pub String);

/// Why a call of the queue failed.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// The lease has ended: another worker has the job, or the job was deleted.
    #[error("the job's lease is lost")]
    LeaseLost,
    /// The queue cannot read or write; the caller must not report success.
    #[error("queue is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
