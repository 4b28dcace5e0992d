//! Expensive work does not starve HTTP, because it runs on other threads.

use serde_json::json;
use tests::{A, ITEMS, Settings, TestWorld, event, pair};

use crate::crash::PROGRAM;

#[tokio::test]
async fn http_is_served_while_every_other_thread_computes() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    world.proofs_are_made().await;
    let reckoning = service.reckon_on_all_threads();
    assert_eq!(service.get("/health/live").await, (200, "live\n".to_owned()));
    assert_eq!(service.get("/health/ready").await, (200, "ready\n".to_owned()));
    service.post(&json!({})).await.is(400, "rejected");
    // An event waits for them, and no longer than it may.
    let answer = service.pass_time(service.post(&event(&pair(), ITEMS, &[A]))).await;
    answer.is(200, "deferred").because("storefront-unavailable");
    assert_eq!(service.get("/health/live").await.0, 200);
    drop(reckoning);
    service.until(&answer, ports::CancellationState::Posted).await;
    world.has_memos(&["20.00"], "once the threads were free");
}

#[tokio::test]
async fn the_program_serves_http_on_dedicated_threads() {
    let world = TestWorld::new(&Settings::default()).await;
    let process = world.spawn(PROGRAM).await;
    let threads = process.threads();
    let serving = threads.iter().filter(|name| *name == app::inbound::http_threads::NAME).count();
    assert_eq!(serving, 2, "{threads:?}");
    process.kill().await;
}
