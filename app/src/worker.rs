//! The worker: takes deferred cancellations from the queue and tries them again.
//!
//! All retry policy is in [`verdict`], a pure function; whose turn it is, in
//! [`crate::turns`].

use std::{collections::BTreeMap, convert::Infallible, sync::Arc, time::Duration};

use domain::{Cancellation, Tenant};
use ports::{Delivery, Job, JobsError, Known, Opened, told};
use tokio::sync::Semaphore;

use crate::{
    config,
    credit::{Outcome, Progress, broken, deadline},
    dice::Dice,
    orders::Orders,
    service::{BUSY, Member, Runner, Service},
    turns::{Asked, Freshness, Turn, Turns},
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
/// is down costs no attempt, and neither does an order that another run works on.
pub fn verdict(
    outcome: &Outcome,
    attempts: u32,
    left: Duration,
    patience: Patience,
    dice: &Dice,
) -> Verdict {
    match outcome {
        Outcome::Posted(_)
        | Outcome::AlreadyPosted(_)
        | Outcome::Skipped(_)
        | Outcome::Parked { .. } => Verdict::Ack,
        Outcome::Busy => Verdict::Defer(BUSY, attempts),
        Outcome::Waiting { not_before, .. } => {
            let backoff = backoff(attempts, patience, dice);
            let until_deadline = if left.is_zero() { backoff } else { left };
            let delay = backoff.min(until_deadline).max(not_before.unwrap_or_default());
            Verdict::Defer(delay, attempts.saturating_add(1))
        }
        Outcome::Unavailable { not_before, .. } => {
            let delay = backoff(0, patience, dice).max(not_before.unwrap_or_default());
            Verdict::Defer(delay, attempts)
        }
    }
}

/// Doubles from the first delay to the longest, and up to a quarter more or less
/// of it within these, so that what failed together does not come back together.
fn backoff(attempts: u32, patience: Patience, dice: &Dice) -> Duration {
    let doubled = patience.first_delay.saturating_mul(2_u32.saturating_pow(attempts));
    let most = doubled.saturating_add(doubled / 4).min(patience.max_delay);
    dice.between((most / 4 * 3).max(patience.first_delay).min(most), most)
}

/// What every job's work shares.
struct Shift {
    service: Service,
    patience: Patience,
    turns: BTreeMap<Tenant, Arc<Turns>>,
    orders: Orders,
}

/// Takes jobs until the service drains.
///
/// `concurrency` jobs of each retailer run at once. The queue does not know
/// whose its jobs are, so what exceeds a retailer's turns is given back for a
/// while, and the jobs behind it are seen: others', and new ones. There are more
/// hands than jobs at hand, or nobody would look.
pub async fn run(service: Service, concurrency: usize, patience: Patience) {
    let tenants = service.customers.keys();
    let turns: BTreeMap<_, _> =
        tenants.map(|it| (it.clone(), Turns::new(it, concurrency))).collect();
    let at_hand = turns.len() * Turns::at_hand(concurrency);
    let hands = Arc::new(Semaphore::new(at_hand + concurrency));
    let shift = Arc::new(Shift { service, patience, turns, orders: Orders::default() });
    let draining = &shift.service.draining;
    while let Some(deliveries) = draining.run_until_cancelled(receive(&shift, &hands)).await {
        for delivery in deliveries {
            let hand = hands.clone().acquire_owned().await.expect("the semaphore is never closed");
            let shift_ = shift.clone();
            shift.service.running.spawn(async move {
                work(&shift_, delivery).await;
                drop(hand);
            });
        }
    }
}

/// As many jobs as there are free hands, once there is one.
async fn receive(shift: &Shift, hands: &Semaphore) -> Vec<Delivery> {
    let hand = hands.acquire().await.expect("the semaphore is never closed");
    let free = hands.available_permits() + 1;
    drop(hand);
    match shift.service.jobs.receive(free, LEASE, POLL).await {
        Ok(deliveries) => deliveries,
        Err(error) => {
            tracing::error!(error = told(&error), "The queue cannot be read");
            shift.service.desk.clock.sleep(POLL).await;
            Vec::new()
        }
    }
}

/// Works on one job and settles it, its lease kept alive meanwhile.
async fn work(shift: &Shift, delivery: Delivery) {
    let jobs = &shift.service.jobs;
    let verdict = tokio::select! {
        biased;
        verdict = judge(shift, &delivery.job) => verdict,
        never = keep_alive(&shift.service, &delivery) => match never {},
    };
    let settled = match verdict {
        Verdict::Ack => jobs.ack(&delivery.lease).await,
        Verdict::Defer(delay, attempts) => jobs.defer(&delivery.lease, delay, attempts).await,
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

/// Has the job wait for its turn, and try.
async fn judge(shift: &Shift, job: &Job) -> Verdict {
    let Shift { service, patience, turns, orders } = shift;
    let held_back = Verdict::Defer(patience.max_delay, job.attempts);
    let now = service.desk.clock.now();
    let cancellation = webhook::envelope(job.body.as_bytes()).and_then(|it| it.cancellation(now));
    let Ok(Some(cancellation)) = cancellation else {
        tracing::error!(
            cancellation.id = %job.id,
            "Job {} cannot be read; it stays in the queue",
            job.id
        );
        return held_back;
    };
    let tenant = &cancellation.tenant;
    let (Some(member), Some(turns)) = (service.customers.get(tenant), turns.get(tenant)) else {
        tracing::error!(
            cancellation.id = %job.id, %tenant,
            "No customer is configured for tenant {tenant}; its job stays in the queue"
        );
        return held_back;
    };
    // One that arrived with the signal, or was given back and came once more.
    if service.draining.is_cancelled() {
        return at_the_next_start(job);
    }
    let clock = &service.desk.clock;
    let order = orders.of(tenant, &cancellation.order);
    // The order first: a job that waits for it takes no turn from others.
    let place = match its_turn(shift, job, order.ask(Freshness::New, clock.instant())).await {
        Ok(place) => place,
        Err(verdict) => return verdict,
    };
    let freshness = if job.attempts == 0 { Freshness::New } else { Freshness::Retried };
    let turn = match its_turn(shift, job, turns.ask(freshness, clock.instant())).await {
        Ok(turn) => turn,
        Err(verdict) => return verdict,
    };
    if service.draining.is_cancelled() {
        return at_the_next_start(job);
    }
    if let Some(pause) = member.customer.ledger.pause() {
        let wait = turns.later(clock.instant(), pause, patience.max_delay);
        return Verdict::Defer(wait, job.attempts);
    }
    let began = clock.instant();
    let (outcome, left) = attempt(shift, member, job, &cancellation).await;
    // How fast a dead ERP or another run refuses is not how fast jobs are worked on.
    if outcome != Outcome::Busy && member.customer.ledger.trouble().is_none() {
        let took = clock.instant().since(began);
        turns.took(took);
        order.took(took);
    }
    drop(turn);
    drop(place);
    verdict(&outcome, job.attempts, left, *patience, &service.desk.dice)
}

/// Waits for a turn, unless there is no room or no more work is taken: what follows then.
async fn its_turn(shift: &Shift, job: &Job, asked: Asked) -> Result<Turn, Verdict> {
    match asked {
        Asked::Now(turn) => Ok(turn),
        Asked::Full(wait) => Err(Verdict::Defer(wait, job.attempts)),
        Asked::Soon(waiting) => match shift.service.draining.run_until_cancelled(waiting).await {
            Some(turn) => Ok(turn.expect("a turn is given or waited for, never withdrawn")),
            None => Err(at_the_next_start(job)),
        },
    }
}

/// Its turn did not come before the signal.
fn at_the_next_start(job: &Job) -> Verdict {
    Verdict::Defer(Duration::ZERO, job.attempts)
}

/// How an attempt ended, and how long it was then to the cancellation's deadline.
async fn attempt(
    shift: &Shift,
    member: &Member,
    job: &Job,
    cancellation: &Cancellation,
) -> (Outcome, Duration) {
    let service = &shift.service;
    let desk = &service.desk;
    let opened = match service.known(&job.id).await {
        Ok(Some(record)) if record.state.is_settled() => {
            return (Outcome::Posted(Vec::new()), Duration::ZERO);
        }
        Ok(Some(record)) => Ok(Opened {
            cancellation: record.cancellation,
            waiting_since: record.waiting_since,
            failed: record.failed,
            known: Known::Before { state: record.state, reason: record.reason },
        }),
        // The journal was lost: the queue remembers.
        Ok(None) => desk.journal.open(cancellation, desk.clock.now()).await,
        Err(error) => Err(error),
    };
    match &opened {
        Ok(opened) => {
            let outcome =
                service.attempt(member, opened, Runner::Worker, &Progress::default()).await;
            (outcome, deadline(opened, desk).since(desk.certain_now()))
        }
        Err(error) => (broken(error), Duration::ZERO),
    }
}

#[cfg(test)]
mod tests;
