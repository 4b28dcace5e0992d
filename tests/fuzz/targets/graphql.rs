//! Any bytes as NewStore's answer about an order, well or ill: an order to reckon with, or words
//! fit for the log.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz graphql`
#![no_main]

use std::collections::BTreeSet;

use adapters_newstore::fuzzing;
use domain::{Amount, Order, OrderId, OrderSnapshot, Reason, ReportedAmount, TaxTreatment};
use libfuzzer_sys::fuzz_target;
use ports::StorefrontError;

/// What we sent along, and a server may echo.
const SECRET: &str = "s3cret";

/// Of each kind of answer, one.
const STATUSES: [u16; 8] = [200, 400, 401, 403, 404, 408, 429, 503];

fuzz_target!(|bytes: &[u8]| {
    let id: OrderId = "5c0b4c0e-5d3f-4b8e-9c54-0f6c1b7a2d11".parse().expect("an order's id");
    for status in STATUSES {
        match fuzzing::order(&id, status, bytes, SECRET) {
            Ok(None) => assert_eq!(status, 200),
            Ok(Some(snapshot)) => {
                assert_eq!((status, &snapshot.id), (200, &id));
                told(&snapshot);
            }
            Err(error) => refused(&error),
        }
    }
});

/// What is told can be shown, and an order that is made of it can be reckoned with.
fn told(snapshot: &OrderSnapshot) {
    let ids: BTreeSet<_> = snapshot.units.iter().map(|unit| &unit.id).collect();
    assert_eq!(ids.len(), snapshot.units.len(), "a unit is told twice");
    for unit in &snapshot.units {
        if let ReportedAmount::Unreadable(said) = &unit.price {
            assert!(said.chars().count() <= 40, "{said}");
        }
    }
    match Order::check(snapshot) {
        Ok(order) => adds_up(&order),
        Err(Reason::InvalidOrder { field, .. }) => assert!(!field.is_empty()),
        Err(reason) => panic!("{reason:?}"),
    }
}

fn adds_up(order: &Order) {
    let exact = |it: Amount| {
        assert!(order.currency.is_exact(it), "{it} {}", order.currency.code());
        assert!(it >= Amount::ZERO, "{it} is negative");
    };
    for unit in &order.units {
        let (credit, net) = (unit.credit(order.treatment), unit.net(order.treatment));
        [unit.gross, unit.discount, unit.tax, credit, net].into_iter().for_each(exact);
        assert!(unit.quantity >= 1);
        assert!(order.treatment == TaxTreatment::Outside || credit <= unit.gross);
    }
    [order.shipping.credit, order.shipping.tax, order.shipping.net(), order.grand_total]
        .into_iter()
        .for_each(exact);
    let keys: BTreeSet<_> = order.instruments.iter().map(|instrument| &instrument.key).collect();
    assert_eq!(keys.len(), order.instruments.len(), "two instruments have one key");
    for it in &order.instruments {
        [it.authorized, it.captured, it.refunded, it.issued, it.voided].into_iter().for_each(exact);
    }
    assert!(!order.reference.trim().is_empty() && !order.to_string().is_empty());
}

/// What is said of an answer is short, on one line, and neither ours nor anybody's address.
fn refused(error: &StorefrontError) {
    let said = ports::error_chain(error);
    assert!(!said.contains(SECRET), "{said}");
    assert!(!said.contains(char::is_control), "{said}");
    assert!(said.chars().count() < 500, "{said}");
    assert_eq!(ports::redact_emails(&said), said);
}
