//! Events that are done, or need a person: answered so, and answered so again.

use ports::CancellationState;
use rust_decimal::Decimal;
use sandbox::{
    netsuite::{Fault, Kind, Line, Operation, Record},
    sale::{Billing, Sale, Unit},
};
use tests::{A, B, ITEMS, ORDER, Settings, TestWorld, WHOLE, event, paid, pair};

#[tokio::test]
async fn a_memo_created_now_is_posted() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "posted");
    assert_eq!(answer.memos, ["nst-cm-680ab9e626f2984bfa54"]);
    world.has_memos(&["20.00"], "after one event");
    let record = world.book().record(&answer.id.unwrap()).await.unwrap();
    assert_eq!((record.state, record.deliveries), (CancellationState::Posted, 1), "{record:?}");
    service.stop().await;
}

#[tokio::test]
async fn a_redelivery_is_already_posted() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    world.proofs_are_made().await;
    let first = service.post(&event(&pair(), ITEMS, &[A])).await;
    let calls = (world.account.calls(), world.tenant.calls());
    for _ in 0..3 {
        let again = service.post(&event(&pair(), ITEMS, &[A])).await;
        again.is(200, "already-posted");
        assert_eq!(again.id, first.id);
    }
    assert_eq!((world.account.calls(), world.tenant.calls()), calls, "nobody was asked again");
    world.has_memos(&["20.00"], "after four deliveries");
}

#[tokio::test]
async fn units_credited_by_another_event_are_already_posted() {
    let world = TestWorld::with(&pair(), &Settings::default()).await;
    let service = world.serve().await;
    let first = service.post(&event(&pair(), ITEMS, &[A])).await;
    first.is(200, "posted");
    let second = service.post(&event(&pair(), WHOLE, &[A])).await;
    second.is(200, "already-posted").because("already-credited");
    assert_ne!(first.id, second.id);
    world.has_memos(&["20.00"], "after both events");
}

#[tokio::test]
async fn units_credited_by_hand_are_already_posted() {
    let world = TestWorld::new(&Settings::default()).await;
    let booked = world.install(&pair(), &Billing::OneInvoice);
    let invoice = world.account.invoice(&booked.invoices[0]).unwrap();
    let mut memo = Record::new(Kind::CreditMemo, &invoice.entity, &invoice.currency);
    memo.created_from = Some(invoice.id.clone());
    memo.lines = vec![Line { order_line: Some(1), ..invoice.lines[0].clone() }];
    world.account.add(memo);
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "already-posted").because("already-credited");
    world.has_memos(&["20.00"], "somebody's memo");
}

#[tokio::test]
async fn a_cancellation_without_credit_is_skipped_and_stays_skipped() {
    let free = Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00").discounts("20.00", "0.00"))
        .paid(paid("0.00"))
        .cancelled(&[A]);
    let table = [
        ("", Billing::OneInvoice, free, "nothing-to-credit"),
        ("not_invoiced = \"close-lines\"", Billing::NotInvoiced, pair(), "lines-closed"),
    ];
    for (policy, billing, sale, reason) in table {
        let world = TestWorld::new(&Settings::policy(policy)).await;
        let booked = world.install(&sale, &billing);
        let service = world.serve().await;
        let answer = service.post(&event(&sale, ITEMS, &[A])).await;
        answer.is(200, "skipped").because(reason);
        let again = service.post(&event(&sale, ITEMS, &[A])).await;
        again.is(200, "skipped").because(reason);
        world.has_memos(&[], reason);
        let order = world.account.sales_order(&booked.sales_order.unwrap()).unwrap();
        let closed = reason == "lines-closed";
        assert_eq!(order.lines[0].closed, closed, "{reason}: {order:?}");
    }
}

/// What a person has to look at.
struct Trouble {
    reason: &'static str,
    policy: &'static str,
    sale: Sale,
    billing: Billing,
    make: fn(&TestWorld, &str),
}

