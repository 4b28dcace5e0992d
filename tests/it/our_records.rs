//! Whose record is it, and does the money fit: end to end through the webhook.

use rust_decimal::Decimal;
use sandbox::{
    netsuite::{Field, Kind, Line, Record},
    sale::{Billing, Booked, KeyColumn, Sale, Unit},
};
use tests::{A, B, C, ITEMS, ORDER, Settings, TestWorld, event, paid, pair};

const REFERENCE: &str = "TEST-1821";

/// The units of another shop's order with the same number.
const FOREIGN: [&str; 2] =
    ["5b1f0c52-7a55-4c1e-9d0e-000000010001", "5b1f0c52-7a55-4c1e-9d0e-000000010002"];

fn decimal(raw: &str) -> Decimal {
    raw.parse().unwrap()
}

/// The other shop's order of this number: the same products and prices.
fn foreign(key: KeyColumn, world: &TestWorld) -> Booked {
    let sale = Sale::new("5b1f0c52-7a55-4c1e-9d0e-000000000001", REFERENCE)
        .unit(Unit::new(FOREIGN[0], "10000", "20.00"))
        .unit(Unit::new(FOREIGN[1], "10001", "30.00"));
    sale.install_netsuite(&world.account, &Billing::OneInvoice, key)
}

#[tokio::test]
async fn another_shops_order_with_the_same_number_is_never_credited() {
    let sale = pair();
    let world = TestWorld::new(&Settings::default()).await;
    sale.install_newstore(&world.tenant);
    let _ = foreign(KeyColumn::Present, &world);
    let service = world.serve().await;
    let answer = service.post(&event(&sale, ITEMS, &[A])).await;
    answer.is(200, "deferred").because("sales-order-not-found");
    assert_eq!(world.account.memos(), []);
}

#[tokio::test]
async fn where_another_shop_has_the_number_the_orders_id_finds_the_sales_order() {
    let sale = pair();
    let world = TestWorld::new(&Settings::default()).await;
    sale.install_newstore(&world.tenant);
    let other = foreign(KeyColumn::Present, &world);
    // Our export found the number taken and used the order's id.
    let ours = Sale { reference: ORDER.to_owned(), ..sale.clone() };
    let booked = ours.install_netsuite(&world.account, &Billing::OneInvoice, KeyColumn::Present);
    let service = world.serve().await;
    service.post(&event(&sale, ITEMS, &[A])).await.is(200, "posted");
    let memos = world.account.memos();
    assert_eq!(memos.len(), 1, "{memos:#?}");
    assert_eq!(memos[0].created_from.as_ref(), booked.invoices.first());
    assert_ne!(memos[0].created_from.as_ref(), other.invoices.first());
}

#[tokio::test]
async fn an_order_without_unit_ids_is_recognised_by_product_and_currency() {
    let sale = pair();
    let world = TestWorld::new(&Settings::default()).await;
    sale.install_newstore(&world.tenant);
    let _ = sale.install_netsuite(&world.account, &Billing::OneInvoice, KeyColumn::Absent);
    let service = world.serve().await;
    service.post(&event(&sale, ITEMS, &[A])).await.is(200, "posted");

    let other = Sale { units: Vec::new(), ..sale.clone() };
    let other = other.unit(Unit::new(A, "90001", "20.00")).unit(Unit::new(B, "90002", "30.00"));
    let world = TestWorld::new(&Settings::default()).await;
    sale.install_newstore(&world.tenant);
    let _ = other.install_netsuite(&world.account, &Billing::OneInvoice, KeyColumn::Absent);
    let service = world.serve().await;
    let answer = service.post(&event(&sale, ITEMS, &[A])).await;
    answer.is(200, "deferred").because("sales-order-not-found");
}

