//! Calls that are not taken: what is wrong with them is said, and nothing is on record.

use serde_json::{Value, json};
use tests::{A, Answer, ITEMS, KEY, OTHER_KEY, Service, Settings, TestWorld, event, pair};

async fn send(world: &TestWorld, service: &Service, key: Option<&str>, body: String) -> Answer {
    let url = format!("http://{}/newstore/events", service.address);
    let mut call = world.http.post(url).body(body);
    if let Some(key) = key {
        call = call.header("Authorization", key);
    }
    let response = call.send().await.unwrap();
    let status = response.status().as_u16();
    Answer::read(status, response.text().await.unwrap())
}

fn bearer() -> String {
    format!("Bearer {KEY}")
}

/// An event with one place of it replaced; null takes it out.
fn with(pointer: &str, value: Value) -> String {
    let mut event = event(&pair(), ITEMS, &[A]);
    *event.pointer_mut(pointer).unwrap() = value;
    event.to_string()
}

#[tokio::test]
async fn a_body_of_the_wrong_shape_is_rejected_with_its_field() {
    let table = [
        ("body", "not JSON".to_owned()),
        ("body", String::new()),
        ("body", "[]".to_owned()),
        ("body", "{\"tenant\":".to_owned()),
        ("tenant", with("/tenant", Value::Null)),
        ("tenant", with("/tenant", json!(7))),
        ("name", with("/name", json!(""))),
        ("name", with("/name", json!("x".repeat(101)))),
        ("published_at", with("/published_at", Value::Null)),
        ("published_at", with("/published_at", json!("yesterday"))),
        ("payload", with("/payload", Value::Null)),
        ("payload", with("/payload", json!([]))),
        ("payload.id", with("/payload/id", Value::Null)),
        ("payload.id", with("/payload/id", json!("MX0001234"))),
        ("payload.items", with("/payload/items", Value::Null)),
        ("payload.items", with("/payload/items", json!([]))),
        ("payload.items", with("/payload/items", json!("all"))),
        ("payload.items[0]", with("/payload/items/0", json!("A"))),
        ("payload.items[0].id", with("/payload/items/0/id", Value::Null)),
        ("payload.items[0].id", with("/payload/items/0/id", json!(1))),
    ];
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    for (field, body) in table {
        let answer = send(&world, &service, Some(&bearer()), body.clone()).await;
        assert_eq!((answer.status, answer.field.as_deref()), (400, Some(field)), "{body}");
        let reason = answer.reason.unwrap_or_default();
        assert!(reason.contains(field), "{body}: {reason}");
    }
    world.has_memos(&[], "after malformed events");
    assert!(world.book().all().await.is_empty());
}

#[tokio::test]
async fn a_call_without_the_right_key_is_unauthorized() {
    let body = event(&pair(), ITEMS, &[A]).to_string();
    let keys = [
        None,
        Some(String::new()),
        Some("Bearer ".to_owned()),
        Some(KEY.to_owned()),
        Some(format!("Basic {KEY}")),
        Some(format!("Bearer {KEY}x")),
        Some(format!("Bearer {}", &KEY[1..])),
        Some("Bearer unknown".to_owned()),
    ];
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    for key in keys {
        let answer = send(&world, &service, key.as_deref(), body.clone()).await;
        assert_eq!(answer.status, 401, "key {key:?}: {answer:?}");
    }
    let lower = format!("bearer {KEY}");
    send(&world, &service, Some(&lower), body).await.is(200, "posted");
    world.has_memos(&["20.00"], "by the one good call");
}

#[tokio::test]
async fn a_key_of_another_tenant_is_forbidden() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let body = event(&pair(), ITEMS, &[A]).to_string();
    let key = format!("Bearer {OTHER_KEY}");
    assert_eq!(send(&world, &service, Some(&key), body).await.status, 403);
    let unknown = with("/tenant", json!("somebody"));
    assert_eq!(send(&world, &service, Some(&bearer()), unknown).await.status, 403);
    world.has_memos(&[], "after forbidden calls");
}

#[tokio::test]
async fn a_body_over_the_limit_is_too_large() {
    let settings = Settings { server: "max_body = 1000".to_owned(), ..Settings::default() };
    let world = TestWorld::with(&pair(), &settings).await;
    let service = world.serve().await;
    let event = event(&pair(), ITEMS, &[A]).to_string();
    let padded = |length: usize| format!("{event}{}", " ".repeat(length - event.len()));
    let answer = send(&world, &service, Some(&bearer()), padded(1001)).await;
    assert_eq!(answer.status, 413, "{answer:?}");
    world.has_memos(&[], "after a body of 1001 bytes");
    send(&world, &service, Some(&bearer()), padded(1000)).await.is(200, "posted");
    world.has_memos(&["20.00"], "after a body of 1000 bytes");
}

#[tokio::test]
async fn an_unhandled_event_is_ignored() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    for name in ["order.created", "order.items_cancelled.v2", "ORDER.CANCELLED"] {
        let body = with("/name", json!(name));
        let answer = send(&world, &service, Some(&bearer()), body).await;
        assert_eq!((answer.status, answer.outcome.as_str()), (200, "ignored"), "{name}");
    }
    world.has_memos(&[], "after events that are not ours");
    assert!(world.book().all().await.is_empty());
}

#[tokio::test]
async fn guessing_keys_is_limited_and_valid_calls_are_not() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let mut statuses = Vec::new();
    for number in 0..103 {
        let key = format!("Bearer guess-{number}");
        statuses.push(send(&world, &service, Some(&key), String::new()).await.status);
    }
    assert_eq!(statuses[..100], [401; 100]);
    assert_eq!(statuses[100..], [429; 3]);
    let body = event(&pair(), ITEMS, &[A]).to_string();
    send(&world, &service, Some(&bearer()), body).await.is(200, "posted");
    world.has_memos(&["20.00"], "by the good call");
}
