//! The worker: takes deferred cancellations from the queue and tries them again.
//!
//! All retry policy is in [`verdict`], a pure function.

use std::{
    convert::Infallible,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ports::{Delivery, JobsError, Known, Opened, told};
use tokio::sync::Semaphore;

use crate::{
    config,
    credit::{Outcome, Progress, broken, deadline},
    service::{Runner, Service},
    wiring::webhook,
};

/// How long the job of a runner that died is kept from others.
const LEASE: Duration = Duration::from_secs(15);
/// How often a running job's lease is prolonged.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How long one call waits for jobs.
const POLL: Duration = Duration::from_secs(5);

/// How to settle one delivery of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Verdict {
    /// Done: forget the job.
    Ack,
    /// Again after this delay, with this many attempts on it.
    Defer(Duration, u32),
}

/// How long to wait between attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// After the first attempt.
    pub first_delay: Duration,
    /// At most.
    pub max_delay: Duration,
}

impl From<config::Worker> for Patience {
    fn from(worker: config::Worker) -> Self {
        Self { first_delay: worker.first_delay, max_delay: worker.max_delay }
    }
}

/// What follows for the job. `left` is the time to the cancellation's deadline:
/// no wait goes beyond it, so that what is due then happens then. A system that
/// is down costs no attempt.
pub fn verdict(outcome: &Outcome, attempts: u32, left: Duration, patience: Patience) -> Verdict {
    let backoff = backoff(attempts, patience);
    match outcome {
        Outcome::Posted(_)
        | Outcome::AlreadyPosted(_)
        | Outcome::Skipped(_)
        | Outcome::Parked { .. } => Verdict::Ack,
        Outcome::Waiting { not_before, .. } => {
            let until_deadline = if left.is_zero() { backoff } else { left };
            let delay = backoff.min(until_deadline).max(not_before.unwrap_or_default());
            Verdict::Defer(delay, attempts.saturating_add(1))
        }
        Outcome::Unavailable { not_before, .. } => {
            Verdict::Defer(patience.first_delay.max(not_before.unwrap_or_default()), attempts)
        }
    }
}

/// Doubles from the first delay to the longest.
fn backoff(attempts: u32, patience: Patience) -> Duration {
    let factor = 1u32.checked_shl(attempts).unwrap_or(u32::MAX);
    patience.first_delay.saturating_mul(factor).min(patience.max_delay)
}

/// Takes jobs until the service drains.
pub async fn run(service: Service, concurrency: usize, patience: Patience) {
    let slots = Arc::new(Semaphore::new(concurrency));
    while !service.draining.load(Ordering::Relaxed) {
        let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
        let free = slots.available_permits() + 1;
        drop(slot);
        let deliveries = match service.jobs.receive(free, LEASE, POLL).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                tracing::error!(error = told(&error), "The queue cannot be read");
                service.desk.clock.sleep(POLL).await;
                continue;
            }
        };
        for delivery in deliveries {
            let slot = slots.clone().acquire_owned().await.expect("the semaphore is never closed");
            let service_ = service.clone();
            service.running.spawn(async move {
                work(&service_, delivery, patience).await;
                drop(slot);
            });
        }
    }
}

/// Works on one job and settles it, its lease kept alive meanwhile.
async fn work(service: &Service, delivery: Delivery, patience: Patience) {
    let verdict = tokio::select! {
        verdict = judge(service, &delivery, patience) => verdict,
        never = keep_alive(service, &delivery) => match never {},
    };
    let settled = match verdict {
        Verdict::Ack => service.jobs.ack(&delivery.lease).await,
        Verdict::Defer(delay, attempts) => {
            service.jobs.defer(&delivery.lease, delay, attempts).await
        }
    };
    match settled {
        Ok(()) | Err(JobsError::LeaseLost) => {}
        Err(error) => {
            let (id, error) = (&delivery.job.id, told(&error));
            tracing::error!(
                cancellation.id = %id, error,
                "Job {id} could not be settled; it will be delivered again"
            );
        }
    }
}

/// Prolongs the job's lease for as long as it is polled.
async fn keep_alive(service: &Service, delivery: &Delivery) -> Infallible {
    loop {
        service.desk.clock.sleep(HEARTBEAT).await;
        if let Err(error) = service.jobs.extend(&delivery.lease, LEASE).await {
            let (id, error) = (&delivery.job.id, told(&error));
            tracing::warn!(cancellation.id = %id, error, "The lease of job {id} is not prolonged");
        }
    }
}

async fn judge(service: &Service, delivery: &Delivery, patience: Patience) -> Verdict {
    let job = &delivery.job;
    if service.draining.load(Ordering::Relaxed) {
        // It came after the signal: the next start has it at once.
        return Verdict::Defer(Duration::ZERO, job.attempts);
    }
    let held_back = Verdict::Defer(patience.max_delay, job.attempts);
    let cancellation = webhook::envelope(job.body.as_bytes()).and_then(|it| it.cancellation());
    let Ok(Some(cancellation)) = cancellation else {
        tracing::error!(
            cancellation.id = %job.id,
            "Job {} cannot be read; it stays in the queue",
            job.id
        );
        return held_back;
    };
    let Some(member) = service.customers.get(&cancellation.tenant) else {
        tracing::error!(
            cancellation.id = %job.id, tenant = %cancellation.tenant,
            "No customer is configured for tenant {}; its job stays in the queue", cancellation.tenant
        );
        return held_back;
    };
    if let Some(pause) = member.customer.ledger.pause() {
        return Verdict::Defer(pause, job.attempts);
    }
    let opened = match service.known(&job.id).await {
        Ok(Some(record)) if record.state.is_settled() => return Verdict::Ack,
        Ok(Some(record)) => Ok(Opened {
            cancellation: record.cancellation,
            waiting_since: record.waiting_since,
            known: Known::Before { state: record.state, reason: record.reason },
        }),
        // The journal was lost: the queue remembers.
        Ok(None) => service.desk.journal.open(&cancellation, service.desk.clock.now()).await,
        Err(error) => Err(error),
    };
    let (outcome, left) = match &opened {
        Ok(opened) => {
            let outcome =
                service.attempt(member, opened, Runner::Worker, &Progress::default()).await;
            (outcome, deadline(opened, &service.desk).since(service.desk.clock.now()))
        }
        Err(error) => (broken(error), Duration::ZERO),
    };
    verdict(&outcome, job.attempts, left, patience)
}

#[cfg(test)]
mod tests;