fn troubles() -> [Trouble; 6] {
    let trouble = |reason, make| Trouble {
        reason,
        policy: "",
        sale: pair(),
        billing: Billing::OneInvoice,
        make,
    };
    [
        Trouble { sale: pair().currency("CAD"), ..trouble("unmapped", |_, _| {}) },
        trouble("amount-mismatch", |world, invoice| {
            world.account.edit(invoice, |it| it.lines[0].amount = Decimal::from(19));
        }),
        trouble("currency-mismatch", |world, invoice| {
            world.account.edit(invoice, |it| it.currency = String::from("2"));
        }),
        trouble("erp-refused", |world, _| {
            let fault = Fault::refusal("INVALID_KEY_OR_REF", "Invalid department reference key 4.");
            world.account.fault(fault.on(Operation::Add));
        }),
        Trouble { billing: Billing::CashSale, ..trouble("cash-sale", |_, _| {}) },
        Trouble {
            billing: Billing::NotInvoiced,
            policy: "not_invoiced = \"park\"",
            ..trouble("not-invoiced", |_, _| {})
        },
    ]
}

#[tokio::test]
async fn a_parked_cancellation_is_not_retried_by_a_redelivery() {
    for Trouble { reason, policy, sale, billing, make } in troubles() {
        let world = TestWorld::new(&Settings::policy(policy)).await;
        let booked = world.install(&sale, &billing);
        make(&world, booked.invoices.first().map_or("", String::as_str));
        let service = world.serve().await;
        world.proofs_are_made().await;
        let answer = service.post(&event(&sale, ITEMS, &[A])).await;
        answer.is(200, "parked").because(reason);
        world.account.clear_faults();
        let calls = (world.account.calls(), world.tenant.calls());
        let again = service.post(&event(&sale, ITEMS, &[A])).await;
        again.is(200, "parked").because(reason);
        assert_eq!((world.account.calls(), world.tenant.calls()), calls, "{reason}: asked again");
        world.has_memos(&[], reason);
        let states = world.book().states().await;
        assert_eq!(states, [(CancellationState::Parked, Some(reason.to_owned()))]);
    }
}

#[tokio::test]
async fn one_bad_order_does_not_stop_the_next() {
    let world = TestWorld::new(&Settings::default()).await;
    let bad = pair().currency("CAD");
    world.install(&bad, &Billing::OneInvoice);
    let good = Sale { order: "0c1f2e3d-0000-4000-8000-00000000000a".to_owned(), ..pair() };
    let good = Sale { reference: "TEST-1822".to_owned(), ..good };
    world.install(&good, &Billing::OneInvoice);
    let service = world.serve().await;
    service.post(&event(&bad, ITEMS, &[A])).await.is(200, "parked");
    service.post(&event(&good, ITEMS, &[A])).await.is(200, "posted");
    world.has_memos(&["20.00"], "the good order's");
}

#[tokio::test]
async fn in_queued_mode_the_event_is_durable_first_and_posted_later() {
    let settings = Settings { intake: "queued".to_owned(), ..Settings::default() };
    let world = TestWorld::with(&pair(), &settings).await;
    let service = world.serve().await;
    let answer = service.post(&event(&pair(), ITEMS, &[A])).await;
    answer.is(200, "accepted");
    service.until(&answer, CancellationState::Posted).await;
    let again = service.post(&event(&pair(), ITEMS, &[A])).await;
    again.is(200, "already-posted");
    world.has_memos(&["20.00"], "after two deliveries");
    service.stop().await;
}

#[tokio::test]
async fn both_units_in_two_events_are_credited_once_each() {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let service = world.serve().await;
    service.post(&event(&sale, ITEMS, &[B])).await.is(200, "posted");
    service.post(&event(&sale, WHOLE, &[A, B])).await.is(200, "posted");
    world.has_memos(&["30.00", "20.00"], "after both events");
}
