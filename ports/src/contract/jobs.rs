//! What every implementation of the `jobs` port promises, and what only a queue promises that
//! deduplicates jobs by id.

mod clock;
mod deduplication;

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    task::Poll,
    time::Duration,
};

use async_trait::async_trait;
use domain::CancellationId;

use crate::{Backlog, Delivery, Job, Jobs, JobsError, Lease};
pub use {self::clock::*, crate::contract::jobs::deduplication::*};

const NOW: Duration = Duration::ZERO;
const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_mins(1);
const DAY: Duration = Duration::from_hours(24);

/// A queue set up for testing, whose time the test controls.
#[async_trait]
pub trait JobsSubject: Send + Sync {
    /// An empty queue.
    fn jobs(&self) -> &dyn Jobs;

    /// The same queue, to be counted.
    fn backlog(&self) -> &dyn Backlog;

    /// The shortest time that the queue can distinguish.
    fn moment(&self) -> Duration;

    /// Lets this much of the queue's time pass.
    async fn advance(&self, by: Duration);

    /// Sets the date of this machine's clock forward, while no time passes.
    fn set_ahead(&self, by: Duration);

    /// Sets the date of this machine's clock back, while no time passes.
    fn set_back(&self, by: Duration);
}

/// A queue that outlives its process.
#[async_trait]
pub trait Durable: JobsSubject {
    /// The same queue, opened again as the next process would.
    async fn reopen(&self) -> Box<dyn Jobs>;
}

