//! One order of a plan: what was sold, what of it is cancelled, and when each part shows.

use std::{collections::BTreeSet, fmt, time::Duration};

use rust_decimal::Decimal;
use sandbox::{
    netsuite::Account,
    sale::{Billing, KeyColumn, Sale, TaxBooking, TaxIn, Unit},
};

use super::{
    manual_memos::{self, ByHand, Kinds},
    plan::Terms,
};
use crate::{expected_memos::ExpectedMemos, paid, simulation::Rng};

/// How the whole of it was paid.
const CARD: &str = "credit_card";
/// Currencies with their exponents.
const CURRENCIES: [(&str, u32); 4] = [("USD", 2), ("USD", 2), ("JPY", 0), ("KWD", 3)];
/// So many seconds late is what is late.
const LATE: i64 = 25;

/// An order.
#[derive(Debug, Clone)]
pub(super) struct Order {
    /// As it was sold and paid, nothing of it cancelled.
    pub(super) sale: Sale,
    /// Its units by invoice.
    pub(super) invoices: Vec<Vec<String>>,
    /// What is cancelled together.
    pub(super) groups: Vec<Group>,
    /// When NewStore's API shows it at all.
    pub(super) shows_at: Duration,
    /// When the API shows its payments.
    pub(super) paid_at: Duration,
    /// When NetSuite has its invoices.
    pub(super) billed_at: Duration,
    /// Whether the money ever goes back.
    pub(super) fate: Fate,
    /// A memo that somebody booked by hand, before anything else happened.
    pub(super) by_hand: Option<ByHand>,
    /// What else is odd about it.
    pub(super) oddity: Option<Oddity>,
}

/// What is odd about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Oddity {
    /// Another shop's records bear its number; its own bear its UUID.
    ForeignNumber,
    /// Its payments show movements that failed, or are pending.
    FailedMovements,
}

/// Units that are cancelled together.
#[derive(Debug, Clone)]
pub(super) struct Group {
    /// Their ids.
    pub(super) units: Vec<String>,
    /// When the API shows it.
    pub(super) cancelled_at: Duration,
    /// When the API shows the refund.
    pub(super) refunded_at: Duration,
}

/// Whether the money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// It does.
    Fine,
    /// It never does: a person has to look.
    NeverRefunded,
}

/// What the units of an order have in common.
struct Prices {
    exponent: u32,
    tax: TaxIn,
    percent: i64,
    /// Whether amounts are such that tax splits over a line and its discount without rounding.
    whole: bool,
}

impl Order {
    /// Draws an order of one to three units, on one or two invoices.
    pub(super) fn drawn(number: usize, terms: &Terms, chance: &Rng) -> Self {
        let (currency, exponent) = *chance.pick(&CURRENCIES);
        let inside = terms.booking != TaxBooking::BodyItem && chance.strikes(300);
        let prices = Prices {
            exponent,
            tax: if inside { TaxIn::Inside } else { TaxIn::Outside },
            percent: if chance.strikes(600) { chance.between(1, 25) } else { 0 },
            whole: terms.booking == TaxBooking::BodyItem,
        };
        let id = format!("9f4e8ffc-0000-4000-8000-{number:012x}");
        let sale = Sale::new(&id, &format!("WIRE-{number}")).currency(currency);
        let mut sale = Sale { tax: prices.tax, ..sale.tax_booking(terms.booking) };
        for place in 0..=chance.below(3) {
            sale = sale.unit(prices.unit(number, place, chance));
        }
        if chance.strikes(500) {
            let cost = 100 * chance.between(1, 20);
            let tax = prices.tax_of(cost);
            sale = sale.shipping(&prices.text(cost), &prices.text(tax));
        }
        let ids: Vec<String> = sale.units.iter().map(|unit| unit.id.clone()).collect();
        let mut invoices = vec![ids.clone()];
        if ids.len() > 1 && chance.strikes(300) {
            let (first, second) = ids.split_at(chance.below(ids.len() - 1) + 1);
            invoices = vec![first.to_vec(), second.to_vec()];
        }
        let groups = groups(&ids, terms.span, chance);
        let (fate, by_hand) = match chance.below(100) {
            0..8 => (Fate::NeverRefunded, None),
            8..33 => (Fate::Fine, Some(ByHand::drawn(&sale, &groups[0].units[0], chance))),
            _ => (Fate::Fine, None),
        };
        if by_hand.is_none() && invoices.len() == 1 && chance.strikes(250) {
            let most = i64::try_from(ids.len()).expect("few units");
            let off = Decimal::new(chance.between(-most, most), exponent);
            sale = Sale { grand_total: Some(sale.total() + off), ..sale };
        }
        if by_hand.as_ref().is_some_and(|memo| memo.kind == Kinds::Goodwill) {
            // Which event finds too little left must not hang on shipping.
            sale = sale.shipping("0", "0");
        }
        let oddity = match chance.below(100) {
            _ if fate != Fate::Fine || by_hand.is_some() => None,
            0..8 => Some(Oddity::ForeignNumber),
            8..16 => Some(Oddity::FailedMovements),
            _ => None,
        };
        let sale = sale.clone().paid(paid(&sale.total().to_string()));
        Self {
            sale,
            invoices,
            groups,
            shows_at: late(chance),
            paid_at: late(chance),
            billed_at: if by_hand.is_some() { Duration::ZERO } else { late(chance) },
            fate,
            by_hand,
            oddity,
        }
    }

