//! The worked examples of the rules, end to end through the webhook.

use ports::CancellationState;
use sandbox::{
    netsuite::{Line, Record},
    sale::{Billing, KeyColumn, Payment, Sale, Unit},
};
use tests::{
    A, Answer, B, C, ITEMS, ORDER, Service, Settings, TestWorld, WHOLE, event, paid, pair,
};

const REFERENCE: &str = "TEST-1821";
const PAYMENT_ITEMS: &str = "settlement = \"payment-items\"\ntax = \"item\"";

/// A memo in one line: each line's unit with the invoice line it credits and
/// its amount, then shipping, tax, total and what is applied to the invoice.
fn shown(memo: &Record) -> String {
    let mut parts = vec![memo.lines.iter().map(shown_line).collect::<Vec<_>>().join(", ")];
    if let Some(shipping) = memo.shipping_cost.filter(|it| !it.is_zero()) {
        parts.push(format!("shipping {shipping:.2}"));
    }
    if !memo.tax_total.is_zero() {
        parts.push(format!("tax {:.2}", memo.tax_total));
    }
    parts.push(format!("total {:.2}", memo.total));
    parts.extend(memo.applied.iter().map(|it| format!("applied {:.2}", it.amount)));
    parts.join(" | ")
}

fn shown_line(line: &Line) -> String {
    let what = match line.field("custcol_nws_item_id") {
        Some(A) => "A".to_owned(),
        Some(B) => "B".to_owned(),
        Some(C) => "C".to_owned(),
        Some(other) => other.to_owned(),
        None => match line.item.as_str() {
            "8494" => "discount".to_owned(),
            "12777" => "rounding".to_owned(),
            "91254" => "gift card".to_owned(),
            "91291" => "card".to_owned(),
            other => format!("item {other}"),
        },
    };
    let place = line.order_line.map(|it| format!("@{it}")).unwrap_or_default();
    format!("{what}{place} {:.2}", line.amount)
}

#[track_caller]
fn expect_memos(world: &TestWorld, expected: &[&str]) {
    let memos: Vec<String> = world.account.memos().iter().map(shown).collect();
    assert_eq!(memos, expected);
}

fn install(world: &TestWorld, sale: &Sale, billing: &Billing, key: KeyColumn) {
    sale.install_newstore(&world.tenant);
    let _ = sale.install_netsuite(&world.account, billing, key);
}

async fn cancel(service: &Service, sale: &Sale, units: &[&str]) -> Answer {
    service.post(&event(sale, ITEMS, units)).await
}

/// One invoice with unit ids on its lines, one event, and the memos it leads to.
async fn check(sale: Sale, policy: &str, units: &[&str], expected: &[&str]) {
    let world = TestWorld::with(&sale, &Settings::policy(policy)).await;
    let service = world.serve().await;
    let answer = cancel(&service, &sale, units).await;
    answer.is(200, "posted");
    expect_memos(&world, expected);
    let states = world.book().states().await;
    assert_eq!(states, [(CancellationState::Posted, None)]);
}

#[tokio::test]
async fn example_1_one_item_of_an_order() {
    check(pair(), "", &[A], &["A@1 20.00 | total 20.00 | applied 20.00"]).await;
}

#[tokio::test]
async fn example_2_a_taxed_item() {
    let sale = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "49.95").tax("4.43"))
        .unit(Unit::new(B, "10001", "10.00").tax("0.89"))
        .paid(paid("65.27"))
        .cancelled(&[A])
        .refunded("credit_card", "54.38");
    check(sale, "", &[A], &["A@1 49.95 | tax 4.43 | total 54.38 | applied 54.38"]).await;
}

#[tokio::test]
async fn example_3_a_discounted_item() {
    let sale = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "20.00").discounts("4.00", "1.00").tax("1.20"))
        .paid(paid("16.20"))
        .cancelled(&[A])
        .refunded("credit_card", "16.20");
    let memo = "A@1 20.00, discount@2 -5.00 | tax 1.20 | total 16.20 | applied 16.20";
    check(sale, "", &[A], &[memo]).await;
}

