//! Signals: what runs is finished, or left for the next start.

use std::time::{Duration, Instant};

use sandbox::netsuite::{Operation, Point};
use tests::{A, B, ITEMS, Settings, TestWorld, event, pair};

use super::{Afterwards, PROGRAM, quick, recovers};

#[tokio::test]
async fn a_signal_finishes_running_work_and_rejects_new_work() {
    for signal in ["TERM", "INT"] {
        let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
        let world = TestWorld::with(&sale, &quick()).await;
        let mut process = world.spawn(PROGRAM).await;
        let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
        let (http, address) = (world.http.clone(), process.address);
        let body = event(&sale, ITEMS, &[A]);
        let first = tokio::spawn(async move { tests::post(&http, address, &body).await });
        hold.reached().await;
        process.signal(signal).await;
        process.logged("Shutting down").await;
        let second = tests::post(&world.http, address, &event(&sale, ITEMS, &[B])).await;
        second.unwrap().is(503, "unavailable");
        hold.release();
        first.await.unwrap().unwrap().is(200, "posted");
        let status = process.ended().await;
        assert_eq!(status.code(), Some(0), "{signal}");
        world.has_memos(&["20.00"], signal);
    }
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let world = TestWorld::with(&pair(), &quick()).await;
    let mut process = world.spawn(PROGRAM).await;
    let hold = world.account.hold(Operation::Add, Point::AfterCommit);
    let (http, address) = (world.http.clone(), process.address);
    tokio::spawn(async move { tests::post(&http, address, &event(&pair(), ITEMS, &[A])).await });
    hold.reached().await;
    process.signal("TERM").await;
    process.logged("Shutting down").await;
    let began = Instant::now();
    process.signal("TERM").await;
    let status = process.ended().await;
    assert_eq!(status.code(), Some(1));
    assert!(began.elapsed() < Duration::from_secs(10), "it waited {:?}", began.elapsed());
    hold.release();
    recovers(&world, &["20.00"], "by a second signal", Afterwards::LeftAlone).await;
}

#[tokio::test]
async fn work_beyond_the_drain_time_is_recovered_at_the_next_start() {
    let settings = Settings { server: "drain = \"300ms\"".to_owned(), ..quick() };
    let world = TestWorld::with(&pair(), &settings).await;
    let process = world.spawn(PROGRAM).await;
    let hold = world.account.hold(Operation::Add, Point::AfterCommit);
    let (http, address) = (world.http.clone(), process.address);
    tokio::spawn(async move { tests::post(&http, address, &event(&pair(), ITEMS, &[A])).await });
    hold.reached().await;
    process.signal("TERM").await;
    assert_eq!(process.ended().await.code(), Some(0));
    hold.release();
    recovers(&world, &["20.00"], "by the end of the drain", Afterwards::LeftAlone).await;
}
