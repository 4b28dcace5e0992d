//! Retries through the admin API: of one cancellation, or of all that match, and dry runs.

use ports::CancellationState;
use sandbox::{
    netsuite::{Operation, Point, Standing},
    sale::Billing,
};
use serde_json::{Value, json};
use tests::{A, B, ITEMS, ORDER, Settings, TestWorld, another, event, pair};

use super::{parked, strict};

#[tokio::test]
async fn a_parked_cancellation_is_posted_after_a_correction_and_retry() {
    let world = strict().await;
    let service = world.serve().await;
    let answer = parked(&service).await;
    let id = answer.id.as_deref().unwrap();
    world.all_invoices(Standing::Valid);
    let retried = service.tell(&format!("/api/cancellations/{id}/retry"), None).await.with(200);
    assert_eq!(retried, json!({ "outcome": "retried", "id": id, "reason": null }));
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after the retry");
    let shown = service.ask(&format!("/api/cancellations/{id}")).await.with(200);
    let history = shown["history"].as_array().unwrap().iter();
    let said: Vec<_> = history.map(|it| it["what"].as_str().unwrap()).collect();
    let note = "retried by a person through the admin API at ";
    assert!(said.iter().any(|it| it.starts_with(note)), "{said:?}");

    let refusal = service.tell(&format!("/api/cancellations/{id}/retry"), None).await.with(409);
    let reason = format!("{id} is posted: there is nothing to retry");
    assert_eq!(refusal["reason"], reason);
    let nobody = "/api/cancellations/can-0123456789abcdef0123/retry";
    service.tell(nobody, None).await.with(404);
    service.tell(&format!("{nobody}?force=true"), None).await.with(400);
    world.has_memos(&["20.00"], "after the refusals");
}

#[tokio::test]
async fn all_matches_are_counted_and_then_requeued() {
    let world = strict().await;
    let service = world.serve().await;
    let mine = parked(&service).await;
    let others: Vec<_> = (1..4).map(another).collect();
    for sale in &others {
        world.install(sale, &Billing::OneInvoice);
    }
    world.all_invoices(Standing::Voided);
    for sale in &others {
        service.post(&event(sale, ITEMS, &[A])).await.is(200, "parked");
    }
    let table = [
        (json!({ "state": "parked" }), 4),
        (json!({ "state": "parked", "reason": "not-invoiced", "tenant": "dodici" }), 4),
        (json!({ "state": "parked", "reason": "unmapped" }), 0),
        (json!({ "state": "parked", "tenant": "seconda" }), 0),
        (json!({ "state": "parked", "order": ORDER }), 1),
        (json!({ "state": "parked", "since": "2030-01-01T00:00:00Z" }), 0),
        (json!({ "state": "deferred" }), 0),
    ];
    for (mut filter, expected) in table {
        filter["dry_run"] = true.into();
        let counted = service.tell("/api/retry", Some(filter.clone())).await.with(200);
        let sums = json!({});
        let said = json!({
            "outcome": "would-retry",
            "count": expected,
            "sums": sums,
            "units_without_memo": expected,
        });
        assert_eq!(counted, said, "{filter}");
    }
    let page = service.ask("/api/cancellations?state=parked").await.with(200);
    assert_eq!(page["cancellations"].as_array().unwrap().len(), 4, "counting changes nothing");

    world.all_invoices(Standing::Valid);
    let only_mine = json!({ "state": "parked", "order": ORDER });
    let retried = service.tell("/api/retry", Some(only_mine)).await.with(200);
    assert_eq!((&retried["outcome"], &retried["count"]), (&json!("retried"), &json!(1)));
    service.until(&mine, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after the retry of one");
    let retried = service.tell("/api/retry", Some(json!({ "state": "parked" }))).await.with(200);
    assert_eq!(retried["count"], 3);
    for sale in &others {
        let again = service.post(&event(sale, ITEMS, &[A])).await;
        service.until(&again, CancellationState::Posted).await;
    }
    world.has_memos(&["20.00"; 4], "after the retry of all");
}

#[tokio::test]
async fn the_amounts_of_pending_memos_are_added_up() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let call = service.post_beside(&event(&pair(), ITEMS, &[A]));
    hold.reached().await;
    let filter = json!({ "state": "working", "dry_run": true });
    let counted = service.tell("/api/retry", Some(filter)).await.with(200);
    assert_eq!(counted["sums"], json!({ "USD": "20.00" }), "{counted}");
    assert_eq!(counted["units_without_memo"], 0, "{counted}");
    hold.release();
    call.await.unwrap().is(200, "posted");
}