#[tokio::test]
async fn example_4_shipping_goes_with_the_last_item() {
    let whole = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .shipping("5.00", "0.40")
        .paid(paid("55.40"));
    let first = whole.cancelled(&[A]).refunded("credit_card", "20.00");
    let world = TestWorld::with(&first, &Settings::default()).await;
    let service = world.serve().await;
    cancel(&service, &first, &[A]).await.is(200, "posted");
    let second = first.cancelled(&[B]).refunded("credit_card", "35.40");
    second.install_newstore(&world.tenant);
    cancel(&service, &second, &[B]).await.is(200, "posted");
    let memos = [
        "A@1 20.00 | total 20.00 | applied 20.00",
        "B@2 30.00 | shipping 5.00 | tax 0.40 | total 35.40 | applied 35.40",
    ];
    expect_memos(&world, &memos);
}

#[tokio::test]
async fn example_5_payment_items_net_to_zero() {
    let sale = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .paid(Payment::captured("gift_card", "gift_card", "15.00"))
        .paid(paid("35.00"))
        .cancelled(&[A])
        .refunded("gift_card", "15.00")
        .refunded("credit_card", "5.00");
    let memo = "A@1 20.00, gift card -15.00, card -5.00 | total 0.00";
    check(sale, PAYMENT_ITEMS, &[A], &[memo]).await;
}

#[tokio::test]
async fn example_6_tax_inside_the_price() {
    let sale = Sale::new(ORDER, REFERENCE)
        .currency("GBP")
        .tax_inside()
        .unit(Unit::new(A, "10000", "119.00").tax("19.00"))
        .paid(paid("119.00"))
        .cancelled(&[A])
        .refunded("credit_card", "119.00");
    check(sale, "", &[A], &["A@1 100.00 | tax 19.00 | total 119.00 | applied 119.00"]).await;
}

/// A and B are the same product.
fn twins() -> Sale {
    Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "33.33"))
        .unit(Unit::new(B, "10000", "33.33"))
        .unit(Unit::new(C, "10001", "33.34"))
        .paid(paid("100.00"))
        .cancelled(&[B])
        .refunded("credit_card", "33.33")
}

#[tokio::test]
async fn example_7_the_line_of_the_unit() {
    check(twins(), "", &[B], &["B@2 33.33 | total 33.33 | applied 33.33"]).await;
}

#[tokio::test]
async fn example_8_without_unit_ids_the_lowest_line_with_quantity_left() {
    let world = TestWorld::new(&Settings::default()).await;
    install(&world, &twins(), &Billing::OneInvoice, KeyColumn::Absent);
    let service = world.serve().await;
    cancel(&service, &twins(), &[B]).await.is(200, "posted");
    let both = twins().cancelled(&[A]).refunded("credit_card", "33.33");
    both.install_newstore(&world.tenant);
    cancel(&service, &both, &[A]).await.is(200, "posted");
    let memos =
        ["B@1 33.33 | total 33.33 | applied 33.33", "A@2 33.33 | total 33.33 | applied 33.33"];
    expect_memos(&world, &memos);
}

#[tokio::test]
async fn example_9_one_memo_per_invoice() {
    let sale = pair().cancelled(&[B]).refunded("credit_card", "30.00");
    let world = TestWorld::new(&Settings::default()).await;
    let groups = vec![vec![A.to_owned()], vec![B.to_owned()]];
    install(&world, &sale, &Billing::Invoices(groups), KeyColumn::Present);
    let service = world.serve().await;
    let answer = cancel(&service, &sale, &[A, B]).await;
    answer.is(200, "posted");
    let memos =
        ["A@1 20.00 | total 20.00 | applied 20.00", "B@1 30.00 | total 30.00 | applied 30.00"];
    expect_memos(&world, &memos);
    assert_eq!(answer.memos.len(), 2, "{answer:?}");
    assert_eq!(answer.memos[0], "nst-cm-680ab9e626f2984bfa54");
    let sources = answer.memos.iter().map(|key| world.memo(key).created_from.unwrap());
    let sources: Vec<String> = sources.collect();
    assert_ne!(sources[0], sources[1], "{answer:?}");
}

