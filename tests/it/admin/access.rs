//! Access to the admin API: the token, a service without one, and the limit of failed calls.

use std::{pin::pin, time::Duration};

use reqwest::Method;
use serde_json::json;
use tests::{A, ADMIN_TOKEN, ITEMS, KEY, Settings, TestWorld, another, event, pair};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Every call that the API takes.
const CALLS: [(Method, &str); 5] = [
    (Method::GET, "/api/cancellations"),
    (Method::GET, "/api/cancellations/can-0123456789abcdef0123"),
    (Method::POST, "/api/cancellations/can-0123456789abcdef0123/retry"),
    (Method::POST, "/api/retry"),
    (Method::GET, "/api/openapi.json"),
];

#[tokio::test]
async fn without_a_configured_token_there_is_no_api() {
    let world = TestWorld::new(&Settings::default()).await;
    let text = std::fs::read_to_string(world.config()).unwrap();
    let without = text.replace(&format!("admin_token = \"{ADMIN_TOKEN}\""), "");
    assert_ne!(text, without);
    std::fs::write(world.config(), without).unwrap();
    let service = world.serve().await;
    for (method, path) in CALLS {
        for token in [None, Some(""), Some(ADMIN_TOKEN)] {
            service.call(method.clone(), path, token, None).await.with(404);
        }
    }
}

#[tokio::test]
async fn only_the_token_opens_the_api() {
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    let longer = format!("{ADMIN_TOKEN}x");
    for (method, path) in CALLS {
        for token in [None, Some(""), Some(KEY), Some(longer.as_str()), Some(&ADMIN_TOKEN[1..])] {
            let refusal = service.call(method.clone(), path, token, None).await.with(401);
            assert_eq!(refusal["outcome"], "rejected", "{path}");
        }
    }
    // No other path reveals what exists.
    service.call(Method::GET, "/api/nothing", None, None).await.with(401);
    service.call(Method::DELETE, "/api/cancellations", None, None).await.with(401);
    service.ask("/api/nothing").await.with(404);
    service.call(Method::DELETE, "/api/cancellations", Some(ADMIN_TOKEN), None).await.with(405);
}

#[tokio::test]
async fn guessing_tokens_is_limited_and_valid_calls_are_not() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let mut statuses = Vec::new();
    for number in 0..103 {
        let token = format!("guess-{number}");
        let call = service.call(Method::GET, "/api/cancellations", Some(&token), None);
        statuses.push(call.await.status);
    }
    assert_eq!(statuses[..100], [401; 100]);
    assert_eq!(statuses[100..], [429; 3]);
    service.ask("/api/cancellations").await.with(200);
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    world.clock.advance(Duration::from_mins(1));
    service.call(Method::GET, "/api/cancellations", None, None).await.with(401);
    let (_, metrics) = service.get("/metrics").await;
    assert!(metrics.contains("memobridge_admin_calls_total{status=\"429\"}"), "{metrics}");
}

#[tokio::test]
async fn slow_callers_of_the_api_do_not_block_the_webhook() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let mut slow = Vec::new();
    for _ in 0..5 {
        let mut stream = TcpStream::connect(service.address).await.unwrap();
        let head = format!(
            "POST /api/retry HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\
             Content-Length: 100\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        slow.push(stream);
    }
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    let later = event(&another(1), ITEMS, &[A]);
    let mut asked = pin!(service.ask("/api/cancellations"));
    tokio::select! {
        reply = &mut asked => panic!("it was not its turn: {reply:?}"),
        answer = service.post(&later) => {
            answer.is(200, "deferred");
        }
    }
    // Each has its time for the body, and then the others have their turn.
    let page = service.pass_time(asked).await.with(200);
    assert_eq!(page["cancellations"][1]["state"], "posted");
}

#[tokio::test]
async fn during_shutdown_nothing_is_requeued() {
    use sandbox::netsuite::{Operation, Point};
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let mut service = world.serve().await;
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let first = service.post_beside(&event(&pair(), ITEMS, &[A]));
    hold.reached().await;
    let stopping = service.begin_stopping();
    while service.get("/health/ready").await.0 != 503 {}
    let page = service.ask("/api/cancellations").await.with(200);
    let id = page["cancellations"][0]["id"].as_str().unwrap();
    service.tell(&format!("/api/cancellations/{id}/retry"), None).await.with(503);
    service.tell("/api/retry", Some(json!({ "state": "working" }))).await.with(503);
    hold.release();
    first.await.unwrap().is(200, "posted");
    stopping.await.unwrap().unwrap();
}
