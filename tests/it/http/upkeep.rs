//! Health, metrics, and how the service ends.

use std::time::Duration;

use ports::CancellationState;
use sandbox::{
    netsuite::{Operation, Point},
    sale::{Billing, Sale},
};
use tests::{A, B, ITEMS, Settings, TestWorld, event, pair};

#[tokio::test]
async fn readiness_does_not_depend_on_other_systems() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    world.account.refuse_connections().await;
    world.tenant.refuse_connections().await;
    assert_eq!(service.get("/health/live").await.0, 200);
    assert_eq!(service.get("/health/ready").await.0, 200);
}

#[tokio::test]
async fn metrics_count_outcomes_and_deliveries() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    let (status, text) = service.get("/metrics").await;
    assert_eq!(status, 200);
    let counted = |name: &str, labels: [&str; 2]| {
        text.lines().any(|it| it.starts_with(name) && labels.iter().all(|label| it.contains(label)))
    };
    let posted = ["tenant=\"dodici\"", "outcome=\"posted\""];
    assert!(counted("memobridge_outcomes_total", posted), "{text}");
    assert!(counted("memobridge_deliveries_total", ["status=\"200\"", ""]), "{text}");
    assert!(counted("memobridge_attempt_duration_seconds", posted.map(|_| "dodici")), "{text}");
}

#[tokio::test]
async fn during_shutdown_work_is_finished_and_events_are_rejected() {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let mut service = world.serve().await;
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let first = service.post_beside(&event(&sale, ITEMS, &[A]));
    hold.reached().await;
    let stopping = service.begin_stopping();
    let turned_away = async {
        loop {
            let answer = service.get("/health/ready").await;
            if answer.0 == 503 {
                return answer.1;
            }
        }
    };
    assert_eq!(turned_away.await, "shutting down\n");
    service.post(&event(&sale, ITEMS, &[B])).await.is(503, "unavailable");
    assert_eq!(service.get("/health/live").await.0, 200);
    hold.release();
    first.await.unwrap().is(200, "posted");
    stopping.await.unwrap().unwrap();
    world.has_memos(&["20.00"], "A's, finished while shutting down");
    drop(service);
    let service = world.serve().await;
    service.post(&event(&sale, ITEMS, &[B])).await.is(200, "posted");
    world.has_memos(&["20.00", "30.00"], "B's, by the next process");
}

#[tokio::test]
async fn during_shutdown_no_job_is_started() {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let late = Sale {
        order: "0c1f2e3d-0000-4000-8000-00000000000a".to_owned(),
        reference: "TEST-1822".to_owned(),
        ..pair()
    };
    let mut service = world.serve().await;
    let deferred = service.post(&event(&late, ITEMS, &[A])).await;
    deferred.is(200, "deferred");
    world.install(&late, &Billing::OneInvoice);
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let first = service.post_beside(&event(&sale, ITEMS, &[A]));
    hold.reached().await;
    let stopping = service.begin_stopping();
    let draining = async { while service.get("/health/ready").await.0 != 503 {} };
    draining.await;
    let calls = world.tenant.calls();
    let a_while = async {
        let clock: &dyn ports::Clock = &*world.clock;
        clock.sleep(Duration::from_mins(1)).await;
    };
    service.pass_time(a_while).await;
    assert_eq!(world.tenant.calls(), calls, "the job that fell due was begun");
    hold.release();
    // Time has passed for the caller too.
    first.await.unwrap().is(200, "deferred");
    stopping.await.unwrap().unwrap();
    drop(service);
    let service = world.serve().await;
    service.until(&deferred, CancellationState::Posted).await;
    world.has_memos(&["20.00", "20.00"], "after the next start");
}

#[tokio::test]
async fn an_event_costs_three_searches_and_one_add() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    world.proofs_are_made().await;
    let start = world.account.calls();
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    let calls = world.account.calls();
    assert_eq!((calls.of(Operation::Search), calls.of(Operation::Add)), (3, 1), "{calls:?}");
    // That there is no memo is believed only with a proof that we may look: made at start,
    // or by this event where its answer was not there yet.
    assert!(calls.of(Operation::Get) <= start.of(Operation::Get) + 1, "{calls:?}");
}
