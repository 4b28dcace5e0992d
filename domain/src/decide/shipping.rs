//! Shipping: credited once, when no item is active, with the invoice that carries it.

use super::{
    DecisionInput,
    credited::Credited,
    lines::{Role, role},
};
use crate::{Amount, BillingLine, Invoice, Shipping, UnitId};

/// Shipping that is to be credited now.
#[derive(Debug, Clone)]
pub(super) struct ShippingDue<'a> {
    pub(super) charge: Shipping,
    /// The service level, from the cancelled units first.
    pub(super) level: Option<&'a str>,
    /// The invoice that carries it; `None` when there is no invoice.
    pub(super) invoice: Option<&'a Invoice>,
    /// The invoice's shipping line, where it has one.
    pub(super) line: Option<&'a BillingLine>,
    /// Whether an invoice shows shipping, or was only chosen as the lowest.
    pub(super) billed: Billed,
}

/// Whether an invoice shows the shipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Billed {
    Yes,
    NotYet,
}

/// The shipping of the order, if it is due and not credited yet.
pub(super) fn due<'a>(input: &DecisionInput<'a>, credited: &Credited) -> Option<ShippingDue<'a>> {
    input.order.shipping_due(input.policy)?;
    if credited.has(&UnitId::shipping()) {
        return None;
    }
    let (invoice, billed) = shipping_invoice(input);
    Some(ShippingDue {
        charge: input.order.shipping,
        level: level(input),
        invoice,
        line: invoice.and_then(|it| shipping_line(input, it)),
        billed,
    })
}

/// The order's service level: from the cancelled units first, then from the others.
pub(super) fn level<'a>(input: &DecisionInput<'a>) -> Option<&'a str> {
    let named =
        input.order.units.iter().filter(|unit| input.cancellation.units.contains_key(&unit.id));
    named.chain(&input.order.units).find_map(|it| it.service_level.as_deref())
}

/// The invoice that carries the order's shipping; the lowest where none shows it.
pub(super) fn shipping_invoice<'a>(input: &DecisionInput<'a>) -> (Option<&'a Invoice>, Billed) {
    let mut invoices: Vec<&Invoice> = input.billing.invoices.iter().collect();
    invoices.sort_by_key(|invoice| invoice.id.rank());
    let bears =
        |it: &&&Invoice| it.shipping_cost > Amount::ZERO || shipping_line(input, it).is_some();
    match invoices.iter().find(bears) {
        Some(shipping_invoice) => (Some(shipping_invoice), Billed::Yes),
        None => (invoices.first().copied(), Billed::NotYet),
    }
}

/// The net shipping that an invoice shows: in its body and on its shipping lines, each with the
/// discount lines directly after it.
pub(super) fn billed_net(input: &DecisionInput<'_>, invoice: &Invoice) -> Amount {
    let mut net = invoice.shipping_cost;
    let mut follows_shipping = false;
    for line in &invoice.lines {
        follows_shipping = match role(&line.item.id, line.amount, input.policy, input.maps) {
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

fn shipping_line<'a>(input: &DecisionInput<'_>, invoice: &'a Invoice) -> Option<&'a BillingLine> {
    invoice
        .lines
        .iter()
        .find(|line| role(&line.item.id, line.amount, input.policy, input.maps) == Role::Shipping)
}
