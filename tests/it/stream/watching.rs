//! The service looks after its stream: at start and every hour.

use std::{pin::pin, time::Duration};

use sandbox::newstore::{Fault, Integration, Status};
use serde_json::Value;
use tests::{Service, TestWorld};

use super::{ID, integration, settings};
use crate::crash::PROGRAM;

const CALLBACK: &str = "https://memobridge.example/newstore/events";
const HOUR: Duration = Duration::from_hours(1);
/// Real time that the service has for itself whenever time was moved.
const BREATH: Duration = Duration::from_millis(500);

/// A world whose stream is registered as configured, and stopped.
async fn stopped() -> TestWorld {
    let world = TestWorld::new(&settings(CALLBACK)).await;
    world.tenant.stream().register(&integration(CALLBACK));
    world.tenant.stream().stop(ID);
    world
}

/// Moves time, step by step, until `event` has happened; how much it was.
async fn pass(world: &TestWorld, step: Duration, event: impl Future) -> Duration {
    let mut event = pin!(event);
    for steps in 1..60 {
        world.clock.advance(step);
        if tokio::time::timeout(BREATH, &mut event).await.is_ok() {
            return step * steps;
        }
    }
    panic!("it never happened");
}

fn is_running(it: &Integration) -> bool {
    it.status == Status::Running
}

#[tokio::test]
async fn a_stream_that_stops_is_started_within_the_hour() {
    let world = stopped().await;
    let stream = world.tenant.stream();
    let service = world.serve().await;
    stream.until(ID, is_running).await;
    stream.stop(ID);
    let passed = pass(&world, HOUR / 6, stream.until(ID, is_running)).await;
    assert!(passed >= HOUR, "it looked again after {passed:?}");
    let counted = async { while count(&service, "memobridge_stream_restarts_total").await < 2 {} };
    service.pass_time(counted).await;
    assert_eq!(count(&service, "memobridge_stream_running").await, 1);
}

/// What a metric of the customer says; other tests of this process count there too.
async fn count(service: &Service, name: &str) -> u64 {
    let (_, text) = service.get("/metrics").await;
    let start = format!("{name}{{tenant=\"dodici\"}} ");
    let value = text.lines().find_map(|it| it.strip_prefix(&start));
    value.map_or(0, |it| it.parse().unwrap())
}

#[tokio::test]
async fn a_failed_check_is_repeated_soon() {
    let world = stopped().await;
    let stream = world.tenant.stream();
    stream.fault(Fault::blocked());
    let _service = world.serve().await;
    let looked = async |times| {
        while world.tenant.calls().stream < times {
            tokio::task::yield_now().await;
        }
    };
    looked(1).await;
    let passed = pass(&world, HOUR / 10, looked(2)).await;
    assert!(passed < HOUR, "{passed:?}");
    stream.fault(Fault::None);
    pass(&world, HOUR / 10, stream.until(ID, is_running)).await;
}

#[tokio::test]
async fn a_restart_is_logged_as_an_error() {
    let world = stopped().await;
    let mut process = world.spawn(PROGRAM).await;
    let line = process.logged("Stream memobridge was stopped; restarted it").await;
    let line: Value = serde_json::from_str(&line).unwrap();
    let told = ["level", "tenant", "stream.id"].map(|it| line[it].as_str().unwrap());
    assert_eq!(told, ["ERROR", "dodici", ID]);
    assert_eq!(world.tenant.stream().integration(ID).unwrap().status, Status::Running);
    process.kill().await;
}

#[tokio::test]
async fn a_difference_for_a_person_is_reported_with_its_fix_and_not_changed() {
    let world = TestWorld::new(&settings(CALLBACK)).await;
    let mut process = world.spawn(PROGRAM).await;
    let line = process.logged("Stream memobridge is not registered").await;
    let remedy = "memobridge stream register --tenant dodici";
    for words in ["ERROR", remedy] {
        assert!(line.contains(words), "{words} in {line}");
    }
    let url = format!("http://{}/metrics", process.address);
    let counted = async {
        loop {
            let text = world.http.get(&url).send().await.unwrap().text().await.unwrap();
            if text.contains("memobridge_stream_running{tenant=\"dodici\"} 0\n") {
                return;
            }
        }
    };
    let counted = tokio::time::timeout(Duration::from_secs(20), counted).await;
    assert!(counted.is_ok(), "{}", process.log());
    assert_eq!(world.tenant.stream().ids(), [""; 0]);
    process.kill().await;

    let elsewhere = integration("https://elsewhere.example");
    world.tenant.stream().register(&elsewhere);
    let mut process = world.spawn(PROGRAM).await;
    let line = process.logged("Stream memobridge differs from the configuration").await;
    for words in ["WARN", remedy] {
        assert!(line.contains(words), "{words} in {line}");
    }
    let left = world.tenant.stream().integration(ID).unwrap();
    assert_eq!(left.callback_url, "https://elsewhere.example");
    process.kill().await;
}
