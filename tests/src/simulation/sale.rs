//! One order of a seed's world, and what is due for it: reckoned by hand from the rules.
//!
//! All money is in the currency's smallest unit. Nothing here calls the
//! product's code: this is the other opinion.

use domain::{Amount, OrderId, Timestamp, UnitId};
use rust_decimal::Decimal;

use super::oddity::{Oddity, SHIPPING_DIFFERS_BY};

/// An order.
#[derive(Debug, Clone)]
pub struct SimulatedSale {
    /// Whose it is: the customer's place.
    pub customer: usize,
    /// Its id.
    pub order: OrderId,
    /// Its number.
    pub number: String,
    /// ISO 4217 code and exponent.
    pub currency: (&'static str, u32),
    /// How prices and tax relate.
    pub tax: Inclusion,
    /// Its units.
    pub units: Vec<SaleItem>,
    /// Shipping and the tax on it.
    pub shipping: (i64, i64),
    /// By how much the order's total differs from the sum of its parts.
    pub off: i64,
    /// How it was paid: the share of each instrument in per cent, the first takes the rest.
    pub instruments: Vec<i64>,
    /// When money is taken.
    pub capture: Capture,
    /// How the ERP's records lay its units out.
    pub layout: Layout,
    /// How many invoices it gets.
    pub invoices: usize,
    /// What is wrong with it, if anything.
    pub fate: Fate,
    /// What is odd about its books, if anything.
    pub oddity: Oddity,
    /// Units that are cancelled together.
    pub groups: Vec<Group>,
    /// When each part of its story shows.
    pub story: Story,
}

/// A unit.
#[derive(Debug, Clone)]
pub struct SaleItem {
    /// Its id.
    pub id: UnitId,
    /// What was sold.
    pub product: String,
    /// Of one piece.
    pub price: i64,
    /// Pieces.
    pub quantity: i64,
    /// Discounts on the item and of the order, for the whole line.
    pub discounts: (i64, i64),
    /// Tax for the whole line.
    pub tax: i64,
    /// The invoice that carries it, if it is ever billed.
    pub invoice: Option<usize>,
    /// Whether the customer got it.
    pub reached: Reach,
}

/// What becomes of a unit that is not cancelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// It is still expected.
    Open,
    /// The customer has it.
    Fulfilled,
    /// The customer sent it back, and has the money since this instant.
    Returned(Timestamp),
}

/// How prices and tax relate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inclusion {
    /// Tax comes on top.
    Outside,
    /// Prices contain it.
    Inside,
}

/// When money is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capture {
    /// All of it when the order is placed; what is cancelled is refunded.
    AtOrder,
    /// What is shipped when it is shipped.
    AtShipment,
}

/// How records lay units out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A line for each unit.
    LinePerUnit,
    /// Units of one product share a line.
    LinePerProduct,
}

/// What keeps an order from being credited, for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Nothing: it comes to its credit.
    Fine,
    /// The storefront never shows it.
    NeverVisible,
    /// The storefront never shows its units as cancelled.
    NeverCancelled,
    /// Its refund never comes.
    NeverRefunded,
    /// The storefront never shows how it was paid.
    NeverPaid,
    /// It never reaches the ERP.
    NeverExported,
    /// Its cancelled units never get an invoice.
    NeverInvoiced,
    /// It was imported from an older system.
    Historical,
    /// Its invoice says other amounts.
    Mismatched,
    /// Its currency is in no map.
    Unmapped,
    /// It was billed by a cash sale.
    CashSale,
}

/// Units that are cancelled together.
#[derive(Debug, Clone)]
pub struct Group {
    /// Their places.
    pub units: Vec<usize>,
    /// When the storefront shows them cancelled.
    pub cancelled_at: Timestamp,
    /// When the storefront shows their refund.
    pub refunded_at: Timestamp,
}

/// When each part shows.
#[derive(Debug, Clone)]
pub struct Story {
    /// The order in the storefront.
    pub visible_at: Timestamp,
    /// Its payments in the storefront.
    pub paid_at: Timestamp,
    /// The sales order in the ERP.
    pub exported_at: Timestamp,
    /// Each invoice in the ERP.
    pub invoiced_at: Vec<Timestamp>,
}

impl SaleItem {
    /// Price times pieces.
    #[must_use]
    pub fn gross(&self) -> i64 {
        self.price * self.quantity
    }

    /// Both discounts.
    #[must_use]
    pub fn discount(&self) -> i64 {
        self.discounts.0 + self.discounts.1
    }
}

impl SimulatedSale {
    /// What is owed back for a unit.
    #[must_use]
    pub fn credit(&self, unit: &SaleItem) -> i64 {
        let paid = unit.gross() - unit.discount();
        match self.tax {
            Inclusion::Outside => paid + unit.tax,
            Inclusion::Inside => paid,
        }
    }

