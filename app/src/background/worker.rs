//! The worker: takes deferred cancellations from the queue and retries them.
//!
//! The retry policy is in [`verdict`], a pure function; fair scheduling is in
//! [`crate::background::scheduler`].

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use domain::{Cancellation, Tenant};
use ports::{Delivery, Job, JobsError, Known, Received, error_chain};
use tokio::sync::Semaphore;

use crate::{
    background::{
        order_queue::Orders,
        scheduler::{Admission, FairScheduler, JobAge, Permit},
    },
    config,
    process::{
        credit::{AttemptProgress, store_unavailable},
        job_codec,
        outcome::Outcome,
        service::{AttemptOwner, BUSY, CustomerEntry, Service},
    },
    random::Random,
};

/// How long the job of a crashed process stays leased.
const LEASE: Duration = Duration::from_secs(15);
/// How often a running job's lease is prolonged.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long one call waits for jobs.
const POLL: Duration = Duration::from_secs(5);

/// How to settle one delivery of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum JobVerdict {
    /// Done: delete the job.
    Ack,
    /// Deliver again after this delay, with this number of attempts.
    Defer(Duration, u32),
}

/// The limits of the wait between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BackoffLimits {
    /// The wait after the first attempt.
    pub first_delay: Duration,
    /// The longest wait.
    pub max_delay: Duration,
}

impl From<config::Worker> for BackoffLimits {
    fn from(worker: config::Worker) -> Self {
        Self { first_delay: worker.first_delay, max_delay: worker.max_delay }
    }
}

/// Decides what to do with a job after an attempt. `left` is the time to the cancellation's
/// deadline: no wait goes beyond it, so that the decision at the deadline happens in time. A system
/// that is down costs no attempt, and neither does an order that another run works on.
pub fn verdict(
    outcome: &Outcome,
    attempts: u32,
    left: Duration,
    limits: BackoffLimits,
    random: &Random,
) -> JobVerdict {
    match outcome {
        Outcome::Posted(_)
        | Outcome::AlreadyPosted(_)
        | Outcome::Skipped(_)
        | Outcome::Parked { .. } => JobVerdict::Ack,
        Outcome::Busy => JobVerdict::Defer(BUSY, attempts),
        Outcome::Waiting { not_before, .. } => {
            let backoff = backoff(attempts, limits, random);
            let until_deadline = if left.is_zero() { backoff } else { left };
            let delay = backoff.min(until_deadline).max(not_before.unwrap_or_default());
            JobVerdict::Defer(delay, attempts.saturating_add(1))
        }
        Outcome::Unavailable { not_before, .. } => {
            let delay = backoff(0, limits, random).max(not_before.unwrap_or_default());
            JobVerdict::Defer(delay, attempts)
        }
    }
}

/// Doubles from the first delay to the longest, with up to a quarter more or less within these
/// limits, so that jobs that failed together do not return together.
fn backoff(attempts: u32, limits: BackoffLimits, random: &Random) -> Duration {
    let doubled = limits.first_delay.saturating_mul(2_u32.saturating_pow(attempts));
    let most = doubled.saturating_add(doubled / 4).min(limits.max_delay);
    random.between((most / 4 * 3).max(limits.first_delay).min(most), most)
}

/// The state that all jobs of the worker share.
struct WorkerState {
    service: Service,
    limits: BackoffLimits,
    schedulers: BTreeMap<Tenant, Arc<FairScheduler>>,
    orders: Orders,
}

/// Takes jobs until the service drains.
///
/// `concurrency` jobs of each customer run at once. The queue does not know which customer a job
/// belongs to, so jobs beyond a customer's share are deferred for a while, and the jobs behind them
/// are received. There are more slots than jobs that can run or wait, so the loop keeps a free slot
/// and can always receive.
pub async fn run(service: Service, concurrency: usize, limits: BackoffLimits) {
    let tenants = service.customers.keys();
    let schedulers: BTreeMap<_, _> =
        tenants.map(|it| (it.clone(), FairScheduler::new(it, concurrency))).collect();
    let at_hand = schedulers.len() * FairScheduler::capacity(concurrency);
    let slots = Arc::new(Semaphore::new(at_hand + concurrency));
    let state = Arc::new(WorkerState { service, limits, schedulers, orders: Orders::default() });
    let draining = &state.service.draining;
    while let Some(deliveries) = draining.run_until_cancelled(receive(&state, &slots)).await {
        for delivery in deliveries {
            let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
            let state_ = state.clone();
            state.service.running.spawn(async move {
                work(&state_, delivery).await;
                drop(slot);
            });
        }
    }
}

/// Receives as many jobs as there are free slots, once there is one.
async fn receive(state: &WorkerState, slots: &Semaphore) -> Vec<Delivery> {
    let slot = slots.acquire().await.expect("the semaphore is never closed");
    let free = slots.available_permits() + 1;
    drop(slot);
    match state.service.jobs.receive(free, LEASE, POLL).await {
        Ok(deliveries) => deliveries,
        Err(error) => {
            tracing::error!(error = error_chain(&error), "Failed to receive jobs from the queue");
            state.service.context.clock.sleep(POLL).await;
            Vec::new()
        }
    }
}

