//! Events that wait: durably in the queue before the answer, and posted once when they can be.

use std::time::Duration;

use ports::{CancellationState, LeaseToken, OrderLease};
use sandbox::{
    netsuite::{Operation, Point, Standing},
    newstore::Fault,
};
use serde_json::{Value, json};
use tests::{A, B, ITEMS, ORDER, Settings, TestWorld, event, pair};

/// What is not complete yet, and how it becomes so.
struct Late {
    reason: &'static str,
    make: fn(&TestWorld),
    mend: fn(&TestWorld),
}

const LATE: [Late; 7] = [
    Late {
        reason: "order-not-visible",
        make: |world| world.tenant.remove(ORDER),
        mend: |world| pair().install_newstore(&world.tenant),
    },
    Late {
        reason: "order-not-visible",
        make: |world| edit(world, |it| it["items"] = json!([])),
        mend: |world| pair().install_newstore(&world.tenant),
    },
    Late {
        reason: "unit-not-cancelled-yet",
        make: |world| edit(world, |it| it["items"][0]["status"] = json!("opened")),
        mend: |world| pair().install_newstore(&world.tenant),
    },
    Late {
        reason: "payment-not-visible",
        make: |world| edit(world, |it| it["paymentAccount"] = Value::Null),
        mend: |world| pair().install_newstore(&world.tenant),
    },
    Late {
        reason: "refund-not-visible",
        make: |world| {
            edit(world, |it| {
                let instrument = &mut it["paymentAccount"]["instruments"][0];
                instrument["paymentAccountTransactions"].as_array_mut().unwrap().pop();
            });
        },
        mend: |world| pair().install_newstore(&world.tenant),
    },
    Late {
        reason: "sales-order-not-found",
        make: |world| set_external_id(world, None),
        mend: |world| set_external_id(world, Some("TEST-1821")),
    },
    Late {
        reason: "not-invoiced",
        make: |world| world.all_invoices(Standing::Voided),
        mend: |world| world.all_invoices(Standing::Valid),
    },
];

fn edit(world: &TestWorld, change: impl FnOnce(&mut Value)) {
    world.tenant.edit(ORDER, change);
}

fn set_external_id(world: &TestWorld, id: Option<&str>) {
    for order in world.account.of_kind(sandbox::netsuite::Kind::SalesOrder) {
        world.account.edit(&order.id, |it| it.external_id = id.map(str::to_owned));
    }
}

#[tokio::test]
async fn an_incomplete_order_waits_and_is_posted_when_complete() {
    for Late { reason, make, mend } in LATE {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        make(&world);
        let service = world.serve().await;
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(200, "deferred").because(reason);
        service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "deferred").because(reason);
        world.has_memos(&[], reason);
        mend(&world);
        let record = service.until(&answer, CancellationState::Posted).await;
        assert_eq!(record.deliveries, 2, "{reason}: {record:?}");
        world.has_memos(&["20.00"], reason);
    }
}

#[tokio::test]
async fn an_order_that_stays_incomplete_parks_at_the_deadline() {
    let settings = Settings { worker: "give_up_after = \"2m\"".to_owned(), ..Settings::default() };
    for Late { reason, make, mend } in LATE {
        let world = TestWorld::with(&pair(), &settings).await;
        make(&world);
        let service = world.serve().await;
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(200, "deferred").because(reason);
        let record = service.until(&answer, CancellationState::Parked).await;
        assert_eq!(record.reason.as_deref(), Some(reason), "{record:?}");
        mend(&world);
        service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "parked").because(reason);
        world.has_memos(&[], reason);
    }
}

/// What can be wrong with NewStore itself.
fn disturbances() -> Vec<(&'static str, Fault, Fault)> {
    let fine = || Fault::None;
    vec![
        ("cut", Fault::Down, fine()),
        ("broken", Fault::json(500, "{}"), fine()),
        ("unreadable", Fault::Truncate, fine()),
        ("throttling", Fault::throttled(30), fine()),
        ("blocking our address", Fault::blocked(), fine()),
        ("failing inside a success", Fault::GraphqlErrors("internal error".into()), fine()),
        ("refusing our client", fine(), Fault::json(401, r#"{"error":"unauthorized_client"}"#)),
        ("without tokens", fine(), Fault::json(503, "{}")),
    ]
}

#[tokio::test]
async fn failures_of_newstore_wait_in_the_queue_and_never_park() {
    let worker = "give_up_after = \"10s\"\nmax_delay = \"10s\"".to_owned();
    let settings = Settings { worker, ..Settings::default() };
    for (what, api, tokens) in disturbances() {
        let world = TestWorld::with(&pair(), &settings).await;
        world.tenant.fault(api);
        world.tenant.token_fault(tokens);
        let service = world.serve().await;
        let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
        answer.is(200, "deferred").because("storefront-unavailable");
        world.clock.advance(Duration::from_secs(11));
        let again = service.post(&event(&pair(), ITEMS, &[A])).await;
        assert_eq!(again.outcome, "deferred", "{what}, past the deadline: {again:?}");
        world.tenant.fault(Fault::None);
        world.tenant.token_fault(Fault::None);
        service.until(&answer, CancellationState::Posted).await;
        world.has_memos(&["20.00"], what);
    }
}

#[tokio::test]
async fn an_event_waits_for_an_unreachable_newstore() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.tenant.refuse_connections().await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "deferred").because("storefront-unavailable");
    world.tenant.accept_connections().await;
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after it came back");
}

