//! Sample cancellations and memos to write into a journal, also for other tests.

use domain::{
    Amount, Cancellation, CancellationId, CivilDate, CreditMemo, LineKind, MemoKey, MemoLine,
    OrderId, RecordId, Source, TaxBasis, Tenant, Timestamp, UnitId,
};

use crate::LeaseToken;

/// An order.
pub const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";
/// Another order.
pub const OTHER_ORDER: &str = "0d0a2f1c-0000-4000-8000-0000000000ff";

/// This many seconds after an arbitrary start.
#[must_use]
pub fn at(second: i64) -> Timestamp {
    Timestamp::from_millis(1_790_000_000_000 + second * 1000)
}

/// The tenant of this name.
#[must_use]
pub fn tenant(name: &str) -> Tenant {
    name.parse().unwrap()
}

/// The order with this id.
#[must_use]
pub fn order(id: &str) -> OrderId {
    id.parse().unwrap()
}

/// The ledger's record with this id.
#[must_use]
pub fn record(id: &str) -> RecordId {
    id.parse().unwrap()
}

/// The token of the run with this name.
#[must_use]
pub fn token(name: &str) -> LeaseToken {
    LeaseToken(name.to_owned())
}

/// The cancellation of these units, published at this second.
#[must_use]
pub fn cancellation(order_id: &str, units: &[&str], published: i64) -> Cancellation {
    let units = units.iter().map(|it| (unit(it), Some("out of stock".to_owned())));
    Cancellation {
        tenant: tenant("dodici"),
        event: "order.items_cancelled".to_owned(),
        order: order(order_id),
        units: units.collect(),
        published_at: at(published),
    }
}

/// The cancellation of the one unit `a` of [`ORDER`].
#[must_use]
pub fn id() -> CancellationId {
    cancellation(ORDER, &["a"], 0).id()
}

/// A memo of one line for these units.
#[must_use]
pub fn memo(order_id: &str, units: &[&str], cents: i64) -> CreditMemo {
    let units: Vec<_> = units.iter().map(|it| unit(it)).collect();
    let amount = Amount::cents(cents);
    CreditMemo {
        key: MemoKey::of(&tenant("dodici"), &order(order_id), &units),
        order: order(order_id),
        source: Source::Invoice(record("4711")),
        entity: record("12"),
        currency: Some(record("1")),
        money: "USD".parse().unwrap(),
        account: None,
        location: None,
        department: None,
        class: None,
        subsidiary: None,
        custom_form: None,
        date: CivilDate::new(2026, 11, 23).unwrap(),
        reference: "MX0001234".to_owned(),
        text: "Storefront cancellation".to_owned(),
        tax_item: None,
        tax_basis: TaxBasis::Codes,
        lines: vec![line(amount, &units)],
        shipping: None,
        application: None,
        fields: Vec::new(),
        cleared: Vec::new(),
        credit: amount,
        total: amount,
        units,
    }
}

fn line(amount: Amount, units: &[UnitId]) -> MemoLine {
    MemoLine {
        kind: LineKind::Item,
        item: record("8232"),
        source_line: Some(1),
        quantity: Some(1),
        rate: Some(amount),
        amount,
        tax_code: None,
        taxable: None,
        location: None,
        units: units.to_vec(),
        taxes: Vec::new(),
        fields: Vec::new(),
    }
}

fn unit(id: &str) -> UnitId {
    UnitId::stored(id).unwrap()
}