/// A pushed job arrives unchanged and once.
pub async fn a_pushed_job_is_delivered(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    let job = Job { attempts: 2, body: "{\"text\":\"ünïcode\"}".to_owned(), ..job("a") };
    jobs.push(&job, NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    assert_eq!(delivery.job, job);
    assert_eq!(due(jobs).await, []);
}

/// A delay is kept, whether of seconds or of days.
pub async fn a_delayed_job_is_not_delivered_early(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for delay in [SECOND, MINUTE, 3 * DAY] {
        jobs.push(&job("a"), delay).await.unwrap();
        subject.advance(delay.saturating_sub(subject.moment())).await;
        assert_eq!(due(jobs).await, [], "just before {delay:?}");
        subject.advance(subject.moment()).await;
        let delivery = the_only(due(jobs).await);
        jobs.ack(&delivery.lease).await.unwrap();
    }
}

/// The order of two pushes does not matter: the job is due at the earlier time.
pub async fn a_job_pushed_twice_is_due_at_the_earlier_time(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for (name, first, second) in [("a", DAY, MINUTE), ("b", MINUTE, DAY)] {
        jobs.push(&job(name), first).await.unwrap();
        jobs.push(&job(name), second).await.unwrap();
        assert_eq!(due(jobs).await, [], "{first:?}, then {second:?}");
        subject.advance(MINUTE).await;
        let delivery = the_only(due(jobs).await);
        assert_eq!(delivery.job, job(name), "{first:?}, then {second:?}");
        jobs.ack(&delivery.lease).await.unwrap();
    }
}

/// `receive` leases at most `max` jobs, and the availability check leases none.
pub async fn no_more_than_max_are_leased(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for name in ["a", "b", "c"] {
        jobs.push(&job(name), NOW).await.unwrap();
    }
    jobs.check().await.unwrap();
    let first = jobs.receive(2, MINUTE, NOW).await.unwrap();
    assert_eq!(first.len(), 2);
    assert_eq!(sorted(&[first, due(jobs).await].concat()), ["a", "b", "c"]);
}

/// A leased job is not delivered to others until the lease ends, and a new delivery has a new
/// lease.
pub async fn a_job_is_delivered_again_after_its_lease(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let first = the_only(due(jobs).await);
    subject.advance(MINUTE.saturating_sub(subject.moment())).await;
    assert_eq!(due(jobs).await, []);
    subject.advance(subject.moment()).await;
    let second = the_only(due(jobs).await);
    assert_eq!(second.job, first.job);
    assert_ne!(second.lease, first.lease);
}

/// A run that takes longer than its lease keeps the job by extending it.
pub async fn an_extended_lease_lasts(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    for _ in 0..5 {
        subject.advance(MINUTE.saturating_sub(subject.moment())).await;
        jobs.extend(&delivery.lease, MINUTE).await.unwrap();
        assert_eq!(due(jobs).await, []);
    }
    subject.advance(MINUTE).await;
    assert_eq!(names(&due(jobs).await), ["a"]);
}

/// An acked job is not delivered again.
pub async fn an_acked_job_is_deleted(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    jobs.ack(&delivery.lease).await.unwrap();
    subject.advance(DAY).await;
    assert_eq!(due(jobs).await, []);
}

/// A finished job can be pushed again, and starts again.
pub async fn an_acked_job_can_be_pushed_again(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    jobs.defer(&delivery.lease, NOW, 7).await.unwrap();
    let delivery = the_only(due(jobs).await);
    jobs.ack(&delivery.lease).await.unwrap();
    jobs.push(&job("a"), NOW).await.unwrap();
    assert_eq!(the_only(due(jobs).await).job, job("a"));
}

/// A job deferred for days comes back after days, with the attempts that the worker wrote on it.
pub async fn a_deferred_job_is_delivered_later(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    for (attempts, delay) in [(1, SECOND), (1, MINUTE), (2, 3 * DAY)] {
        let delivery = the_only(due(jobs).await);
        jobs.defer(&delivery.lease, delay, attempts).await.unwrap();
        subject.advance(delay.saturating_sub(subject.moment())).await;
        assert_eq!(due(jobs).await, [], "just before {delay:?}");
        subject.advance(subject.moment()).await;
        let delivery = the_only(due(jobs).await);
        assert_eq!(delivery.job.attempts, attempts, "after {delay:?}");
        jobs.defer(&delivery.lease, NOW, attempts).await.unwrap();
    }
}

/// A worker that dies has not counted an attempt.
pub async fn deliveries_are_not_attempts(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    for _ in 0..4 {
        assert_eq!(the_only(due(jobs).await).job.attempts, 0);
        subject.advance(MINUTE).await;
    }
}

/// A worker whose lease ended cannot change the job of the next worker.
pub async fn a_lost_lease_changes_nothing(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let lost = the_only(due(jobs).await).lease;
    subject.advance(MINUTE).await;
    let held = the_only(due(jobs).await).lease;

    assert_lost(&jobs.extend(&lost, DAY).await);
    assert_lost(&jobs.defer(&lost, NOW, 9).await);
    assert_lost(&jobs.ack(&lost).await);
    assert_eq!(due(jobs).await, [], "the successor's lease still runs");
    subject.advance(MINUTE).await;
    let delivery = the_only(due(jobs).await);
    assert_eq!(delivery.job.attempts, 0);
    assert_ne!(delivery.lease, held);
}

/// A job that was acked or deferred has no lease any more.
pub async fn a_settled_lease_is_lost(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let deferred = the_only(due(jobs).await).lease;
    jobs.defer(&deferred, NOW, 1).await.unwrap();
    assert_lost(&jobs.ack(&deferred).await);

    let acked = the_only(due(jobs).await).lease;
    jobs.ack(&acked).await.unwrap();
    assert_lost(&jobs.ack(&acked).await);
    assert_lost(&jobs.extend(&Lease("never given".to_owned()), MINUTE).await);
}

/// An event that arrives while its cancellation is processed is processed as well.
pub async fn a_push_while_leased_outlives_the_ack(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for delay in [NOW, SECOND, DAY] {
        jobs.push(&job("a"), NOW).await.unwrap();
        let delivery = the_only(due(jobs).await);
        jobs.push(&job("a"), delay).await.unwrap();
        jobs.ack(&delivery.lease).await.unwrap();

        subject.advance(delay).await;
        let delivery = the_only(due(jobs).await);
        assert_eq!(delivery.job, job("a"), "pushed with {delay:?}");
        jobs.ack(&delivery.lease).await.unwrap();
        assert_eq!(due(jobs).await, [], "pushed with {delay:?}");
    }
}

/// If a job is pushed while its worker defers it, the earlier time counts.
pub async fn a_push_while_leased_shortens_a_deferral(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for (name, delay, attempts) in [("a", DAY, 2), ("b", MINUTE, 0), ("c", DAY, 0)] {
        jobs.push(&job(name), NOW).await.unwrap();
        let delivery = the_only(due(jobs).await);
        jobs.push(&job(name), NOW).await.unwrap();
        jobs.defer(&delivery.lease, delay, attempts).await.unwrap();
        assert_eq!(names(&due(jobs).await), [name], "deferred for {delay:?}");
    }
}

/// A push also makes a deferred job due earlier.
pub async fn a_push_makes_a_deferred_job_due_earlier(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    for (name, delay, attempts) in [("a", DAY, 2), ("b", MINUTE, 0), ("c", DAY, 0)] {
        jobs.push(&job(name), NOW).await.unwrap();
        let delivery = the_only(due(jobs).await);
        jobs.defer(&delivery.lease, delay, attempts).await.unwrap();
        assert_eq!(due(jobs).await, [], "deferred for {delay:?}");
        jobs.push(&job(name), NOW).await.unwrap();
        assert_eq!(names(&due(jobs).await), [name], "deferred for {delay:?}");
    }
}

/// A waiting worker gets a job as soon as it is pushed.
pub async fn receive_waits_for_a_push(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    let mut waiting = jobs.receive(10, MINUTE, DAY);
    starts(waiting.as_mut()).await;
    jobs.push(&job("a"), NOW).await.unwrap();
    assert_eq!(names(&waiting.await.unwrap()), ["a"]);
}

/// A waiting worker gets a deferred job.
pub async fn receive_waits_for_a_deferral(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    let mut waiting = jobs.receive(10, MINUTE, DAY);
    starts(waiting.as_mut()).await;
    jobs.defer(&delivery.lease, NOW, 1).await.unwrap();
    assert_eq!(names(&waiting.await.unwrap()), ["a"]);
}

/// A waiting worker gets a job when it is due, and when another worker's lease ends.
pub async fn receive_wakes_when_a_job_falls_due(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), 5 * SECOND).await.unwrap();
    for wait in [5 * SECOND, MINUTE] {
        let mut waiting = jobs.receive(10, MINUTE, DAY);
        starts(waiting.as_mut()).await;
        subject.advance(wait).await;
        assert_eq!(names(&waiting.await.unwrap()), ["a"], "after {wait:?}");
    }
}

