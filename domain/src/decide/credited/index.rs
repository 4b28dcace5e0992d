//! Look-up tables of an order and its sales documents, so that no list is searched twice: an order
//! of 5,000 units has as many invoice lines, and as many memo lines.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::super::{
    DecisionInput,
    lines::{names, pieces},
};
use crate::{Amount, BillingLine, ExistingMemo, Invoice, ItemRef, RecordId, Unit, UnitId};

/// The look-up tables for reading memos.
pub(super) struct Index<'a> {
    pub(super) input: &'a DecisionInput<'a>,
    pub(super) units: BTreeMap<&'a UnitId, &'a Unit>,
    products: BTreeMap<&'a str, Option<Decimal>>,
    by_item: BTreeMap<&'a RecordId, BTreeSet<&'a str>>,
    invoices: BTreeMap<&'a RecordId, Lines<'a>>,
    /// The customer records of the sales documents.
    entities: BTreeSet<&'a RecordId>,
    /// The highest invoice whose lines name a unit.
    stands_on: BTreeMap<&'a UnitId, &'a RecordId>,
}

/// The lines of one invoice.
struct Lines<'a> {
    numbered: BTreeMap<u32, Line<'a>>,
    of_unit: BTreeMap<&'a UnitId, u32>,
    /// `None` where several lines have the item.
    of_item: BTreeMap<&'a RecordId, Option<u32>>,
}

/// One invoice line with the units of the order that it names.
struct Line<'a> {
    billed: &'a BillingLine,
    units: Vec<&'a Unit>,
    /// The smallest credit that counts for one piece of a unit on it.
    least: Option<Decimal>,
}

impl<'a> Index<'a> {
    pub(super) fn of(input: &'a DecisionInput<'a>) -> Self {
        let billing = input.billing;
        let units: BTreeMap<&UnitId, &Unit> =
            input.order.units.iter().map(|unit| (&unit.id, unit)).collect();
        let mut of_product: BTreeMap<&str, Vec<&Unit>> = BTreeMap::new();
        for unit in &input.order.units {
            of_product.entry(unit.product.as_str()).or_default().push(unit);
        }
        let least = |(product, units): (_, Vec<&Unit>)| (product, least(input, &units));
        let products = of_product.into_iter().map(least).collect();
        let entities = billing.invoices.iter().map(|invoice| &invoice.entity);
        let entities = entities.chain(billing.sales_order.iter().map(|order| &order.entity));
        let mut index = Self {
            input,
            units,
            products,
            by_item: BTreeMap::new(),
            invoices: BTreeMap::new(),
            entities: entities.collect(),
            stands_on: BTreeMap::new(),
        };
        let ordered = billing.sales_order.iter().flat_map(|order| &order.lines);
        let invoiced = billing.invoices.iter().flat_map(|invoice| &invoice.lines);
        for line in invoiced.chain(ordered.map(|line| &line.line)) {
            let named = line.units.iter().filter_map(|id| index.units.get(id));
            let named: Vec<&str> = named.map(|unit| unit.product.as_str()).collect();
            let products_by_name = index.products_by_name(&line.item);
            let products = index.by_item.entry(&line.item.id).or_default();
            products.extend(named.into_iter().chain(products_by_name));
        }
        for invoice in &billing.invoices {
            index.add(invoice);
        }
        index
    }

    fn add(&mut self, invoice: &'a Invoice) {
        let mut lines =
            Lines { numbered: BTreeMap::new(), of_unit: BTreeMap::new(), of_item: BTreeMap::new() };
        for line in &invoice.lines {
            let named = line.units.iter().filter_map(|id| self.units.get(id).copied());
            let units: Vec<&Unit> = named.collect();
            let least = least(self.input, &units);
            for id in &line.units {
                lines.of_unit.entry(id).or_insert(line.line);
                let stands_on = self.stands_on.entry(id).or_insert(&invoice.id);
                *stands_on = later(stands_on, &invoice.id);
            }
            let only = lines.of_item.entry(&line.item.id);
            only.and_modify(|number| *number = None).or_insert(Some(line.line));
            lines.numbered.entry(line.line).or_insert(Line { billed: line, units, least });
        }
        self.invoices.entry(&invoice.id).or_insert(lines);
    }

