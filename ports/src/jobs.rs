//! The queue of cancellations that are to be processed again.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use domain::{CancellationId, OrderId};

/// A durable queue: at least once, leased.
///
/// # Contract
///
/// Every queue:
///
/// - What `push` returned for survives kill -9.
/// - `receive` leases due jobs; what is leased is not delivered again before its
///   lease ends, and is delivered again after it.
/// - `extend` keeps a running job's lease alive; `ack` forgets the job; `defer`
///   gives it back until later, for days if need be, and not early.
/// - `extend`, `ack` and `defer` with a lease that has ended, and was given to
///   somebody else, are [`JobsError::LeaseLost`] and change nothing. A push that
///   came while the job was leased is not lost by `ack`.
/// - A job pushed again while it is in the queue is due at the earlier of both
///   times.
/// - `Delivery::attempts` counts how often a runner asked for a deferral with
///   [`Job::attempts`] raised; deliveries are not attempts.
///
/// A queue that knows its jobs by their ids, as one machine's does, keeps more;
/// another may deliver a job once for each time it was pushed:
///
/// - A job pushed again while it is in the queue stays one job, with the attempts
///   it has, and is not delivered while it is leased.
/// - The longest due comes first.
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

    /// Forgets a job that is done.
    async fn ack(&self, held: &Lease) -> Result<(), JobsError>;

    /// Gives a job back, to be delivered after `delay` with this many attempts on it.
    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError>;

    /// Says whether the queue can be used, for readiness; changes nothing.
    async fn check(&self) -> Result<(), JobsError>;
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The cancellation to look at.
    pub id: CancellationId,
    /// Its order; jobs of one order may be kept in order.
    pub order: OrderId,
    /// Attempts so far: 0 for a new job.
    pub attempts: u32,
    /// What the runner needs to know, opaque to the queue.
    pub body: String,
}

/// A job under a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The job, with the attempts that were last written on it.
    pub job: Job,
    /// Proves that the caller holds the lease.
    pub lease: Lease,
}

/// A queue's receipt for one delivery; opaque.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lease(pub String);

/// Why the queue did not do it.
#[derive(Debug, thiserror::Error)]
pub enum JobsError {
    /// The lease has ended: another caller has the job, or it is gone.
    #[error("the job's lease is lost")]
    LeaseLost,
    /// It cannot store or read; nothing may be answered as done.
    #[error("queue is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