    /// The unit for which nothing can be credited, as too little is left on its line.
    pub(super) fn unit_with_goodwill(&self) -> Option<&str> {
        let memo = self.by_hand.as_ref().filter(|memo| memo.kind == Kinds::Goodwill);
        memo.map(|memo| memo.unit.as_str())
    }

    /// What NewStore's API shows of it at an instant.
    pub(super) fn shown(&self, at: Duration) -> Option<Sale> {
        if at < self.shows_at {
            return None;
        }
        let mut sale = self.sale.clone();
        for group in self.groups.iter().filter(|group| group.cancelled_at <= at) {
            sale = sale.cancelled(&names(&group.units));
        }
        let back = (0..self.groups.len()).filter(|it| self.groups[*it].refunded_at <= at);
        let back: Decimal = back.map(|it| self.refund(it)).sum();
        if at < self.paid_at {
            sale.payments.clear();
        } else if self.fate == Fate::Fine && !back.is_zero() {
            sale = sale.refunded(CARD, &back.to_string());
        }
        if self.paid_at <= at && self.oddity == Some(Oddity::FailedMovements) {
            let all = self.sale.total().to_string();
            for kind in ["capture_declined", "refund_failed", "Refund_Pending", "refund_requested"]
            {
                sale = sale.transaction(CARD, kind, &all);
            }
        }
        Some(sale)
    }

    /// When the API shows something new.
    pub(super) fn moments(&self) -> BTreeSet<Duration> {
        let groups = self.groups.iter().flat_map(|group| [group.cancelled_at, group.refunded_at]);
        let moments = groups.chain([self.shows_at, self.paid_at]);
        moments.filter(|it| self.shows_at <= *it).collect()
    }

    /// What must be credited in the end.
    pub(super) fn owed(&self) -> ExpectedMemos {
        // Events that name a unit with goodwill are parked: all that name units of its group.
        let parked = usize::from(self.unit_with_goodwill().is_some());
        let cancelled = self.groups.iter().skip(parked).flat_map(|group| &group.units);
        let cancelled: Vec<&str> = match self.fate {
            Fate::Fine => cancelled.map(String::as_str).collect(),
            Fate::NeverRefunded => Vec::new(),
        };
        ExpectedMemos::of(&self.sale, &cancelled)
    }

    /// Puts it on the account's books.
    pub(super) fn bill(&self, account: &Account) {
        let billing = Billing::Invoices(self.invoices.clone());
        let mut sale = self.sale.clone();
        if self.oddity == Some(Oddity::ForeignNumber) {
            manual_memos::book_another_shop(self, account);
            sale.reference.clone_from(&sale.order);
        }
        let booked = sale.install_netsuite(account, &billing, KeyColumn::Present);
        if let Some(memo) = &self.by_hand {
            let of = self.invoices.iter().position(|invoice| invoice.contains(&memo.unit));
            let invoice = &booked.invoices[of.expect("every unit is on an invoice")];
            let unit = self.sale.units.iter().find(|unit| unit.id == memo.unit);
            let goodwill = unit.map(|unit| manual_memos::goodwill(&self.sale, unit));
            memo.book(account, invoice, goodwill.unwrap_or_default());
        }
    }

