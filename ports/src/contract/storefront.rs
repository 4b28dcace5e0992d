//! What every implementation of the [`Storefront`] port promises.

use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::{
    Amount, InstrumentSnapshot, OrderId, OrderSnapshot, ReportedAmount, Timestamp,
    TransactionSnapshot, UnitSnapshot,
};

use crate::{Basis, Cursor, Storefront, StorefrontError, Window};

/// A storefront set up for testing; the test decides what it shows.
#[async_trait]
pub trait StorefrontSubject: Send + Sync {
    /// The implementation, over a storefront without orders.
    fn storefront(&self) -> &dyn Storefront;

    /// Shows this order from now on, in place of what it showed under this id. Without payments
    /// it shows no payment account.
    async fn show(&self, order: &OrderSnapshot, sent: Sent);

    /// Stops showing the order, as if it had not been replicated yet.
    async fn hide(&self, id: &OrderId);

    /// The order was created and last changed at these times.
    async fn date(&self, id: &OrderId, created: Timestamp, changed: Timestamp);

    /// From now on refuses queries by time of change.
    async fn refuse_times_of_change(&self);

    /// Limits every page to this many entries.
    async fn limit_pages(&self, entries: usize);

    /// From now on answers nothing, and keeps every connection open.
    async fn fall_silent(&self);

    /// The implementation's own timeout; short, because one test waits for it.
    fn timeout(&self) -> Duration;
}

/// How amounts are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// As texts.
    Texts,
    /// As numbers.
    Numbers,
}

/// Nothing is lost or added in transit.
pub async fn an_order_arrives_as_it_is_shown(subject: &dyn StorefrontSubject) {
    let order = order();
    subject.show(&order, Sent::Texts).await;
    assert_eq!(read_order(subject).await, Some(order));
}

/// All units are returned: a missed unit would count as not active.
pub async fn all_units_are_returned_for_every_page_size(subject: &dyn StorefrontSubject) {
    let units = (0..230).map(|it| unit(&format!("unit-{it}"))).collect();
    let order = OrderSnapshot { units, ..order() };
    subject.show(&order, Sent::Texts).await;
    for limit in [19, 100, 229, 230, 1000] {
        subject.limit_pages(limit).await;
        assert_eq!(read_order(subject).await.as_ref(), Some(&order), "pages of {limit}");
    }
}

/// All transactions are returned: a missed one would change what is held or given back.
pub async fn all_payments_are_returned_for_every_page_size(subject: &dyn StorefrontSubject) {
    let instrument = |index: i64| InstrumentSnapshot {
        method: Some("gift_card".to_owned()),
        transactions: (0..9).map(|nth| transaction("capture", 100 * index + nth)).collect(),
        ..Default::default()
    };
    let order = OrderSnapshot { payments: Some((0..5).map(instrument).collect()), ..order() };
    subject.show(&order, Sent::Texts).await;
    for limit in [2, 3, 5, 9, 100] {
        subject.limit_pages(limit).await;
        assert_eq!(read_order(subject).await.as_ref(), Some(&order), "pages of {limit}");
    }
}

/// An order that is not visible yet is `None`, because events run ahead of the API.
pub async fn an_order_that_is_not_visible_is_none(subject: &dyn StorefrontSubject) {
    assert_eq!(read_order(subject).await, None, "never shown");
    let order = order();
    subject.show(&order, Sent::Texts).await;
    subject.hide(&order.id).await;
    assert_eq!(read_order(subject).await, None, "no longer shown");
}

/// "Not there yet" and "none" are different answers.
pub async fn missing_payments_are_none_and_never_an_empty_list(subject: &dyn StorefrontSubject) {
    let untouched =
        InstrumentSnapshot { method: Some("credit_card".to_owned()), ..Default::default() };
    for payments in [None, Some(Vec::new()), Some(vec![untouched])] {
        let order = OrderSnapshot { payments, ..order() };
        subject.show(&order, Sent::Texts).await;
        assert_eq!(read_order(subject).await, Some(order));
    }
}