    /// The products of the order that an item may be, by the item's own names.
    fn products_by_name(&self, item: &ItemRef) -> Vec<&'a str> {
        let products = names(item).filter_map(|(name, _)| self.products.get_key_value(name));
        products.map(|(product, _)| *product).collect()
    }

    /// The products of the order that an item may be, in ascending order: by its own names, or as
    /// the lines of invoices and sales order show.
    pub(super) fn products(&self, item: &ItemRef) -> BTreeSet<&'a str> {
        let shown = self.by_item.get(&item.id).into_iter().flatten().copied();
        shown.chain(self.products_by_name(item)).collect()
    }

    /// Whether a memo on record belongs to this order: see `docs/RULES.md#existing-memos`. The
    /// quick pass reads no sales documents, so every memo that it found counts.
    pub(super) fn is_of_the_order(&self, memo: &ExistingMemo) -> bool {
        let item_lines = || memo.lines.iter().filter(|line| line.quantity.is_some());
        let named = || memo.lines.iter().flat_map(|line| &line.units);
        let is_entity_of_order = |entity: &RecordId| self.entities.contains(entity);
        if self.entities.is_empty()
            || self.is_invoice(memo.created_from.as_ref())
            || named().any(|id| self.units.contains_key(id))
        {
            true
        } else if item_lines().next().is_some() && item_lines().all(|line| !line.units.is_empty()) {
            // All its items belong to another order with the same number.
            false
        } else {
            memo.entity.as_ref().is_none_or(is_entity_of_order)
        }
    }

    /// Whether this is one of the order's invoices.
    pub(super) fn is_invoice(&self, record: Option<&RecordId>) -> bool {
        record.is_some_and(|id| self.invoices.contains_key(id))
    }

    /// Whether any invoice was read.
    pub(super) fn has_invoices(&self) -> bool {
        !self.invoices.is_empty()
    }

    /// The invoice line that a memo line names as its source, where both have the same item.
    pub(super) fn made_for(
        &self,
        invoice: Option<&RecordId>,
        number: Option<u32>,
        item: &RecordId,
    ) -> Option<Target<'_>> {
        let (id, lines) = self.invoices.get_key_value(invoice?)?;
        let line = lines.numbered.get(&number?).filter(|line| line.billed.item.id == *item)?;
        Some(Target {
            invoice: id,
            number: line.billed.line,
            units: &line.units,
            least: line.least,
        })
    }

    /// The number of the invoice line that an earlier memo's line credits; `None` where it could be
    /// one of several, which the count of its product then limits together.
    pub(super) fn located(
        &self,
        invoice: &RecordId,
        number: Option<u32>,
        units: &[UnitId],
        item: &RecordId,
    ) -> Option<u32> {
        let lines = self.invoices.get(invoice)?;
        let by_number = number.filter(|number| lines.numbered.contains_key(number));
        let by_unit = || units.iter().filter_map(|id| lines.of_unit.get(id)).min().copied();
        by_number.or_else(by_unit).or_else(|| lines.of_item.get(item).copied().flatten())
    }

    /// The first invoice whose lines name any of these units.
    pub(super) fn invoice_naming(&self, units: &[&UnitId]) -> Option<RecordId> {
        let mut invoices = self.input.billing.invoices.iter().map(|invoice| &invoice.id);
        let names = |id: &&RecordId| {
            let lines = self.invoices.get(id);
            lines.is_some_and(|it| units.iter().any(|unit| it.of_unit.contains_key(*unit)))
        };
        invoices.find(names).cloned()
    }

    /// The only invoice that has any of these items; where none has, the only invoice.
    pub(super) fn invoice_having(&self, items: &[&RecordId]) -> Option<RecordId> {
        let has = |lines: &Lines<'_>| items.iter().any(|item| lines.of_item.contains_key(*item));
        let mut having: Vec<&RecordId> =
            self.invoices.iter().filter(|(_, lines)| has(lines)).map(|(id, _)| *id).collect();
        if having.is_empty() {
            having = self.invoices.keys().copied().collect();
        }
        match having[..] {
            [only] => Some(only.clone()),
            _ => None,
        }
    }

    /// Whether the lines of invoices name units at all.
    pub(super) fn names_units(&self) -> bool {
        !self.stands_on.is_empty()
    }

    /// The highest invoice that names each unit.
    pub(super) fn last_invoices(&self) -> BTreeMap<UnitId, RecordId> {
        let standing = self.stands_on.iter();
        standing.map(|(unit, invoice)| ((*unit).clone(), (*invoice).clone())).collect()
    }

    /// The net price of each of these units together, less the tolerance for each.
    pub(super) fn least_for(&self, units: &[&Unit]) -> Amount {
        let (treatment, tolerance) = (self.input.order.treatment, self.input.policy.tolerance);
        units.iter().map(|unit| unit.net(treatment) - tolerance).sum()
    }

    /// The smallest credit that counts for one piece of one of these products.
    pub(super) fn least_of(&self, products: &BTreeSet<&str>) -> Option<Decimal> {
        products.iter().filter_map(|product| self.products.get(product).copied().flatten()).min()
    }
}

/// The invoice line that a memo line was made from.
pub(super) struct Target<'i> {
    pub(super) invoice: &'i RecordId,
    pub(super) number: u32,
    /// The units of the order that it names.
    pub(super) units: &'i [&'i Unit],
    /// The smallest credit that counts for one piece of one of its units.
    pub(super) least: Option<Decimal>,
}

impl Target<'_> {
    /// Whether `quantity` covers all of its units, and none of them is active.
    pub(super) fn is_whole(&self, quantity: Option<Decimal>) -> bool {
        let all: Decimal = self.units.iter().map(|unit| Decimal::from(unit.quantity)).sum();
        !self.units.is_empty()
            && all == pieces(quantity, Decimal::ONE)
            && self.units.iter().all(|unit| !unit.is_active())
    }
}

/// The smallest amount that counts as the credit of one piece of a unit: its net price less the
/// tolerance. A unit that is worth nothing has none.
///
/// A unit of 20.00 counts as credited by a line of 19.99, and not by one of 5.00. Where the
/// tolerance is 0.50, any line counts for a sample of 0.50.
pub(super) fn price_of(input: &DecisionInput<'_>, unit: &Unit) -> Option<Decimal> {
    let net = unit.net(input.order.treatment);
    let least = (net - input.policy.tolerance).max(Amount::ZERO).value();
    (net > Amount::ZERO).then(|| least / Decimal::from(unit.quantity.max(1)))
}

/// The smallest credit that counts for one piece of one of these units: of the cancelled or
/// returned ones, or of all where there are none.
fn least(input: &DecisionInput<'_>, units: &[&Unit]) -> Option<Decimal> {
    let inactive = units.iter().filter(|unit| !unit.is_active());
    let of_inactive = inactive.clone().filter_map(|unit| price_of(input, unit)).min();
    if inactive.count() == 0 {
        units.iter().filter_map(|unit| price_of(input, unit)).min()
    } else {
        of_inactive
    }
}

fn later<'a>(one: &'a RecordId, other: &'a RecordId) -> &'a RecordId {
    if one.rank() < other.rank() { other } else { one }
}
