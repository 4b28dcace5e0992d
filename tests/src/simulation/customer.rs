//! A seed's customers: what their accountants chose, and their tables.

use domain::{
    ClosedPeriod, Discounts, Entry, Maps, NotInvoiced, PaymentNode, Policy, Settlement, Tax, Tenant,
};

use super::{
    rng::Rng,
    views::{DISCOUNT_ITEM, METHODS, id},
};
use crate::reference::Column;

/// The item that carries cents that rounding left over.
pub const ROUNDING_ITEM: &str = "12777";

/// A customer.
#[derive(Debug, Clone)]
pub struct SimulatedCustomer {
    /// Its tenant.
    pub tenant: Tenant,
    /// The key of its webhook.
    pub key: String,
    /// Its choices.
    pub policy: Policy,
    /// Its maps.
    pub maps: Maps,
    /// Whether its ERP keeps unit ids on lines.
    pub column: Column,
}

impl SimulatedCustomer {
    pub(super) fn drawn(nth: usize, rng: &Rng) -> Self {
        let column = if rng.strikes(250) { Column::Absent } else { Column::Present };
        let settlement = *rng.pick(&[Settlement::Apply, Settlement::PaymentItems]);
        // A cent of computed tax would not net.
        let tax = match settlement {
            Settlement::Apply => *rng.pick(&[Tax::FromInvoice, Tax::Item]),
            Settlement::PaymentItems => Tax::Item,
        };
        let policy = Policy {
            settlement,
            tax,
            discounts: *rng.pick(&[Discounts::Line, Discounts::Net]),
            closed_period: *rng.pick(&[ClosedPeriod::Park, ClosedPeriod::Today]),
            not_invoiced: NotInvoiced::Wait,
            discount_item: Some(id(DISCOUNT_ITEM)),
            rounding_item: Some(id(ROUNDING_ITEM)),
            tax_item: Some(id("10")),
            untaxed_code: Some(id("-8")),
            ..Policy::default()
        };
        Self {
            tenant: format!("retailer{nth}").parse().expect("a plain word"),
            key: format!("webhook-key-{nth}"),
            policy,
            maps: maps(),
            column,
        }
    }
}

fn maps() -> Maps {
    let table = |rows: &[(&str, &str)]| {
        rows.iter().map(|(key, raw)| ((*key).to_owned(), Entry::Id(id(raw)))).collect()
    };
    let leaf = |raw: &str| PaymentNode::Leaf(Entry::Id(id(raw)));
    Maps {
        channels: table(&[("web", "1")]),
        currencies: table(&[("USD", "1"), ("JPY", "5"), ("KWD", "6")]),
        shipping_methods: table(&[("GROUND", "4")]),
        payment_items: METHODS.map(|(method, _, raw)| (method.to_owned(), leaf(raw))).into(),
        ..Maps::default()
    }
}