#[tokio::test]
async fn example_10_overlapping_events_in_any_order_each_twice() {
    let sale = pair().cancelled(&[B]).refunded("credit_card", "30.00");
    let first = event(&sale, ITEMS, &[A]);
    let second = event(&sale, WHOLE, &[A, B]);
    for order in
        [[1, 1, 2, 2], [1, 2, 1, 2], [1, 2, 2, 1], [2, 1, 1, 2], [2, 1, 2, 1], [2, 2, 1, 1]]
    {
        let world = TestWorld::with(&sale, &Settings::default()).await;
        let service = world.serve().await;
        let mut outcomes = Vec::new();
        for which in order {
            let answer = service.post(if which == 1 { &first } else { &second }).await;
            assert_eq!(answer.status, 200, "{order:?}: {answer:?}");
            outcomes.push(answer.outcome);
        }
        let memos = world.account.memos();
        let mut units: Vec<&str> = memos
            .iter()
            .flat_map(|memo| &memo.lines)
            .filter_map(|it| it.field("custcol_nws_item_id"))
            .collect();
        units.sort_unstable();
        assert_eq!(units, [B, A], "{order:?}: {outcomes:?} {memos:?}");
        let total: rust_decimal::Decimal = memos.iter().map(|memo| memo.total).sum();
        assert_eq!(total.to_string(), "50.00", "{order:?}: {memos:?}");
        let posted = outcomes.iter().filter(|it| *it == "posted").count();
        assert_eq!(posted, memos.len(), "{order:?}: {outcomes:?}");
    }
}

#[tokio::test]
async fn example_11_the_rounding_cents() {
    let sale = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "33.33"))
        .unit(Unit::new(B, "10001", "33.33"))
        .unit(Unit::new(C, "10002", "33.33"))
        .grand_total("100.00")
        .paid(paid("100.00"))
        .cancelled(&[A, B, C])
        .refunded("credit_card", "100.00");
    let memo = "A@1 33.33, B@2 33.33, C@3 33.33, rounding 0.01 | total 100.00 | applied 100.00";
    check(sale, "", &[A, B, C], &[memo]).await;
}

#[tokio::test]
async fn example_12_a_free_order_has_nothing_to_credit() {
    let sale = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "20.00").discounts("0.00", "20.00"))
        .cancelled(&[A]);
    let world = TestWorld::with(&sale, &Settings::default()).await;
    let service = world.serve().await;
    cancel(&service, &sale, &[A]).await.is(200, "skipped").because("nothing-to-credit");
    expect_memos(&world, &[]);
    let states = world.book().states().await;
    assert_eq!(states, [(CancellationState::Skipped, Some("nothing-to-credit".to_owned()))]);
}

#[tokio::test]
async fn example_13_captured_at_shipment_and_never_billed() {
    let sale = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .paid(Payment::authorized("credit_card", "adyen", "50.00"))
        .transaction("credit_card", "capture", "30.00")
        .cancelled(&[A]);
    let worker = "give_up_after = \"1m\"".to_owned();
    let world = TestWorld::new(&Settings { worker, ..Settings::default() }).await;
    let billing = Billing::Invoices(vec![vec![B.to_owned()]]);
    install(&world, &sale, &billing, KeyColumn::Present);
    let service = world.serve().await;
    let answer = cancel(&service, &sale, &[A]).await;
    answer.is(200, "deferred").because("not-invoiced");
    let record = service.until(&answer, CancellationState::Skipped).await;
    assert_eq!(record.reason.as_deref(), Some("never-billed"), "{record:?}");
    expect_memos(&world, &[]);
}
