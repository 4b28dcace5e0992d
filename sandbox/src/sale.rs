//! One description of a sale, installed consistently in both systems.
//!
//! ```text
//! let sale = Sale::new(ORDER, "TEST-1821")
//!     .unit(Unit::new(A, "10000", "20.00"))
//!     .unit(Unit::new(B, "10001", "30.00"))
//!     .paid(Payment::captured("credit_card", "adyen", "50.00"))
//!     .cancelled(&[A])
//!     .refunded("credit_card", "20.00");
//! sale.install_newstore(&tenant);
//! sale.install_netsuite(&account, &Billing::OneInvoice, KeyColumn::Present);
//! ```

mod billing;
mod order;
mod sums;

#[cfg(test)]
mod tests;

use rust_decimal::Decimal;
use serde_json::Value;

use crate::{netsuite::Account, newstore::Tenant};

pub use billing::{Billing, Booked, KeyColumn, TaxBooking};

/// The default time of an order.
const PLACED_AT: &str = "2026-11-20T17:12:44.000";

/// An order of a shop with its later changes.
#[derive(Debug, Clone, PartialEq)]
pub struct Sale {
    /// NewStore's id of the order, a UUID.
    pub order: String,
    /// The number for people and in NetSuite.
    pub reference: String,
    /// The tenant named in events.
    pub tenant: String,
    /// ISO 4217 code.
    pub currency: String,
    /// Whether prices contain the tax.
    pub tax: TaxIn,
    /// The sold items.
    pub units: Vec<Unit>,
    /// Shipping as NewStore states it.
    pub shipping: Decimal,
    /// The tax on shipping.
    pub shipping_tax: Decimal,
    /// The payment instruments with their transactions.
    pub payments: Vec<Payment>,
    /// The total, where it is not the sum of the parts.
    pub grand_total: Option<Decimal>,
    /// When it was placed, without offset, in UTC.
    pub placed_at: String,
    /// When it last changed, written in the same way.
    pub updated_at: String,
    /// `web` or `store`.
    pub channel_type: String,
    /// The shop or store.
    pub channel: String,
    /// A coupon used on it.
    pub coupon: Option<String>,
    /// Where NetSuite stores its tax.
    pub tax_booking: TaxBooking,
}

/// Whether prices contain the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxIn {
    /// Tax comes on top.
    Outside,
    /// Prices contain it.
    Inside,
}

/// One order item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unit {
    /// The item's id, a UUID.
    pub id: String,
    /// The product.
    pub product: String,
    /// The price of one piece.
    pub price: Decimal,
    /// Pieces.
    pub quantity: u32,
    /// Discount on the item, for the whole line.
    pub item_discount: Decimal,
    /// Its part of the order's discount, for the whole line.
    pub order_discount: Decimal,
    /// Tax for the whole line.
    pub tax: Decimal,
    /// `opened`, `cancelled`, `returned`, `complete`.
    pub status: String,
    /// Why it was cancelled.
    pub reason: Option<String>,
}

/// One payment instrument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// `credit_card`, `gift_card` and others.
    pub method: String,
    /// `adyen` and others.
    pub provider: String,
    /// Transaction types with their amounts, in order.
    pub transactions: Vec<(String, Decimal)>,
}

impl Sale {
    /// An order without units, in dollars, tax outside, no shipping, not paid.
    #[must_use]
    pub fn new(order: &str, reference: &str) -> Self {
        Self {
            order: order.to_owned(),
            reference: reference.to_owned(),
            tenant: "dodici".to_owned(),
            currency: "USD".to_owned(),
            tax: TaxIn::Outside,
            units: Vec::new(),
            shipping: Decimal::ZERO,
            shipping_tax: Decimal::ZERO,
            payments: Vec::new(),
            grand_total: None,
            placed_at: PLACED_AT.to_owned(),
            updated_at: PLACED_AT.to_owned(),
            channel_type: "web".to_owned(),
            channel: "USC".to_owned(),
            coupon: None,
            tax_booking: TaxBooking::default(),
        }
    }

    /// Sets the tenant named in events; the default is `dodici`.
    #[must_use]
    pub fn tenant(self, name: &str) -> Self {
        Self { tenant: name.to_owned(), ..self }
    }

    /// ISO 4217 code.
    #[must_use]
    pub fn currency(self, code: &str) -> Self {
        Self { currency: code.to_owned(), ..self }
    }

    /// Prices, discounts and shipping contain the tax.
    #[must_use]
    pub fn tax_inside(self) -> Self {
        Self { tax: TaxIn::Inside, ..self }
    }

    /// Sets where NetSuite stores its tax; the default is a code on each line.
    #[must_use]
    pub fn tax_booking(self, tax_booking: TaxBooking) -> Self {
        Self { tax_booking, ..self }
    }

    /// When it was placed and when it last changed, without offset, in UTC.
    #[must_use]
    pub fn times(self, placed_at: &str, updated_at: &str) -> Self {
        Self { placed_at: placed_at.to_owned(), updated_at: updated_at.to_owned(), ..self }
    }