/// Amounts stay exact: no float is used, also where the value looks like one.
pub async fn amounts_arrive_exactly_as_numbers_and_as_texts(subject: &dyn StorefrontSubject) {
    let table = ["0.1", "-5", "89.40", "33.335", "0.07", "1000000", "12345678901.23"];
    for amount in table {
        for sent in [Sent::Texts, Sent::Numbers] {
            let priced = UnitSnapshot { price: ReportedAmount::of(amount), ..unit("unit-1") };
            let grand_total = ReportedAmount::of(amount);
            let order = OrderSnapshot { units: vec![priced], grand_total, ..order() };
            subject.show(&order, sent).await;
            assert_eq!(read_order(subject).await, Some(order), "{amount} as {sent:?}");
        }
    }
}

/// Answers are not cached: a cached answer would hide the change that is waited for.
pub async fn answers_are_never_cached(subject: &dyn StorefrontSubject) {
    for status in ["opened", "cancelled", "returned"] {
        let unit = UnitSnapshot { status: Some(status.to_owned()), ..unit("unit-1") };
        let order = OrderSnapshot { units: vec![unit], ..order() };
        subject.show(&order, Sent::Texts).await;
        assert_eq!(read_order(subject).await, Some(order), "{status}");
    }
}

/// A cancellation whose event was lost is found by the order's last change.
pub async fn orders_changed_in_a_window_are_listed_with_all_their_units(
    subject: &dyn StorefrontSubject,
) {
    // cancelled, created, changed, expected to be listed
    let table = [
        ("cancelled", -90, 0, true),
        ("Canceled", 1, 9, true),
        ("cancelled", 1, 10, false),
        ("cancelled", -2, -1, false),
        ("opened", 1, 1, false),
    ];
    for (nth, (status, created, changed, _)) in table.iter().enumerate() {
        show_at(subject, nth, status, *created, *changed).await;
    }
    let (orders, basis) = read_window(subject).await;
    assert_eq!(basis, Basis::Changed);
    let expected = table.iter().enumerate().filter(|(_, row)| row.3);
    let expected: Vec<_> = expected.map(|(nth, row)| listed(nth, row.0)).collect();
    assert_eq!(orders, expected);
}

/// All orders of a window are returned: a missed order is a missed credit.
pub async fn a_window_is_listed_completely_for_every_page_size(subject: &dyn StorefrontSubject) {
    for nth in 0..23 {
        show_at(subject, nth, "cancelled", 1, 1).await;
    }
    let expected: Vec<_> = (0..23).map(|nth| listed(nth, "cancelled")).collect();
    for limit in [1, 7, 22, 23, 100] {
        subject.limit_pages(limit).await;
        assert_eq!(read_window(subject).await.0, expected, "pages of {limit}");
    }
}

/// Where the filter by change is refused, orders are listed by creation.
pub async fn without_a_filter_by_change_orders_are_listed_by_creation(
    subject: &dyn StorefrontSubject,
) {
    show_at(subject, 0, "cancelled", 1, 1).await;
    show_at(subject, 1, "cancelled", -20, 1).await;
    show_at(subject, 2, "cancelled", 10, 10).await;
    subject.refuse_times_of_change().await;
    let (orders, basis) = read_window(subject).await;
    assert_eq!(orders, [listed(0, "cancelled"), listed(1, "cancelled")]);
    let Basis::Created { since } = basis else { panic!("{basis:?}") };
    assert!(since <= hour(-20), "{since:?} is not long enough before the window");
}