/// Processes one job and settles it; its lease is kept alive meanwhile.
async fn work(state: &WorkerState, delivery: Delivery) {
    let jobs = &state.service.jobs;
    let verdict = tokio::select! {
        biased;
        verdict = process(state, &delivery.job) => verdict,
        never = keep_alive(&state.service, &delivery) => match never {},
    };
    let settled = match verdict {
        JobVerdict::Ack => jobs.ack(&delivery.lease).await,
        JobVerdict::Defer(delay, attempts) => jobs.defer(&delivery.lease, delay, attempts).await,
    };
    match settled {
        Ok(()) | Err(JobsError::LeaseLost) => {}
        Err(error) => {
            let (id, error) = (&delivery.job.id, error_chain(&error));
            tracing::error!(
                cancellation.id = %id, error,
                "Failed to settle job {id}; it will be delivered again"
            );
        }
    }
}

/// Prolongs the job's lease for as long as it is polled.
async fn keep_alive(service: &Service, delivery: &Delivery) -> Infallible {
    loop {
        service.context.clock.sleep(HEARTBEAT).await;
        if let Err(error) = service.jobs.extend(&delivery.lease, LEASE).await {
            let (id, error) = (&delivery.job.id, error_chain(&error));
            tracing::warn!(cancellation.id = %id, error, "Failed to extend the lease of job {id}");
        }
    }
}

/// Waits for the job's permit and runs an attempt.
async fn process(state: &WorkerState, job: &Job) -> JobVerdict {
    let WorkerState { service, limits, schedulers, orders } = state;
    let held_back = JobVerdict::Defer(limits.max_delay, job.attempts);
    let cancellation = match job_codec::decode(&job.body) {
        Ok(cancellation) => cancellation,
        Err(error) => {
            let (id, error) = (&job.id, error_chain(&error));
            tracing::error!(
                cancellation.id = %id, error,
                "Failed to decode job {id}; it stays in the queue"
            );
            return held_back;
        }
    };
    let tenant = &cancellation.tenant;
    let (Some(entry), Some(schedulers)) = (service.customers.get(tenant), schedulers.get(tenant))
    else {
        tracing::error!(
            cancellation.id = %job.id, %tenant,
            "No customer is configured for tenant {tenant}; its job stays in the queue"
        );
        return held_back;
    };
    // A job that arrived during the shutdown, or that was returned and delivered again.
    if service.draining.is_cancelled() {
        return at_the_next_start(job);
    }
    let clock = &service.context.clock;
    let order = orders.of(tenant, &cancellation.order);
    // The order comes first, so that a job that waits for its order takes no permit from others.
    let place = match acquire_permit(state, job, order.request(JobAge::New, clock.instant())).await
    {
        Ok(place) => place,
        Err(verdict) => return verdict,
    };
    let age = if job.attempts == 0 { JobAge::New } else { JobAge::Retried };
    let permit = match acquire_permit(state, job, schedulers.request(age, clock.instant())).await {
        Ok(permit) => permit,
        Err(verdict) => return verdict,
    };
    if service.draining.is_cancelled() {
        return at_the_next_start(job);
    }
    if let Some(pause) = entry.customer.ledger.pause() {
        let wait = schedulers.later(clock.instant(), pause, limits.max_delay);
        return JobVerdict::Defer(wait, job.attempts);
    }
    let began = clock.instant();
    let (outcome, left) = attempt(state, entry, job, &cancellation).await;
    // A quick refusal by an open circuit breaker or a busy order says nothing about the duration of
    // attempts.
    if outcome != Outcome::Busy && entry.customer.ledger.cause().is_none() {
        let took = clock.instant().since(began);
        schedulers.took(took);
        order.took(took);
    }
    drop(permit);
    drop(place);
    verdict(&outcome, job.attempts, left, *limits, &service.context.random)
}

/// Waits for a permit; the verdict where there is no room or the service drains.
async fn acquire_permit(
    state: &WorkerState,
    job: &Job,
    asked: Admission,
) -> Result<Permit, JobVerdict> {
    match asked {
        Admission::Now(permit) => Ok(permit),
        Admission::Full(wait) => Err(JobVerdict::Defer(wait, job.attempts)),
        Admission::Soon(waiting) => match state.service.draining.run_until_cancelled(waiting).await
        {
            Some(permit) => Ok(permit.expect("a permit is granted or awaited, never withdrawn")),
            None => Err(at_the_next_start(job)),
        },
    }
}

/// The verdict when the service drains before the job gets a permit.
fn at_the_next_start(job: &Job) -> JobVerdict {
    JobVerdict::Defer(Duration::ZERO, job.attempts)
}

/// The outcome of an attempt, and the time that was then left to the cancellation's deadline.
async fn attempt(
    state: &WorkerState,
    entry: &CustomerEntry,
    job: &Job,
    cancellation: &Cancellation,
) -> (Outcome, Duration) {
    let service = &state.service;
    let context = &service.context;
    let opened = match service.known(&job.id).await {
        Ok(Some(record)) if record.state.is_settled() => {
            return (Outcome::Posted(Vec::new()), Duration::ZERO);
        }
        Ok(Some(record)) => Ok(Received {
            cancellation: record.cancellation,
            waiting_since: record.waiting_since,
            failed: record.failed,
            known: Known::SeenBefore { state: record.state, reason: record.reason },
        }),
        // The journal was lost, but the queue still has the cancellation.
        Ok(None) => context.journal.open(cancellation, context.clock.now()).await,
        Err(error) => Err(error),
    };
    match &opened {
        Ok(opened) => {
            let outcome = service
                .attempt(entry, opened, AttemptOwner::Worker, &AttemptProgress::default())
                .await;
            (outcome, context.time_left(opened))
        }
        Err(error) => (store_unavailable(error), Duration::ZERO),
    }
}

#[cfg(test)]
mod tests;