    /// The same without tax.
    #[must_use]
    pub fn net(&self, unit: &SaleItem) -> i64 {
        self.credit(unit) - unit.tax
    }

    /// What is owed back for shipping.
    #[must_use]
    pub fn shipping_credit(&self) -> i64 {
        match self.tax {
            Inclusion::Outside => self.shipping.0 + self.shipping.1,
            Inclusion::Inside => self.shipping.0,
        }
    }

    /// What the customer owed in all.
    #[must_use]
    pub fn grand_total(&self) -> i64 {
        self.credits(|_| true) + self.shipping_credit() + self.off
    }

    /// Credits of the units at these places.
    pub fn credits(&self, choose: impl Fn(usize) -> bool) -> i64 {
        let chosen = self.units.iter().enumerate().filter(|(nth, _)| choose(*nth));
        chosen.map(|(_, it)| self.credit(it)).sum()
    }

    /// Whether a unit is ever cancelled.
    #[must_use]
    pub fn is_cancelled(&self, unit: usize) -> bool {
        self.groups.iter().any(|group| group.units.contains(&unit))
    }

    /// Whether every unit is.
    #[must_use]
    pub fn is_cancelled_whole(&self) -> bool {
        (0..self.units.len()).all(|it| self.is_cancelled(it))
    }

    /// What an invoice comes to.
    #[must_use]
    pub fn invoice_total(&self, invoice: usize) -> i64 {
        let goods = self.credits(|it| self.units[it].invoice == Some(invoice));
        let is = |it: Option<usize>| it == Some(invoice);
        let differs = if self.oddity == Oddity::ShippingDiffers { SHIPPING_DIFFERS_BY } else { 0 };
        let shipping = self.shipping_credit() + differs;
        let shipping = if is(self.bearer()) { shipping } else { 0 };
        let off = if is(self.made_invoices().last()) { self.off } else { 0 };
        goods + shipping + off - self.short_of(invoice)
    }

    /// By how much an invoice is below the order's own amounts for it.
    fn short_of(&self, invoice: usize) -> i64 {
        match self.oddity {
            Oddity::ShortInvoice(short) if self.made_invoices().last() == Some(invoice) => short,
            _ => 0,
        }
    }

    /// The invoices that carry anything.
    pub fn made_invoices(&self) -> impl Iterator<Item = usize> {
        let carries =
            |invoice: &usize| self.units.iter().any(|unit| unit.invoice == Some(*invoice));
        (0..self.invoices).filter(carries)
    }

    /// The invoice that bears shipping.
    #[must_use]
    pub fn bearer(&self) -> Option<usize> {
        self.made_invoices().next()
    }

    /// What goes back with a group; the last one of a whole order takes the rest along.
    #[must_use]
    pub fn refund(&self, group: usize) -> i64 {
        let units = &self.groups[group].units;
        let goods = self.credits(|it| units.contains(&it));
        let last = group + 1 == self.groups.len() && self.is_cancelled_whole();
        goods + if last { self.shipping_credit() + self.off } else { 0 }
    }

    /// Whether, in the end, nothing of the payer's money is held for what was cancelled.
    #[must_use]
    pub fn nothing_held(&self) -> bool {
        let back: i64 = (0..self.groups.len()).map(|it| self.refund(it)).sum();
        self.capture == Capture::AtShipment || self.grand_total() <= back
    }

    /// When all that a credit of this cancelled unit needs is seen, its refund left out.
    #[must_use]
    pub fn shows(&self, unit: usize) -> Timestamp {
        let group = self.groups.iter().find(|group| group.units.contains(&unit));
        let group = group.expect("only cancelled units are asked about");
        let Story { visible_at, paid_at, exported_at, .. } = self.story;
        let invoice = self.units[unit].invoice.map(|it| self.story.invoiced_at[it]);
        let parts = [group.cancelled_at, visible_at, paid_at, exported_at];
        parts.into_iter().chain(invoice).max().expect("there are parts")
    }

    /// What the storefront shows as given back by an instant.
    #[must_use]
    pub fn refunded(&self, now: Timestamp) -> i64 {
        let shown = (0..self.groups.len()).filter(|it| self.groups[*it].refunded_at <= now);
        shown.map(|it| self.refund(it)).sum()
    }

    /// What the storefront shows as given back for returned units by an instant.
    #[must_use]
    pub fn returned(&self, now: Timestamp) -> i64 {
        self.credits(|nth| matches!(self.units[nth].reached, Reach::Returned(at) if at <= now))
    }

    /// An amount of this order.
    #[must_use]
    pub fn amount(&self, smallest: i64) -> Amount {
        let amount = Amount::new(Decimal::new(smallest, self.currency.1));
        amount.expect("the world's amounts are small")
    }
}
