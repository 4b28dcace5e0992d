//! Shipping: credited once, when no item lives, with the invoice that bears it.

use super::{
    Case,
    credited::Credited,
    lines::{Role, role},
};
use crate::{Amount, BillingLine, Invoice, Shipping, UnitId};

/// Shipping that is to be credited now.
#[derive(Debug, Clone)]
pub(super) struct ShippingDue<'a> {
    pub(super) charge: Shipping,
    /// How it was shipped, by the cancelled units.
    pub(super) level: Option<&'a str>,
    /// The invoice that bears it; none when there is no invoice.
    pub(super) invoice: Option<&'a Invoice>,
    /// The invoice's shipping line, where it has one.
    pub(super) line: Option<&'a BillingLine>,
    /// Whether an invoice really shows shipping, or was only chosen as the lowest.
    pub(super) billed: Billed,
}

/// Whether an invoice bears the shipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Billed {
    Yes,
    NotYet,
}

/// The shipping of the order, if it is due and not credited yet.
pub(super) fn due<'a>(case: &Case<'a>, credited: &Credited) -> Option<ShippingDue<'a>> {
    case.order.shipping_due(case.policy)?;
    if credited.has(&UnitId::shipping()) {
        return None;
    }
    let (invoice, billed) = bearer(case);
    Some(ShippingDue {
        charge: case.order.shipping,
        level: level(case),
        invoice,
        line: invoice.and_then(|it| shipping_line(case, it)),
        billed,
    })
}

/// How the order was to be shipped: the cancelled units before the others.
pub(super) fn level<'a>(case: &Case<'a>) -> Option<&'a str> {
    let named = case.order.units.iter().filter(|it| case.cancellation.units.contains_key(&it.id));
    named.chain(&case.order.units).find_map(|it| it.service_level.as_deref())
}

/// The invoice that bears the order's shipping; the lowest where none shows it.
pub(super) fn bearer<'a>(case: &Case<'a>) -> (Option<&'a Invoice>, Billed) {
    let mut invoices: Vec<&Invoice> = case.billing.invoices.iter().collect();
    invoices.sort_by_key(|it| it.id.rank());
    let bears =
        |it: &&&Invoice| Amount::ZERO < it.shipping_cost || shipping_line(case, it).is_some();
    match invoices.iter().find(bears) {
        Some(bearer) => (Some(bearer), Billed::Yes),
        None => (invoices.first().copied(), Billed::NotYet),
    }
}

/// The net shipping that an invoice shows: in its body and on its shipping lines, each with
/// the discount lines directly after it.
pub(super) fn billed_net(case: &Case<'_>, invoice: &Invoice) -> Amount {
    let mut net = invoice.shipping_cost;
    let mut follows_shipping = false;
    for line in &invoice.lines {
        follows_shipping = match role(&line.item.id, line.amount, case.policy, case.maps) {
            Role::Shipping => true,
            Role::Discount => follows_shipping,
            _ => false,
        };
        if follows_shipping {
            net += line.amount;
        }
    }
    net
}

fn shipping_line<'a>(case: &Case<'_>, invoice: &'a Invoice) -> Option<&'a BillingLine> {
    invoice
        .lines
        .iter()
        .find(|line| role(&line.item.id, line.amount, case.policy, case.maps) == Role::Shipping)
}