#[tokio::test]
async fn credited_amounts_are_not_counted_again() {
    let (world, sale, _) = TestWorld::half_invoiced().await;
    let service = world.serve().await;
    service.post(&event(&sale, ITEMS, &[A, B])).await.is(200, "deferred");
    world.has_memos(&["20.00"], "while B is not invoiced");
    let filter = json!({ "state": "deferred", "dry_run": true });
    let counted = service.tell("/api/retry", Some(filter)).await.with(200);
    assert_eq!((&counted["sums"], &counted["units_without_memo"]), (&json!({}), &json!(1)));
}

#[tokio::test]
async fn an_invalid_filter_requeues_nothing() {
    let table = [
        ("state", json!({})),
        ("state", json!({ "state": "gone" })),
        ("state", json!({ "state": null })),
        ("state", json!({ "state": ["parked"] })),
        ("reason", json!({ "state": "parked", "reason": "not invoiced" })),
        ("reason", json!({ "state": "parked", "reason": "" })),
        ("tenant", json!({ "state": "parked", "tenant": 7 })),
        ("order", json!({ "state": "parked", "order": "MX0001234" })),
        ("since", json!({ "state": "parked", "since": "yesterday" })),
        ("dry_run", json!({ "state": "parked", "dry_run": "true" })),
        ("dryrun", json!({ "state": "parked", "dryrun": true })),
        ("ids", json!({ "state": "parked", "ids": [] })),
        ("body", json!([])),
        ("body", Value::Null),
    ];
    let world = strict().await;
    let service = world.serve().await;
    let answer = parked(&service).await;
    for (field, body) in table {
        let refusal = service.tell("/api/retry", Some(body.clone())).await.with(400);
        assert_eq!(refusal["field"], field, "{body}: {refusal}");
    }
    let refusal = service.tell("/api/retry", None).await.with(400);
    assert_eq!(refusal["field"], "body");
    let filter = json!({ "state": "parked" });
    service.tell("/api/retry?dry_run=true", Some(filter)).await.with(400);
    let large = json!({ "state": "parked", "reason": "x".repeat(5000) });
    service.tell("/api/retry", Some(large)).await.with(413);
    for done in ["posted", "skipped"] {
        let refusal = service.tell("/api/retry", Some(json!({ "state": done }))).await.with(409);
        assert_eq!(refusal["reason"], format!("cannot retry cancellations in state {done}"));
    }
    let record = world.book().record(answer.id.as_deref().unwrap()).await.unwrap();
    assert_eq!(record.state, CancellationState::Parked);
}

#[tokio::test]
async fn a_failing_queue_reports_what_was_not_requeued() {
    let world = strict().await;
    let service = world.serve().await;
    let answer = parked(&service).await;
    let queue = rusqlite::Connection::open(world.book().queue).unwrap();
    queue.execute_batch("ALTER TABLE job RENAME TO gone").unwrap();
    let path = format!("/api/cancellations/{}/retry", answer.id.as_deref().unwrap());
    let refusal = service.tell(&path, None).await.with(500);
    assert_eq!(refusal["outcome"], "unavailable");
    let filter = json!({ "state": "deferred" });
    service.tell("/api/retry", Some(filter.clone())).await.with(500);
    queue.execute_batch("ALTER TABLE gone RENAME TO job").unwrap();
    world.all_invoices(Standing::Valid);
    let retried = service.tell("/api/retry", Some(filter)).await.with(200);
    assert_eq!(retried["count"], 1);
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "with the queue back");
}
