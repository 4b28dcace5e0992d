//! Orders that most tests are about.

use sandbox::sale::{Payment, Sale, Unit};
use serde_json::Value;

/// The order.
pub const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";
/// Its first unit.
pub const A: &str = "dc333267-856c-421a-ac7a-e08291642d76";
/// Its second unit.
pub const B: &str = "0d0a2f1c-0000-4000-8000-000000000002";
/// Its third unit.
pub const C: &str = "0d0a2f1c-0000-4000-8000-000000000003";

/// The event that some units of an order were cancelled.
pub const ITEMS: &str = "order.items_cancelled";
/// The event that an order was cancelled as a whole.
pub const WHOLE: &str = "order.cancelled";
/// When events were published.
pub const PUBLISHED: &str = "2026-11-21T09:30:00.162Z";

/// A card's instrument, captured at order time.
#[must_use]
pub fn paid(amount: &str) -> Payment {
    Payment::captured("credit_card", "adyen", amount)
}

/// A at 20.00 and B at 30.00, paid by card; A is cancelled and refunded.
#[must_use]
pub fn pair() -> Sale {
    Sale::new(ORDER, "TEST-1821")
        .unit(Unit::new(A, "10000", "20.00"))
        .unit(Unit::new(B, "10001", "30.00"))
        .paid(paid("50.00"))
        .cancelled(&[A])
        .refunded("credit_card", "20.00")
}

/// An order like [`pair`], of its own number.
#[must_use]
pub fn another(number: u8) -> Sale {
    Sale {
        order: format!("0c1f2e3d-0000-4000-8000-0000000000{number:02x}"),
        reference: format!("TEST-{}", 1900 + u16::from(number)),
        ..pair()
    }
}

/// The event on the wire.
#[must_use]
pub fn event(sale: &Sale, name: &str, units: &[&str]) -> Value {
    sale.event(name, units, PUBLISHED)
}
