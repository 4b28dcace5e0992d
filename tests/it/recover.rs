//! What a crash left, or the queue lost, is queued again once: a shared queue does
//! not know that it is the same job, and would keep one for every push.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::{background::recovery, config::Config, wiring};
use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Delivery, Instant, Job, Jobs, JobsError, Lease};
use sandbox::netsuite::{Fault, Operation};
use tests::{A, FakeClock, ITEMS, ORDER, Settings, TestWorld, event, pair};
use tokio_util::sync::CancellationToken;

const MINUTE: Duration = Duration::from_mins(1);
const MAX_DELAY: Duration = Duration::from_mins(15);

/// A queue that counts what is put into it, and delivers none of it.
#[derive(Default)]
struct Counting(AtomicUsize);

#[async_trait]
impl Jobs for Counting {
    async fn push(&self, _: &Job, _: Duration) -> Result<(), JobsError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    async fn receive(
        &self,
        _: usize,
        _: Duration,
        _: Duration,
    ) -> Result<Vec<Delivery>, JobsError> {
        Ok(Vec::new())
    }

    async fn extend(&self, _: &Lease, _: Duration) -> Result<(), JobsError> {
        Err(JobsError::LeaseLost)
    }

    async fn ack(&self, _: &Lease) -> Result<(), JobsError> {
        Err(JobsError::LeaseLost)
    }

    async fn defer(&self, _: &Lease, _: Duration, _: u32) -> Result<(), JobsError> {
        Err(JobsError::LeaseLost)
    }

    async fn check(&self) -> Result<(), JobsError> {
        Ok(())
    }
}

/// A clock whose sleepers never wait, until the time is up.
struct Hurried {
    clock: FakeClock,
    end: Timestamp,
    is_up: CancellationToken,
}

#[async_trait]
impl Clock for Hurried {
    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn instant(&self) -> Instant {
        self.clock.instant()
    }

    async fn sleep(&self, wait: Duration) {
        self.clock.advance(wait);
        if self.end <= self.clock.now() {
            self.is_up.cancel();
        }
    }
}

/// How often the world's one cancellation is queued by a service that starts now.
async fn pushes_within(world: &TestWorld, time: Duration) -> usize {
    let (now, draining) = (world.clock.now(), CancellationToken::new());
    let hurried =
        Hurried { clock: FakeClock::new(now), end: now.after(time), is_up: draining.clone() };
    let Config { customers, queue, journal, worker, .. } = Config::load(&world.config()).unwrap();
    let (service, _) =
        wiring::service(customers, &queue, &journal, worker, Arc::new(hurried)).await.unwrap();
    let jobs = Arc::new(Counting::default());
    let service = app::process::service::Service { jobs: jobs.clone(), draining, ..service };
    recovery::run(service, MAX_DELAY).await;
    jobs.0.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_memo_with_an_unknown_outcome_is_queued_at_start_and_not_every_minute() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.account.fault(Fault::Down.on(Operation::Add));
    let service = world.serve().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
    service.stop().await;
    assert_eq!(pushes_within(&world, MINUTE).await, 1);
    assert_eq!(pushes_within(&world, 80 * MINUTE).await, 0, "it is in the queue");
}

#[tokio::test]
async fn a_job_that_the_queue_does_not_deliver_is_queued_again_after_the_longest_delay() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.tenant.remove(ORDER);
    let service = world.serve().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "deferred");
    service.stop().await;
    // 15 minutes and 70: then it should have been tried.
    assert_eq!(pushes_within(&world, 85 * MINUTE).await, 0);
    assert_eq!(pushes_within(&world, 180 * MINUTE).await, 2);
}