#[tokio::test]
async fn an_event_waits_for_a_hanging_newstore() {
    let settings = Settings { newstore: "timeout = \"200ms\"".to_owned(), ..Settings::default() };
    let world = TestWorld::with(&pair(), &settings).await;
    world.tenant.fault(Fault::Hang);
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "deferred").because("storefront-unavailable");
    world.tenant.fault(Fault::None);
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after it answered again");
}

#[tokio::test]
async fn an_order_with_a_lease_of_another_attempt_is_deferred() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let journal = world.book().open().await;
    let (tenant, order) = ("dodici".parse().unwrap(), ORDER.parse().unwrap());
    let token = LeaseToken("another replica".to_owned());
    let now = ports::Clock::now(&*world.clock);
    let held =
        journal.acquire(&tenant, &order, &token, now, Duration::from_secs(10)).await.unwrap();
    assert_eq!(held, OrderLease::Held);
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "deferred").because("order-busy");
    world.has_memos(&[], "while it is held elsewhere");
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "after the other's lease ended");
}

#[tokio::test]
async fn the_second_event_of_an_order_waits_for_the_first() {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let service = world.serve().await;
    let hold = world.account.hold(Operation::Add, Point::BeforeCommit);
    let first = service.post_beside(&event(&sale, ITEMS, &[A]));
    hold.reached().await;
    let second = service.post(&event(&sale, ITEMS, &[B])).await;
    second.is(200, "deferred").because("order-busy");
    hold.release();
    first.await.unwrap().is(200, "posted");
    service.until(&second, CancellationState::Posted).await;
    world.has_memos(&["20.00", "30.00"], "after both");
}

#[tokio::test]
async fn after_respond_within_the_caller_is_answered_and_the_work_continues() {
    for point in [Point::BeforeCommit, Point::AfterCommit] {
        let world = TestWorld::with(&pair(), &Settings::default()).await;
        let service = world.serve().await;
        let hold = world.account.hold(Operation::Add, point);
        let call = service.post_beside(&event(&pair(), ITEMS, &[A]));
        hold.reached().await;
        let answer = service.pass_time(call).await.unwrap();
        answer.is(200, "deferred").because("erp-timeout");
        let again = service.post(&event(&pair(), ITEMS, &[A])).await;
        again.is(200, "deferred");
        hold.release();
        service.until(&answer, CancellationState::Posted).await;
        world.has_memos(&["20.00"], &format!("held {point:?}"));
        service.stop().await;
        world.has_memos(&["20.00"], &format!("held {point:?}, everything finished"));
    }
}

#[tokio::test]
async fn memos_posted_while_other_units_wait_are_listed() {
    let (world, sale, booked) = TestWorld::half_invoiced().await;
    let service = world.serve().await;
    let answer = service.post(&event(&sale, ITEMS, &[A, B])).await;
    answer.is(200, "deferred").because("not-invoiced");
    assert_eq!(answer.memos, ["nst-cm-680ab9e626f2984bfa54"]);
    world.has_memos(&["20.00"], "while B is not invoiced");
    world.account.edit(&booked.invoices[1], |it| it.standing = Standing::Valid);
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00", "30.00"], "after B was invoiced");
}

#[tokio::test]
async fn a_deferred_event_is_durable_before_its_answer() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    world.tenant.remove(ORDER);
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "deferred");
    drop(service);
    pair().install_newstore(&world.tenant);
    let service = world.serve().await;
    service.until(&answer, CancellationState::Posted).await;
    world.has_memos(&["20.00"], "by the next process");
}

#[tokio::test]
async fn in_queued_mode_a_redelivery_keeps_the_wait_and_its_reason() {
    let settings = Settings { intake: "queued".to_owned(), ..Settings::default() };
    let world = TestWorld::with(&pair(), &settings).await;
    world.all_invoices(Standing::Voided);
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "accepted");
    let id = answer.id.as_deref().unwrap();
    let is_tried = async {
        while world.book().record(id).await.is_none_or(|it| it.reason.is_none()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    service.pass_time(is_tried).await;
    let tried = world.tenant.calls().graphql;
    for deliveries in 2..10 {
        service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "accepted");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let record = world.book().record(id).await.unwrap();
        let expected = (Some("not-invoiced"), deliveries);
        assert_eq!((record.reason.as_deref(), record.deliveries), expected);
    }
    assert_eq!(world.tenant.calls().graphql, tried, "it is not due yet");
}

#[tokio::test]
async fn a_redelivery_that_waits_does_not_shorten_a_longer_wait() {
    let settings = Settings { worker: "first_delay = \"1s\"".to_owned(), ..Settings::default() };
    let world = TestWorld::with(&pair(), &settings).await;
    world.tenant.fault(Fault::throttled(600));
    let service = world.serve().await;
    service.post(&event(&pair(), ITEMS, &[A])).await.is(200, "deferred");
    world.tenant.fault(Fault::None);
    world.all_invoices(Standing::Voided);
    let hold = world.account.hold(Operation::Search, Point::BeforeCommit);
    let call = service.post_beside(&event(&pair(), ITEMS, &[A]));
    hold.reached().await;
    let answer = service.pass_time(call).await.unwrap();
    answer.is(200, "deferred").because("erp-timeout");
    hold.release();
    let waits = async {
        let id = answer.id.as_deref().unwrap();
        while world.book().record(id).await.unwrap().reason.as_deref() != Some("not-invoiced") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    waits.await;
    let asked = world.tenant.calls().graphql;
    for _ in 0..60 {
        world.clock.advance(Duration::from_secs(1));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(world.tenant.calls().graphql, asked, "it waits for ten minutes");
}
