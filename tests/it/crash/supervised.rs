//! A background task that panics: the service becomes unready, drains and ends with an error.

use std::fs;

use sandbox::netsuite::{Operation, Point};
use serde_json::Value;
use tests::{A, B, ITEMS, TestWorld, event, pair};

use super::{Afterwards, quick, recovers};

/// The program whose read-back panics when it is told to.
const PROGRAM: &str = env!("CARGO_BIN_EXE_memobridge-panicking");

#[tokio::test]
async fn a_panicking_task_drains_and_ends_the_process() {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &quick()).await;
    let mut process = world.spawn(PROGRAM).await;
    let ready = format!("http://{}/health/ready", process.address);
    assert_eq!(world.http.get(&ready).send().await.unwrap().status(), 200);
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let (http, address) = (world.http.clone(), process.address);
    let body = event(&sale, ITEMS, &[A]);
    let first = tokio::spawn(async move { tests::post(&http, address, &body).await });
    hold.reached().await;

    let trigger = world.config().with_file_name("panic");
    fs::write(&trigger, "").unwrap();
    let line = process.logged("Background task panicked").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(line["level"], "ERROR");
    assert_eq!(line["task"], "read-back");
    assert_eq!(line["error"], "the clock is broken");
    process.logged("Shutting down").await;
    let answer = world.http.get(&ready).send().await.unwrap();
    assert_eq!(answer.status(), 503);
    let reasons = answer.text().await.unwrap();
    assert_eq!(reasons, "task read-back panicked\nshutting down\n");
    let second = tests::post(&world.http, address, &event(&sale, ITEMS, &[B])).await;
    second.unwrap().is(503, "unavailable");

    hold.release();
    first.await.unwrap().unwrap().is(200, "posted");
    assert_eq!(process.ended().await.code(), Some(3));
    world.has_memos(&["20.00"], "what ran was finished");
    recovers(&world, &["20.00"], "by a panicking task", Afterwards::LeftAlone).await;
}
