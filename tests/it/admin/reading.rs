//! Lists and single cancellations: filters, pages, and the words of the command line.

use std::time::Duration;

use serde_json::Value;
use tests::{A, ITEMS, ORDER, Service, Settings, TestWorld, another, event, pair, run};

use super::{parked, strict};
use crate::crash::PROGRAM;

/// The orders of a page, in its order.
fn orders(page: &Value) -> Vec<String> {
    let found = page["cancellations"].as_array().unwrap().iter();
    found.map(|it| it["order"].as_str().unwrap().to_owned()).collect()
}

async fn count(service: &Service, query: &str) -> usize {
    orders(&service.ask(&format!("/api/cancellations?{query}")).await.with(200)).len()
}

#[tokio::test]
async fn filters_find_records_that_match_all_of_them() {
    let world = strict().await;
    let service = world.serve().await;
    parked(&service).await;
    world.clock.advance(Duration::from_hours(1));
    let since = app::operator::json::instant(ports::Clock::now(&*world.clock));
    service.post(&event(&another(1), ITEMS, &[A])).await.is(200, "deferred");
    let table = [
        (String::new(), 2),
        ("state=parked".to_owned(), 1),
        ("state=deferred".to_owned(), 1),
        ("state=posted".to_owned(), 0),
        (format!("order={ORDER}"), 1),
        (format!("order={}", ORDER.to_uppercase()), 1),
        (format!("order={ORDER}&state=deferred"), 0),
        ("tenant=dodici".to_owned(), 2),
        ("tenant=seconda".to_owned(), 0),
        (format!("since={since}"), 1),
        ("since=2026-01-01T00%3A00%3A00%2B02%3A00".to_owned(), 2),
        ("since=2030-01-01T00:00:00Z".to_owned(), 0),
    ];
    for (query, expected) in table {
        assert_eq!(count(&service, &query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn pages_contain_every_record_once_newest_first() {
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    let sales: Vec<_> = (0..7).map(another).collect();
    for sale in &sales {
        service.post(&event(sale, ITEMS, &[A])).await.is(200, "deferred");
    }
    let newest_first: Vec<_> = sales.iter().rev().map(|sale| sale.order.clone()).collect();
    for limit in [1, 3, 7, 500] {
        let mut found = Vec::new();
        let mut path = format!("/api/cancellations?state=deferred&limit={limit}");
        loop {
            let page = service.ask(&path).await.with(200);
            let orders = orders(&page);
            assert!((1..=limit).contains(&orders.len()), "limit {limit}: {orders:?}");
            found.extend(orders);
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/cancellations?state=deferred&limit={limit}&cursor={cursor}");
        }
        assert_eq!(found, newest_first, "limit {limit}");
    }
}

#[tokio::test]
async fn a_malformed_call_names_the_wrong_parameter() {
    let table = [
        ("state", "state=gone"),
        ("state", "state="),
        ("state", "state=Parked"),
        ("state", "state=parked&state=posted"),
        ("order", "order=MX0001234"),
        ("tenant", "tenant=a/b"),
        ("since", "since=yesterday"),
        ("since", "since=2026-11-21"),
        ("cursor", "cursor=1"),
        ("cursor", "cursor=next"),
        ("limit", "limit=0"),
        ("limit", "limit=501"),
        ("limit", "limit=-1"),
        ("limit", "limit=ten"),
        ("sate", "sate=parked"),
        ("reason", "reason=unmapped"),
        ("dry_run", "state=parked&dry_run=true"),
    ];
    let world = TestWorld::new(&Settings::default()).await;
    let service = world.serve().await;
    for (field, query) in table {
        let refusal = service.ask(&format!("/api/cancellations?{query}")).await.with(400);
        assert_eq!(refusal["field"], field, "{query}: {refusal}");
        let reason = refusal["reason"].as_str().unwrap();
        assert!(reason.starts_with(field), "{query}: {reason}");
    }
    for (field, path) in
        [("id", "can%2F0123"), ("id", "%FF"), ("x", "can-0123456789abcdef0123?x=1")]
    {
        let refusal = service.ask(&format!("/api/cancellations/{path}")).await.with(400);
        assert_eq!(refusal["field"], field, "{path}: {refusal}");
    }
    service.ask("/api/cancellations/can-0123456789abcdef0123").await.with(404);
}

#[tokio::test]
async fn the_api_returns_the_same_json_as_the_command_line() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    service.until(&answer, ports::CancellationState::Posted).await;
    let id = answer.id.as_deref().unwrap();
    let config = world.config();
    let said = async |command: &[&str]| {
        let rest = ["--json", "--config", config.to_str().unwrap()];
        let output = run(PROGRAM, &[command, &rest].concat()).await;
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let listed = service.ask("/api/cancellations").await.with(200);
    assert_eq!(listed["cancellations"][0], said(&["list"]).await);
    let shown = service.ask(&format!("/api/cancellations/{id}")).await.with(200);
    assert_eq!(shown, said(&["show", id]).await);
    assert_eq!(shown["memos"][0]["credit"], "20.00", "{shown}");
}