    /// Adds an item.
    #[must_use]
    pub fn unit(mut self, unit: Unit) -> Self {
        self.units.push(unit);
        self
    }

    /// Sets shipping and its tax.
    #[must_use]
    pub fn shipping(self, cost: &str, tax: &str) -> Self {
        Self { shipping: decimal(cost), shipping_tax: decimal(tax), ..self }
    }

    /// States a total that is not the sum of the parts; the invoice gets a rounding line.
    #[must_use]
    pub fn grand_total(self, total: &str) -> Self {
        Self { grand_total: Some(decimal(total)), ..self }
    }

    /// Adds an instrument.
    #[must_use]
    pub fn paid(mut self, payment: Payment) -> Self {
        self.payments.push(payment);
        self
    }

    /// Adds a refund to the first instrument of this method.
    #[must_use]
    pub fn refunded(self, method: &str, amount: &str) -> Self {
        self.transaction(method, "refund", amount)
    }

    /// Adds a void to the first instrument of this method.
    #[must_use]
    pub fn voided(self, method: &str, amount: &str) -> Self {
        self.transaction(method, "void", amount)
    }

    /// Adds any transaction to the first instrument of this method.
    #[must_use]
    pub fn transaction(mut self, method: &str, kind: &str, amount: &str) -> Self {
        let payment = self.payments.iter_mut().find(|payment| payment.method == method);
        let payment = payment.expect("the sale was paid with this method");
        payment.transactions.push((kind.to_owned(), decimal(amount)));
        self
    }

    /// Marks items as cancelled.
    #[must_use]
    pub fn cancelled(self, units: &[&str]) -> Self {
        self.status(units, "cancelled")
    }

    /// Marks items with any status.
    #[must_use]
    pub fn status(mut self, units: &[&str], status: &str) -> Self {
        for unit in self.units.iter_mut().filter(|unit| units.contains(&unit.id.as_str())) {
            status.clone_into(&mut unit.status);
        }
        self
    }

    /// Adds the order to the tenant, or replaces it.
    pub fn install_newstore(&self, tenant: &Tenant) {
        tenant.put(order::json(self));
    }

    /// Records the sale in the account: sales order and invoices, with items and tax codes.
    ///
    /// An account computes tax line by line: a tax that does not split evenly over a discounted
    /// unit makes the invoice differ by a cent from [`Sale::total`], as in reality.
    #[expect(clippy::must_use_candidate, reason = "the sale is booked either way")]
    pub fn install_netsuite(&self, account: &Account, billing: &Billing, key: KeyColumn) -> Booked {
        billing::book(self, account, billing, key)
    }

    /// The webhook event that reports these items as cancelled.
    #[must_use]
    pub fn event(&self, name: &str, units: &[&str], published_at: &str) -> Value {
        order::event(self, name, units, published_at)
    }

    /// The total of the order.
    #[must_use]
    pub fn total(&self) -> Decimal {
        self.grand_total.unwrap_or_else(|| sums::total(self))
    }

    /// The credit for one of its units, with tax.
    #[must_use]
    pub fn credit(&self, unit: &Unit) -> Decimal {
        sums::credit(self, unit)
    }

    /// The credit for shipping, with tax.
    #[must_use]
    pub fn shipping_credit(&self) -> Decimal {
        sums::shipping_credit(self)
    }
}

impl Unit {
    /// One piece at this price, without discounts and tax.
    #[must_use]
    pub fn new(id: &str, product: &str, price: &str) -> Self {
        Self {
            id: id.to_owned(),
            product: product.to_owned(),
            price: decimal(price),
            quantity: 1,
            item_discount: Decimal::ZERO,
            order_discount: Decimal::ZERO,
            tax: Decimal::ZERO,
            status: "opened".to_owned(),
            reason: Some("insufficient_stock".to_owned()),
        }
    }

    /// Sets the tax of the line.
    #[must_use]
    pub fn tax(self, amount: &str) -> Self {
        Self { tax: decimal(amount), ..self }
    }

    /// Sets the discount on the item and its part of the order's.
    #[must_use]
    pub fn discounts(self, item: &str, order: &str) -> Self {
        Self { item_discount: decimal(item), order_discount: decimal(order), ..self }
    }

    /// Sets the pieces.
    #[must_use]
    pub fn quantity(self, pieces: u32) -> Self {
        Self { quantity: pieces, ..self }
    }
}

impl Payment {
    /// Authorised and captured at order time.
    #[must_use]
    pub fn captured(method: &str, provider: &str, amount: &str) -> Self {
        let mut payment = Self::authorized(method, provider, amount);
        payment.transactions.push(("capture".to_owned(), decimal(amount)));
        payment
    }

    /// Authorised and not captured.
    #[must_use]
    pub fn authorized(method: &str, provider: &str, amount: &str) -> Self {
        Self {
            method: method.to_owned(),
            provider: provider.to_owned(),
            transactions: vec![("authorize".to_owned(), decimal(amount))],
        }
    }
}

/// Parses an amount literal.
fn decimal(text: &str) -> Decimal {
    text.parse().expect("amounts in a sale are decimals")
}
