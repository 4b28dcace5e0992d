//! kill -9 at each step of a cancellation.

use std::time::Duration;

use rusqlite::Connection;
use sandbox::{
    netsuite::{Operation, Point},
    newstore::Fault,
    sale::Billing,
};
use tests::{A, B, ITEMS, Process, Settings, TestWorld, event, pair};
use tokio::task::JoinSet;

use super::{
    Afterwards::{self, LeftAlone, Redelivered},
    PROGRAM, quick, recovers,
};

/// All at once: most of the time is spent waiting for leases of the dead to end.
#[tokio::test]
async fn kill_9_at_any_step_loses_nothing_and_doubles_nothing() {
    let mut steps = JoinSet::new();
    steps.spawn(while_newstore_hangs());
    for afterwards in [Redelivered, LeftAlone] {
        steps.spawn(before_the_erp_saved(afterwards));
        steps.spawn(after_the_erp_saved(afterwards));
        steps.spawn(before_it_was_settled(afterwards));
        steps.spawn(between_two_memos(afterwards));
        steps.spawn(in_the_workers_hands(Point::BeforeCommit, afterwards));
        steps.spawn(in_the_workers_hands(Point::AfterCommit, afterwards));
    }
    steps.spawn(after_it_was_accepted());
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        steps.spawn(after_it_was_deferred_while_the_erp_was_silent(point));
    }
    while let Some(ended) = steps.join_next().await {
        ended.unwrap();
    }
}

/// Sends the event; its answer dies with the process.
fn deliver(world: &TestWorld, process: &Process) {
    let (http, address) = (world.http.clone(), process.address);
    tokio::spawn(async move { tests::post(&http, address, &event(&pair(), ITEMS, &[A])).await });
}

/// Looks until it is so.
async fn comes_true(what: &str, mut is_so: impl FnMut() -> bool) {
    let looking = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let ended = tokio::time::timeout(Duration::from_secs(30), looking).await;
    assert!(ended.is_ok(), "{what} never came true");
}

async fn while_newstore_hangs() {
    let world = TestWorld::with(&pair(), &quick()).await;
    world.tenant.fault(Fault::Hang);
    let process = world.spawn(PROGRAM).await;
    deliver(&world, &process);
    comes_true("NewStore was asked", || world.tenant.calls().graphql == 1).await;
    process.kill().await;
    world.tenant.fault(Fault::None);
    recovers(&world, &["20.00"], "while NewStore hung", Redelivered).await;
}

async fn before_the_erp_saved(afterwards: Afterwards) {
    let world = TestWorld::with(&pair(), &quick()).await;
    let process = world.spawn(PROGRAM).await;
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    deliver(&world, &process);
    hold.reached().await;
    process.kill().await;
    hold.release();
    recovers(&world, &["20.00"], "before the ERP saved", afterwards).await;
}

async fn after_the_erp_saved(afterwards: Afterwards) {
    let world = TestWorld::with(&pair(), &quick()).await;
    let process = world.spawn(PROGRAM).await;
    let hold = world.account.hold(Operation::Add, Point::AfterCommit);
    deliver(&world, &process);
    hold.reached().await;
    process.kill().await;
    hold.release();
    world.has_memos(&["20.00"], "the memo that we do not know of");
    recovers(&world, &["20.00"], "after the ERP saved", afterwards).await;
}

async fn before_it_was_settled(afterwards: Afterwards) {
    let world = TestWorld::with(&pair(), &quick()).await;
    let process = world.spawn(PROGRAM).await;
    let hold = world.account.hold(Operation::Add, Point::AfterCommit);
    deliver(&world, &process);
    hold.reached().await;
    let lock = Connection::open(world.book().journal).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    hold.release();
    comes_true("the ERP answered", || world.account.in_flight() == 0).await;
    process.kill().await;
    drop(lock);
    recovers(&world, &["20.00"], "before it was settled", afterwards).await;
}

async fn between_two_memos(afterwards: Afterwards) {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::new(&quick()).await;
    world.install(&sale, &Billing::Invoices(vec![vec![A.to_owned()], vec![B.to_owned()]]));
    let process = world.spawn(PROGRAM).await;
    let first = world.account.hold(Operation::Add, Point::AfterCommit);
    let (http, address) = (world.http.clone(), process.address);
    let both = event(&sale, ITEMS, &[A, B]);
    let body = both.clone();
    tokio::spawn(async move { tests::post(&http, address, &body).await });
    first.reached().await;
    let second = world.account.hold(Operation::Add, Point::BeforeCommit);
    first.release();
    second.reached().await;
    process.kill().await;
    second.release();
    let process = world.spawn(PROGRAM).await;
    if afterwards == Redelivered {
        let answer = tests::post(&world.http, process.address, &both).await.unwrap();
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    let when = format!("killed between two memos, then {afterwards:?}");
    world.book().becomes(ports::CancellationState::Posted, &when).await;
    world.has_memos(&["20.00", "30.00"], &when);
}

async fn in_the_workers_hands(point: Point, afterwards: Afterwards) {
    let world = TestWorld::with(&pair(), &quick()).await;
    world.tenant.remove(&pair().order);
    let process = world.spawn(PROGRAM).await;
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    answer.unwrap().is(200, "deferred");
    let hold = world.account.hold(Operation::Add, point);
    pair().install_newstore(&world.tenant);
    hold.reached().await;
    process.kill().await;
    hold.release();
    let step = format!("in the worker's hands, {point:?}");
    recovers(&world, &["20.00"], &step, afterwards).await;
}

async fn after_it_was_accepted() {
    let settings = Settings { intake: "queued".to_owned(), ..quick() };
    let world = TestWorld::with(&pair(), &settings).await;
    world.tenant.fault(Fault::Hang);
    let process = world.spawn(PROGRAM).await;
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    answer.unwrap().is(200, "accepted");
    comes_true("NewStore was asked", || world.tenant.calls().graphql == 1).await;
    process.kill().await;
    world.tenant.fault(Fault::None);
    recovers(&world, &["20.00"], "after it was accepted", LeftAlone).await;
}

/// NewStore has its 200 and does not send the event again.
async fn after_it_was_deferred_while_the_erp_was_silent(point: Point) {
    let server = "respond_within = \"3s\"".to_owned();
    let world = TestWorld::with(&pair(), &Settings { server, ..quick() }).await;
    let process = world.spawn(PROGRAM).await;
    let hold = world.account.hold(Operation::Add, point);
    let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
    answer.unwrap().is(200, "deferred").because("erp-timeout");
    process.kill().await;
    hold.release();
    let step = format!("while the ERP was silent, {point:?}");
    recovers(&world, &["20.00"], &step, LeftAlone).await;
}