    /// What goes back with a group; the last one of a whole order takes the rest along.
    fn refund(&self, group: usize) -> Decimal {
        let owed = ExpectedMemos::of(&self.sale, &names(&self.groups[group].units));
        let all: Vec<&str> = self.groups.iter().flat_map(|group| names(&group.units)).collect();
        let whole = ExpectedMemos::of(&self.sale, &all);
        let credit: Decimal = owed.units.values().sum();
        let is_last = group + 1 == self.groups.len();
        credit + if is_last { whole.shipping + whole.rounding } else { Decimal::ZERO }
    }
}

impl Prices {
    fn unit(&self, number: usize, place: usize, chance: &Rng) -> Unit {
        let discounted = self.tax == TaxIn::Outside && chance.strikes(400);
        let price = if self.whole || discounted {
            100 * chance.between(2, 200)
        } else {
            chance.between(100, 20_000)
        };
        let pieces = if chance.strikes(150) { 2 } else { 1 };
        let gross = price * pieces;
        let discount = if discounted { 100 * chance.between(1, gross / 100 - 1) } else { 0 };
        let of_item = chance.between(0, discount);
        let id = format!("dc333267-{place:04x}-4000-8000-{number:012x}");
        let product = format!("1000{}", chance.below(2) + place);
        Unit::new(&id, &product, &self.text(price))
            .quantity(u32::try_from(pieces).expect("one or two"))
            .discounts(&self.text(of_item), &self.text(discount - of_item))
            .tax(&self.text(self.tax_of(gross - discount)))
    }

    fn tax_of(&self, paid: i64) -> i64 {
        match self.tax {
            TaxIn::Outside => paid * self.percent / 100,
            TaxIn::Inside => paid * self.percent / (100 + self.percent),
        }
    }

    fn text(&self, smallest: i64) -> String {
        Decimal::new(smallest, self.exponent).to_string()
    }
}

/// Some units, or all of them, in one or two groups.
fn groups(ids: &[String], span: i64, chance: &Rng) -> Vec<Group> {
    let mut ids = ids.to_vec();
    chance.shuffle(&mut ids);
    if chance.strikes(500) {
        ids.truncate(chance.below(ids.len()) + 1);
    }
    let rest = if ids.len() > 1 && chance.strikes(500) { ids.split_off(1) } else { Vec::new() };
    let groups = [ids, rest].into_iter().filter(|it| !it.is_empty());
    let groups = groups.map(|mut units| {
        units.sort();
        let cancelled_at = chance.seconds(span);
        Group { units, cancelled_at, refunded_at: cancelled_at + late(chance) }
    });
    groups.collect()
}

/// Mostly at once, sometimes much later.
fn late(chance: &Rng) -> Duration {
    if chance.strikes(300) { chance.seconds(LATE) } else { Duration::ZERO }
}

fn names(units: &[String]) -> Vec<&str> {
    units.iter().map(String::as_str).collect()
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { sale, invoices, shows_at, paid_at, billed_at, fate, by_hand, oddity, .. } = self;
        writeln!(
            f,
            "order {} ({}), {} {}, tax {:?}, shipping {} tax {}, {fate:?}",
            sale.reference,
            sale.order,
            sale.currency,
            sale.total(),
            sale.tax,
            sale.shipping,
            sale.shipping_tax
        )?;
        writeln!(f, "  shows at {shows_at:.0?}, paid at {paid_at:.0?}, billed at {billed_at:.0?}")?;
        for unit in &sale.units {
            let invoice =
                invoices.iter().position(|invoice| invoice.contains(&unit.id)).unwrap_or_default();
            writeln!(
                f,
                "  {} product {}, {} x {}, discounts {} and {}, tax {}, on invoice {}",
                unit.id,
                unit.product,
                unit.quantity,
                unit.price,
                unit.item_discount,
                unit.order_discount,
                unit.tax,
                invoice + 1
            )?;
        }
        if let Some(ByHand { unit, kind, named }) = by_hand {
            writeln!(f, "  {unit} is on a memo by hand: {kind:?}, named: {named}")?;
        }
        if let Some(oddity) = oddity {
            writeln!(f, "  {oddity:?}")?;
        }
        for Group { units, cancelled_at, refunded_at } in &self.groups {
            let units = units.join(", ");
            writeln!(f, "  {units}: cancelled at {cancelled_at:?}, refunded at {refunded_at:?}")?;
        }
        Ok(())
    }
}