/// Every call has a timeout of its own.
pub async fn every_call_ends_within_the_timeout(subject: &dyn StorefrontSubject) {
    let order = order();
    subject.show(&order, Sent::Texts).await;
    subject.fall_silent().await;
    let asked_at = Instant::now();
    let answer = subject.storefront().order(&order.id).await;
    assert!(matches!(answer, Err(StorefrontError::Unavailable(_))), "{answer:?}");
    // Twice the time, because the machine may be busy with other tests.
    assert!(asked_at.elapsed() < subject.timeout() * 2, "took {:?}", asked_at.elapsed());
}

async fn read_order(subject: &dyn StorefrontSubject) -> Option<OrderSnapshot> {
    subject.storefront().order(&order().id).await.unwrap()
}

fn hour(hours: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + hours * 3_600_000)
}

/// Shows the order of this number, created and changed this many hours after the start of the
/// window.
async fn show_at(
    subject: &dyn StorefrontSubject,
    nth: usize,
    status: &str,
    created: i64,
    changed: i64,
) {
    let order = listed(nth, status);
    subject.show(&order, Sent::Texts).await;
    subject.date(&order.id, hour(created), hour(changed)).await;
}

/// An order as a window lists it, with one active unit.
fn listed(nth: usize, status: &str) -> OrderSnapshot {
    let cancelled = UnitSnapshot { status: Some(status.to_owned()), ..unit("unit-1") };
    let active = UnitSnapshot { status: Some("opened".to_owned()), ..unit("unit-2") };
    OrderSnapshot {
        id: format!("9f4e8ffc-c79c-5839-b1b7-{nth:012}").parse().unwrap(),
        coupon: None,
        payments: None,
        units: vec![cancelled, active],
        ..order()
    }
}

/// The orders of a window of ten hours, in the order of their ids.
async fn read_window(subject: &dyn StorefrontSubject) -> (Vec<OrderSnapshot>, Basis) {
    let window = Window { since: hour(0), until: Some(hour(10)) };
    let (mut orders, mut place) = (Vec::new(), Cursor::default());
    loop {
        let page = subject.storefront().cancelled(window, &place).await.unwrap();
        orders.extend(page.orders);
        let Some(next) = page.next else {
            orders.sort_by(|a, b| a.id.cmp(&b.id));
            return (orders, page.basis);
        };
        place = next;
    }
}

fn order() -> OrderSnapshot {
    let card = InstrumentSnapshot {
        method: Some("credit_card".to_owned()),
        provider: Some("adyen".to_owned()),
        last_four: None,
        transactions: vec![transaction("authorize", 2495), transaction("capture", 2495)],
    };
    OrderSnapshot {
        id: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        external_id: Some("TEST-1821".to_owned()),
        currency: Some("USD".to_owned()),
        channel: Some("USC".to_owned()),
        channel_type: Some("web".to_owned()),
        demand_location: None,
        tax_strategy: Some("tax_excluded".to_owned()),
        price_method: None,
        is_exchange: false,
        is_historical: true,
        shipping_total: cents(500),
        shipping_tax: ReportedAmount::Absent,
        grand_total: cents(2495),
        coupon: Some("WELCOME".to_owned()),
        units: vec![unit("unit-1"), unit("unit-2")],
        payments: Some(vec![card]),
    }
}

fn unit(id: &str) -> UnitSnapshot {
    UnitSnapshot {
        id: id.to_owned(),
        product: Some("10000".to_owned()),
        quantity: ReportedAmount::of("1"),
        price: cents(1995),
        item_discounts: cents(200),
        order_discounts: ReportedAmount::Absent,
        tax: cents(0),
        status: Some("cancelled".to_owned()),
        reason: Some("insufficient_stock".to_owned()),
        service_level: Some("GROUND".to_owned()),
    }
}

fn transaction(kind: &str, amount: i64) -> TransactionSnapshot {
    let (kind, currency) = (Some(kind.to_owned()), Some("USD".to_owned()));
    TransactionSnapshot { kind, amount: cents(amount), currency }
}

fn cents(cents: i64) -> ReportedAmount {
    ReportedAmount::Value(Amount::cents(cents))
}