/// A wait without a job ends.
pub async fn receive_returns_empty_after_its_wait(subject: &dyn JobsSubject) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), DAY).await.unwrap();
    let mut waiting = jobs.receive(10, MINUTE, 2 * SECOND);
    starts(waiting.as_mut()).await;
    subject.advance(2 * SECOND).await;
    assert_eq!(waiting.await.unwrap(), []);
}

/// Waiting jobs and leased jobs are counted separately.
pub async fn the_backlog_counts_waiting_and_leased_jobs_separately(subject: &dyn JobsSubject) {
    let (jobs, backlog) = (subject.jobs(), subject.backlog());
    let counts = async || {
        let depth = backlog.depth().await.unwrap();
        (depth.waiting, depth.leased)
    };
    assert_eq!(counts().await, (0, 0));
    jobs.push(&job("a"), NOW).await.unwrap();
    let delivery = the_only(due(jobs).await);
    jobs.push(&job("b"), MINUTE).await.unwrap();
    assert_eq!(counts().await, (1, 1));
    jobs.push(&job("c"), NOW).await.unwrap();
    jobs.ack(&delivery.lease).await.unwrap();
    assert_eq!(counts().await, (2, 0));
}

/// After a restart everything that the queue confirmed is there: jobs, times, attempts, leases.
pub async fn a_queue_survives_its_process(subject: &dyn Durable) {
    let jobs = subject.jobs();
    jobs.push(&job("a"), NOW).await.unwrap();
    let deferred = the_only(due(jobs).await);
    jobs.defer(&deferred.lease, MINUTE, 4).await.unwrap();
    jobs.push(&job("b"), NOW).await.unwrap();
    the_only(due(jobs).await);
    jobs.push(&job("c"), NOW).await.unwrap();

    let jobs = subject.reopen().await;
    assert_eq!(names(&due(&*jobs).await), ["c"]);
    subject.advance(MINUTE).await;
    let deliveries = due(&*jobs).await;
    assert_eq!(sorted(&deliveries), ["a", "b", "c"]);
    let deferred = deliveries.iter().find(|delivery| delivery.job.id == job("a").id).unwrap();
    assert_eq!(deferred.job.attempts, 4);
}

/// Two processes never hold the same job.
pub async fn a_queue_is_shared_by_processes(subject: &dyn Durable) {
    let (one, other) = (subject.jobs(), subject.reopen().await);
    for name in ["a", "b", "c", "d"] {
        one.push(&job(name), NOW).await.unwrap();
    }
    let first = other.receive(2, MINUTE, NOW).await.unwrap();
    let second = one.receive(2, MINUTE, NOW).await.unwrap();
    assert_eq!((first.len(), second.len()), (2, 2));
    assert_eq!(sorted(&[first, second].concat()), ["a", "b", "c", "d"]);
    assert_eq!(due(&*other).await, []);

    let mut waiting = one.receive(2, MINUTE, DAY);
    starts(waiting.as_mut()).await;
    other.push(&job("e"), NOW).await.unwrap();
    subject.advance(SECOND).await;
    assert_eq!(names(&waiting.await.unwrap()), ["e"]);
}

/// A job with its own order, because a queue may keep the jobs of one order in sequence.
fn job(name: &str) -> Job {
    Job {
        id: name.parse::<CancellationId>().unwrap(),
        order: format!("9f4e8ffc-c79c-5839-b1b7-{:0>12x}", name.as_bytes()[0]).parse().unwrap(),
        attempts: 0,
        body: format!("body of {name}"),
    }
}

async fn due(jobs: &dyn Jobs) -> Vec<Delivery> {
    jobs.receive(10, MINUTE, NOW).await.unwrap()
}

fn names(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|delivery| delivery.job.id.as_str()).collect()
}

/// For queues that keep no order.
fn sorted(deliveries: &[Delivery]) -> Vec<&str> {
    let mut names = names(deliveries);
    names.sort_unstable();
    names
}

#[track_caller]
fn the_only(deliveries: Vec<Delivery>) -> Delivery {
    let [delivery] = <[_; 1]>::try_from(deliveries).expect("exactly one delivery");
    delivery
}

#[track_caller]
fn assert_lost(result: &Result<(), JobsError>) {
    assert!(matches!(result, Err(JobsError::LeaseLost)), "{result:?}");
}

/// Polls a call until it waits, without a runtime to spawn it on.
async fn starts<T>(mut call: Pin<&mut (dyn Future<Output = T> + Send)>) {
    poll_fn(|context| {
        assert!(call.as_mut().poll(context).is_pending(), "the call returns instead of waiting");
        Poll::Ready(())
    })
    .await;
}
