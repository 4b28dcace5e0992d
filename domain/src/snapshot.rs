//! An order as the storefront reports it, unchecked. Missing data stays visible as missing.
//!
//! Adapters fill this in without checking it; [`crate::Order::check`] turns it into a checked
//! order.

use crate::{Amount, OrderId, UnitStatus, order::status};

/// A number as it was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ReportedAmount {
    /// Null, or not in the answer.
    #[default]
    Absent,
    /// A decimal number within bounds.
    Value(Amount),
    /// Something else, cut to a length that can be shown.
    Unreadable(String),
}

impl ReportedAmount {
    /// Reads a decimal text exactly.
    #[must_use]
    pub fn of(raw: &str) -> Self {
        match raw.parse() {
            Ok(amount) => Self::Value(amount),
            Err(_) => Self::Unreadable(raw.chars().take(40).collect()),
        }
    }
}

/// What the storefront currently reports about one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderSnapshot {
    /// The id that was asked for.
    pub id: OrderId,
    /// The number that people and the accounting system use for the order.
    pub external_id: Option<String>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// The shop or store that sold it.
    pub channel: Option<String>,
    /// `web`, `store` and so on.
    pub channel_type: Option<String>,
    /// The location where the demand arose.
    pub demand_location: Option<String>,
    /// How prices and tax relate, as the order states it.
    pub tax_strategy: Option<String>,
    /// The same for newer orders, in a field with other values.
    pub price_method: Option<String>,
    /// Items were exchanged: part of the payment may be a store credit.
    pub is_exchange: bool,
    /// Imported from an older system: memobridge never credits it.
    pub is_historical: bool,
    /// Shipping charged for the whole order.
    pub shipping_total: ReportedAmount,
    /// Tax on shipping.
    pub shipping_tax: ReportedAmount,
    /// The total that the customer owed.
    pub grand_total: ReportedAmount,
    /// The first coupon of the order.
    pub coupon: Option<String>,
    /// All items, from all pages.
    pub units: Vec<UnitSnapshot>,
    /// All payment instruments; `None` while the payment account is not visible.
    pub payments: Option<Vec<InstrumentSnapshot>>,
}

/// One item of an order, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct UnitSnapshot {
    /// The item's id.
    pub id: String,
    /// The product sold.
    pub product: Option<String>,
    /// Pieces of it, almost always 1.
    pub quantity: ReportedAmount,
    /// Price of one piece.
    pub price: ReportedAmount,
    /// Discounts on the item, for the whole line.
    pub item_discounts: ReportedAmount,
    /// Its part of the order's discounts, for the whole line.
    pub order_discounts: ReportedAmount,
    /// Tax for the whole line.
    pub tax: ReportedAmount,
    /// `cancelled`, `returned`, `complete` and others.
    pub status: Option<String>,
    /// Why it was cancelled.
    pub reason: Option<String>,
    /// How it was to be shipped.
    pub service_level: Option<String>,
}

impl UnitSnapshot {
    /// Whether it was cancelled, in any known spelling.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        status(self) == UnitStatus::Cancelled
    }
}

/// One payment instrument, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InstrumentSnapshot {
    /// `credit_card`, `gift_card` and others, in any case.
    pub method: Option<String>,
    /// `adyen`, `stripe` and others.
    pub provider: Option<String>,
    /// Last four digits of a gift card, where they are known.
    pub last_four: Option<String>,
    /// Its transactions.
    pub transactions: Vec<TransactionSnapshot>,
}

/// One movement of money, as reported.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TransactionSnapshot {
    /// `authorize`, `capture`, `refund` and others: an open list.
    pub kind: Option<String>,
    /// How much; the sign is not documented and not used.
    pub amount: ReportedAmount,
    /// ISO 4217 code; the order's when absent.
    pub currency: Option<String>,
}
