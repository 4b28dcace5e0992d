//! Decides whether the storefront shows all data yet: `docs/RULES.md#readiness`, row by row, in its
//! order.

use std::collections::HashMap;

use crate::{
    Amount, Cancellation, Deadline, Order, OrderSnapshot, Policy, Reason, RefundRule,
    ShippingPolicy, Stop, UnitSnapshot, UnitStatus, captured, held, order::status,
    payment::Instrument,
};

/// Whether the storefront already shows enough to credit `cancellation`.
///
/// Returns the checked order on success; otherwise what to do instead.
pub fn readiness(
    cancellation: &Cancellation,
    snapshot: Option<&OrderSnapshot>,
    policy: &Policy,
    deadline: Deadline,
) -> Result<Order, Stop> {
    let not_visible = |unit| Reason::OrderNotVisible { order: cancellation.order.clone(), unit };
    let snapshot = snapshot.ok_or_else(|| deadline.wait(not_visible(None)))?;
    let mut units: HashMap<String, &UnitSnapshot> = HashMap::new();
    for unit in &snapshot.units {
        units.entry(unit.id.to_ascii_lowercase()).or_insert(unit);
    }
    for id in cancellation.units.keys() {
        if !units.contains_key(id.as_str()) {
            return Err(deadline.wait(not_visible(Some(id.clone()))));
        }
    }
    for id in cancellation.units.keys() {
        let unit = units.get(id.as_str()).filter(|it| status(it) != UnitStatus::Cancelled);
        if let Some(unit) = unit {
            let status = unit.status.clone().unwrap_or_default();
            return Err(deadline.wait(Reason::UnitNotCancelledYet { unit: id.clone(), status }));
        }
    }
    if snapshot.is_historical {
        return Err(Stop::Skip(Reason::Historical { order: snapshot.id.clone() }));
    }
    let order = Order::check(snapshot).map_err(Stop::Park)?;
    let named = order.credit_of(|it| cancellation.units.contains_key(&it.id));
    if named.is_zero() && order.shipping_due(policy).is_none() {
        return Err(Stop::Skip(Reason::NothingToCredit));
    }
    if let Some(missing) = missing_payments(snapshot, &order) {
        return Err(deadline.wait(Reason::PaymentNotVisible { missing }));
    }
    let paid = order.covered();
    if snapshot.is_exchange && paid < order.grand_total {
        let owed = order.grand_total;
        return Err(Stop::Park(Reason::ExchangePayment { paid, owed }));
    }
    let (held, active) = (held(&order.instruments), order.active_value(policy));
    if policy.refund == RefundRule::Required && active + policy.tolerance < held {
        return Err(deadline.wait(Reason::RefundNotVisible { held, active }));
    }
    Ok(order)
}

fn missing_payments(snapshot: &OrderSnapshot, order: &Order) -> Option<&'static str> {
    if order.grand_total.is_zero() {
        return None;
    }
    let Some(instruments) = &snapshot.payments else {
        return Some("payment account");
    };
    if instruments.is_empty() {
        return Some("payment instruments");
    }
    // A failed attempt may leave an instrument without transactions for ever. Such an instrument
    // counts as late only while the others do not pay for the order.
    let untouched = instruments.iter().any(|instrument| instrument.transactions.is_empty());
    let settled = instruments.iter().any(|instrument| !instrument.transactions.is_empty());
    let late = untouched && order.covered() < order.grand_total;
    (late || !settled).then_some("payment transactions")
}

impl Order {
    /// The sum that all instruments pay or promise.
    pub(crate) fn covered(&self) -> Amount {
        self.instruments.iter().map(Instrument::covers).sum()
    }

    /// The shipping credit, if it is due: no item is active and none used the shipping.
    #[must_use]
    pub fn shipping_due(&self, policy: &Policy) -> Option<Amount> {
        let due = policy.shipping == ShippingPolicy::OnFullCancellation
            && !self.is_active()
            && !self.shipping_was_used()
            && !self.shipping.credit.is_zero();
        due.then_some(self.shipping.credit)
    }

    /// The value that the payer still gets: `active value` of `docs/RULES.md#active-value`.
    #[must_use]
    pub fn active_value(&self, policy: &Policy) -> Amount {
        let units = self.credit_of(crate::Unit::is_active);
        let shipping = match self.shipping_due(policy) {
            Some(_) => Amount::ZERO,
            None => self.shipping.credit,
        };
        let unexplained = if self.is_active() {
            self.grand_total - self.credit_of(|_| true) - self.shipping.credit
        } else {
            Amount::ZERO
        };
        units + shipping + unexplained
    }

    /// Whether nothing was ever taken for the cancelled items, or all of it was given back.
    #[must_use]
    pub fn nothing_held(&self, policy: &Policy) -> bool {
        let active = self.active_value(policy) + policy.tolerance;
        held(&self.instruments) <= Amount::ZERO || captured(&self.instruments) <= active
    }
}

#[cfg(test)]
mod tests;