#[tokio::test]
async fn the_noise_of_a_double_is_no_difference() {
    let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
    let edits: [fn(&mut Record); 2] = [
        |it| {
            it.total = decimal("49.99999999999999");
            it.remaining = Some(decimal("49.99999999999999"));
        },
        |it| it.remaining = Some(decimal("49.99999999999999")),
    ];
    for edit in edits {
        let world = TestWorld::new(&Settings::default()).await;
        let booked = world.install(&sale, &Billing::OneInvoice);
        world.account.edit(&booked.invoices[0], edit);
        let service = world.serve().await;
        let answer = service.post(&event(&sale, ITEMS, &[A, B])).await;
        answer.is(200, "posted");
        let memo = world.memo(&answer.memos[0]);
        assert_eq!(memo.total, decimal("50.00"));
        assert_eq!(memo.applied[0].amount, decimal("50.00"));
        let record = service.until(&answer, ports::CancellationState::Posted).await;
        assert_eq!(record.flags, Vec::<String>::new());
    }
}

#[tokio::test]
async fn an_invoice_a_cent_below_the_order_ends_its_memo_with_a_rounding_line() {
    let sale = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "33.33"))
        .unit(Unit::new(B, "10001", "33.33"))
        .unit(Unit::new(C, "10002", "33.34"))
        .paid(paid("100.00"))
        .cancelled(&[A, B, C])
        .refunded("credit_card", "100.00");
    for (whole, expected) in [(true, vec!["99.99"]), (false, vec!["33.33", "66.66"])] {
        let world = TestWorld::new(&Settings::default()).await;
        let booked = world.install(&sale, &Billing::OneInvoice);
        world.account.edit(&booked.invoices[0], |it| {
            it.total = decimal("99.99");
            it.remaining = Some(decimal("99.99"));
        });
        let service = world.serve().await;
        let events: &[&[&str]] = if whole { &[&[A, B, C]] } else { &[&[A], &[B, C]] };
        for units in events {
            service.post(&event(&sale, ITEMS, units)).await.is(200, "posted");
        }
        let memos = world.account.memos();
        let totals: Vec<String> = memos.iter().map(|memo| format!("{:.2}", memo.total)).collect();
        assert_eq!(totals, expected);
        let applied: Decimal =
            memos.iter().flat_map(|memo| &memo.applied).map(|it| it.amount).sum();
        assert_eq!(applied, decimal("99.99"));
        let last = memos.last().unwrap().lines.last().unwrap();
        assert_eq!((last.item.as_str(), last.amount), ("12777", decimal("-0.01")));
    }
}

#[tokio::test]
async fn shipping_that_differs_from_the_invoice_parks_with_both_amounts() {
    let sale = Sale::new(ORDER, REFERENCE)
        .unit(Unit::new(A, "10000", "20.00"))
        .shipping("5.00", "0.00")
        .paid(paid("25.00"))
        .cancelled(&[A])
        .refunded("credit_card", "25.00");
    let world = TestWorld::new(&Settings::default()).await;
    let booked = world.install(&sale, &Billing::OneInvoice);
    world.account.edit(&booked.invoices[0], |it| it.shipping_cost = Some(decimal("7.00")));
    let service = world.serve().await;
    let answer = service.post(&event(&sale, ITEMS, &[A])).await;
    answer.is(200, "parked").because("amount-mismatch");
    assert_eq!(world.account.memos(), []);
}

#[tokio::test]
async fn a_line_with_a_swapped_unit_is_not_credited_for_another() {
    let sale = pair();
    let world = TestWorld::new(&Settings::default()).await;
    let booked = world.install(&sale, &Billing::OneInvoice);
    let swap = |record: &mut Record| {
        let line: &mut Line = &mut record.lines[0];
        line.fields = vec![Field::text("custcol_nws_item_id", FOREIGN[0])];
    };
    world.account.edit(&booked.invoices[0], swap);
    for order in world.account.of_kind(Kind::SalesOrder) {
        world.account.edit(&order.id, swap);
    }
    let service = world.serve().await;
    let answer = service.post(&event(&sale, ITEMS, &[A])).await;
    answer.is(200, "deferred").because("not-invoiced");
    assert_eq!(world.account.memos(), []);
}
