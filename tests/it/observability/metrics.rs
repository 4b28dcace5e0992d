//! What happened is what `/metrics` shows.

use std::time::Duration;

use ports::{CancellationState, Clock};
use rusqlite::Connection;
use sandbox::{
    netsuite::{Access, Denial, Fault, Kind},
    sale::{Billing, Payment, Sale},
};
use tests::{A, Exposition, ITEMS, ORDER, Service, Settings, TestWorld, event, pair};

use super::{another, crowd, one_slot};

/// An order that was paid in a way that no map knows.
fn unmapped(nth: u32) -> Sale {
    let payments = vec![Payment::captured("sezzle", "sezzle", "50.00")];
    Sale { payments, ..another(nth) }.refunded("sezzle", "20.00")
}

#[track_caller]
fn shows(text: &Exposition, name: &str, labels: &[(&str, &str)], value: f64) {
    let found = text.value(name, labels);
    let is_it = found.is_some_and(|it| it.total_cmp(&value).is_eq());
    let others = text.samples.iter().filter(|sample| sample.name == name);
    assert!(is_it, "{name} {labels:?} is {found:?}, not {value}: {:?}", others.collect::<Vec<_>>());
}

/// Long enough for the stores to be counted.
async fn a_while(world: &TestWorld, service: &Service) {
    service.pass_time(world.clock.sleep(Duration::from_secs(31))).await;
}

/// Until the ERP was asked for both customers, as it is at the start, whether it shows us
/// everything.
async fn asked(service: &Service) {
    let proofs = [("operation", "prove")];
    while service.metrics().await.value("memobridge_erp_calls_total", &proofs) != Some(2.0) {}
}

#[tokio::test]
async fn a_memo_is_counted_with_its_durations_and_calls() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "already-posted");
    let text = service.metrics().await;
    let posted = [("tenant", "dodici"), ("status", "200"), ("outcome", "posted")];
    shows(&text, "memobridge_deliveries_total", &posted, 1.0);
    shows(&text, "memobridge_deliveries_total", &[("outcome", "already-posted")], 1.0);
    shows(&text, "memobridge_outcomes_total", &[("outcome", "posted"), ("reason", "")], 1.0);
    shows(&text, "memobridge_memos_posted_total", &[("tenant", "dodici")], 1.0);
    shows(&text, "memobridge_memos_posted_total", &[("tenant", "seconda")], 0.0);
    shows(&text, "memobridge_attempt_duration_seconds_count", &[], 1.0);
    // Published two days before, received just now.
    let way = "memobridge_event_to_memo_seconds_bucket";
    shows(&text, way, &[("le", "86400")], 0.0);
    shows(&text, way, &[("le", "259200")], 1.0);
    shows(&text, "memobridge_receipt_to_memo_seconds_bucket", &[("le", "0.5")], 1.0);
    for operation in ["billing", "post"] {
        let ok = [("tenant", "dodici"), ("operation", operation), ("class", "ok")];
        shows(&text, "memobridge_erp_calls_total", &ok, 1.0);
        shows(
            &text,
            "memobridge_erp_call_duration_seconds_count",
            &[("operation", operation)],
            1.0,
        );
    }
    shows(&text, "memobridge_newstore_calls_total", &[("class", "ok")], 1.0);
    let token = text.value("memobridge_newstore_token_expires_timestamp_seconds", &[]);
    let now = world.clock.now().since(domain::Timestamp::from_millis(0)).as_secs_f64();
    assert!(token.is_some_and(|it| now < it), "{token:?} is not after {now}");
}

#[tokio::test]
async fn waiting_cancellations_are_shown_until_they_are_finished() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.tenant.remove(ORDER);
    world.install(&unmapped(1), &Billing::OneInvoice);
    let policy = "settlement = \"payment-items\"\ntax = \"item\"";
    world.configure(&Settings::policy(policy));
    let service = world.serve().await;
    let waiting = service.post(&event(&pair(), ITEMS, &[A])).await;
    waiting.is(200, "deferred").because("order-not-visible");
    let parked = service.post(&event(&unmapped(1), ITEMS, &[A])).await;
    parked.is(200, "parked").because("unmapped");

    a_while(&world, &service).await;
    let text = service.metrics().await;
    let reason = [("outcome", "parked"), ("reason", "unmapped")];
    shows(&text, "memobridge_outcomes_total", &reason, 1.0);
    shows(&text, "memobridge_newstore_calls_total", &[("class", "ok")], 1.0);
    let absent = text.value("memobridge_newstore_calls_total", &[("class", "absent")]);
    assert!(absent.is_some_and(|it| it >= 2.0), "the worker asked too: {absent:?}");
    for (state, count) in [("deferred", 1.0), ("parked", 1.0), ("working", 0.0)] {
        let labels = [("tenant", "dodici"), ("state", state)];
        shows(&text, "memobridge_cancellations", &labels, count);
        let age = text.value("memobridge_cancellations_oldest_age_seconds", &labels).unwrap();
        assert_eq!(age >= 30.0, count >= 1.0, "{state}: {age}");
    }
    let jobs = text.value("memobridge_queue_jobs", &[]);
    assert_eq!(jobs, Some(1.0), "waiting and leased");
    shows(&text, "memobridge_worker_jobs_waiting", &[("tenant", "dodici")], 0.0);

    pair().install_newstore(&world.tenant);
    service.until(&waiting, CancellationState::Posted).await;
    a_while(&world, &service).await;
    let text = service.metrics().await;
    shows(&text, "memobridge_cancellations", &[("state", "deferred")], 0.0);
    shows(&text, "memobridge_cancellations_oldest_age_seconds", &[("state", "deferred")], 0.0);
    shows(&text, "memobridge_queue_jobs", &[], 0.0);
    shows(&text, "memobridge_receipt_to_memo_seconds_bucket", &[("le", "30")], 0.0);
    shows(&text, "memobridge_receipt_to_memo_seconds_count", &[], 1.0);
}

#[tokio::test]
async fn an_open_breaker_is_shown_with_its_cause() {
    // what is wrong, the class of the calls, the trouble, calls until it is held back, the proof
    // at the start included, an outage that only it meets does not count, and after the third
    // failed try of an order a call about no order
    type Break = fn(&TestWorld);
    let table: [(Break, &str, &str, f64); 3] = [
        (|it| it.account.fault(Fault::maintenance()), "unavailable", "unavailable", 5.0),
        (
            |it| it.account.deny(Denial { kind: Kind::Invoice, access: Access::View }),
            "permission",
            "permission",
            1.0,
        ),
        (|it| it.account.fault(Fault::invalid_login()), "auth", "credentials", 1.0),
    ];
    for (make, class, trouble, calls) in table {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        make(&world);
        let service = world.serve().await;
        asked(&service).await;
        for _ in 0..4 {
            service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
        }
        let text = service.metrics().await;
        let failed = [("tenant", "dodici"), ("class", class)];
        shows(&text, "memobridge_erp_calls_total", &failed, calls);
        shows(&text, "memobridge_deliveries_total", &[("status", "500")], 4.0);
        let open = [("tenant", "dodici"), ("cause", trouble)];
        shows(&text, "memobridge_circuit_breaker_open", &open, 1.0);
        let ours = [("tenant", "dodici")];
        shows(&text, "memobridge_circuit_breaker_open", &ours, 1.0);
        world.account.clear_faults();
        world.account.allow_all();
        world.clock.advance(Duration::from_mins(1));
        service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "posted");
        shows(&service.metrics().await, "memobridge_circuit_breaker_open", &ours, 0.0);
    }
}

#[tokio::test]
async fn rejected_calls_have_no_tenant() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let mut other = event(&pair(), ITEMS, &[A]);
    other["name"] = "order.created".into();
    service.post(&other).await.is(200, "ignored");
    other["tenant"] = 7.into();
    service.post(&other).await.is(400, "rejected");
    let url = format!("http://{}/newstore/events", service.address);
    let stranger = world.http.post(url).bearer_auth("guess").send().await.unwrap();
    assert_eq!(stranger.status(), 401);
    let text = service.metrics().await;
    for (status, outcome) in [("200", "ignored"), ("400", "rejected"), ("401", "rejected")] {
        let labels = [("tenant", ""), ("status", status), ("outcome", outcome)];
        shows(&text, "memobridge_deliveries_total", &labels, 1.0);
    }
}

#[tokio::test]
async fn a_full_account_and_a_throttled_call_are_shown() {
    let world = TestWorld::with(&pair(), &one_slot()).await;
    world.install(&another(2), &Billing::OneInvoice);
    let service = world.serve().await;
    let text = crowd(&world, &service).await;
    shows(&text, "memobridge_erp_concurrency_limit", &[], 1.0);
    shows(&text, "memobridge_erp_requests_in_flight", &[], 1.0);
    world.account.fault(Fault::throttled());
    service.post(&event(&another(2), ITEMS, &[A])).await.is(500, "unavailable");
    let text = service.metrics().await;
    let waits = text.value("memobridge_erp_slot_waits_total", &[]);
    assert!(waits.is_some_and(|it| it >= 1.0), "{waits:?}");
    assert_eq!(text.value("memobridge_erp_slot_wait_seconds_count", &[]), waits);
    shows(&text, "memobridge_erp_throttled_total", &[], 1.0);
    shows(&text, "memobridge_erp_calls_total", &[("class", "throttled")], 1.0);
}

#[tokio::test]
async fn a_store_failure_is_counted_by_its_operation() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.tenant.remove(ORDER);
    let service = world.serve().await;
    let (journal, queue) = (world.book().journal, world.book().queue);
    let text = service.metrics().await;
    shows(&text, "memobridge_store_failures_total", &[], 0.0);
    let breaking = |file, table: &str| {
        let statement = format!("ALTER TABLE {table} RENAME TO lost");
        Connection::open(file).unwrap().execute_batch(&statement).unwrap();
    };
    breaking(&queue, "job");
    service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
    breaking(&journal, "cancellation");
    service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
    a_while(&world, &service).await;
    let text = service.metrics().await;
    for (store, operation) in [("queue", "push"), ("journal", "open")] {
        let labels = [("store", store), ("operation", operation)];
        shows(&text, "memobridge_store_failures_total", &labels, 1.0);
    }
    for store in ["queue", "journal"] {
        let labels = [("store", store), ("operation", "count")];
        let count = text.value("memobridge_store_failures_total", &labels);
        assert!(count.is_some_and(|it| it >= 1.0), "{store} was counted all the same: {count:?}");
    }
}

#[tokio::test]
async fn a_memo_that_the_erp_changed_is_counted_when_it_is_read_back() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    let memo = world.memo(&answer.memos[0]);
    world.account.edit(&memo.id, |it| it.total += rust_decimal::Decimal::ONE);
    a_while(&world, &service).await;
    let text = service.metrics().await;
    shows(&text, "memobridge_memo_total_mismatches_total", &[], 1.0);
    shows(&text, "memobridge_erp_calls_total", &[("operation", "confirm"), ("class", "ok")], 1.0);
}
