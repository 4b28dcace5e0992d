//! Counts the pieces that memos credit without naming a unit, over the whole order.
//!
//! Each piece takes a cancelled or returned unit whose price it covers: first a unit that no event
//! asks for now, then the last of the units that are asked for. The units that are left may be
//! credited.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{
    super::DecisionInput,
    existing_credit::{Credits, ExistingCredit, price},
    index::{Index, price_of},
};
use crate::{RecordId, Unit, UnitId};

/// Pieces on an earlier memo that name no unit.
#[derive(Debug, Clone)]
pub(super) struct Nameless {
    /// The memo's position.
    memo: usize,
    /// What one piece is credited with.
    price: Decimal,
    pieces: Decimal,
    /// The products that its item may be.
    products: Vec<String>,
    /// The invoice line that it was made from, where that line names units.
    made_for: Option<(RecordId, u32)>,
}

/// The nameless pieces of all memos.
#[derive(Debug, Default)]
pub(super) struct Count {
    entries: Vec<Nameless>,
    /// The units on the invoice lines that entries were made from.
    on_lines: BTreeMap<(RecordId, u32), BTreeSet<UnitId>>,
}

/// What nameless pieces leave of a unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Left {
    /// Pieces that no memo credits.
    pub(super) pieces: Decimal,
    /// The position of the memo that credits the last of the other pieces.
    pub(super) by: Option<usize>,
}

/// The units from which a piece takes one: the most expensive unit whose price it covers; among
/// equal ones the last.
#[derive(Default)]
struct Pool {
    others: BTreeSet<Candidate>,
    asked: BTreeSet<Candidate>,
}

/// A unit in the order in which pieces take them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// The smallest credit of one piece that counts.
    least: Decimal,
    /// Whether it has a price: the tolerance alone can also make `least` zero.
    has_price: bool,
    /// Its position in the order.
    nth: usize,
}

impl Count {
    pub(super) fn of(index: &Index<'_>, memos: &[ExistingCredit], named: &BTreeSet<usize>) -> Self {
        let mut count = Self::default();
        let mut strays = Vec::new();
        let mut counted: BTreeSet<String> = BTreeSet::new();
        let counting = memos.iter().enumerate().filter(|(nth, _)| !named.contains(nth));
        for (memo, existing_credit) in counting {
            for line in existing_credit.lines.iter().filter(|line| line.kind == Credits::Pieces) {
                if !line.units.is_empty() {
                    let named_units =
                        line.units.iter().filter_map(|id| index.units.get(id).copied());
                    strays.extend(
                        named_units.filter(|unit| unit.is_active()).map(|unit| (memo, unit)),
                    );
                    continue;
                }
                let products = index.products(&line.item).into_iter().map(str::to_owned);
                let products: Vec<String> = products.collect();
                counted.extend(products.iter().cloned());
                if let Some(place) = &line.made_for {
                    let source = Some(&place.0);
                    let target = index.made_for(source, Some(place.1), &line.item.id);
                    let units = target.into_iter().flat_map(|it| it.units.iter());
                    count
                        .on_lines
                        .entry(place.clone())
                        .or_insert_with(|| units.map(|unit| unit.id.clone()).collect());
                }
                count.entries.push(Nameless {
                    memo,
                    price: price(line),
                    pieces: line.quantity,
                    products,
                    made_for: line.made_for.clone(),
                });
            }
        }
        // A person who credits a product without names may have named the wrong unit on another
        // line: a memo over an active unit was meant for another unit.
        for (memo, unit) in strays.into_iter().filter(|(_, it)| counted.contains(&it.product)) {
            count.entries.push(Nameless {
                memo,
                price: price_of(index.input, unit).unwrap_or_default(),
                pieces: Decimal::from(unit.quantity),
                products: vec![unit.product.clone()],
                made_for: None,
            });
        }
        count.entries.sort_by_key(|entry| entry.price);
        count
    }

    /// Removes the pieces of a memo whose units are now known.
    pub(super) fn forget(&mut self, memo: usize) {
        self.entries.retain(|entry| entry.memo != memo);
    }

    /// What is left of each unit, by position; `credited` are units known by id.
    pub(super) fn left(&self, input: &DecisionInput<'_>, credited: &BTreeSet<UnitId>) -> Vec<Left> {
        let open = |unit: &Unit| !unit.is_active() && !credited.contains(&unit.id);
        let pieces = |unit: &Unit| if open(unit) { unit.quantity.into() } else { Decimal::ZERO };
        let units = input.order.units.iter();
        let mut left: Vec<Left> =
            units.map(|unit| Left { pieces: pieces(unit), by: None }).collect();
        if self.entries.is_empty() {
            return left;
        }
        let (mut products, mut lines) = (BTreeMap::new(), BTreeMap::new());
        let wanted: BTreeSet<&str> =
            self.entries.iter().flat_map(|entry| &entry.products).map(String::as_str).collect();
        let mut matched: BTreeMap<&UnitId, Vec<&(RecordId, u32)>> = BTreeMap::new();
        for (place, units) in &self.on_lines {
            for id in units {
                matched.entry(id).or_default().push(place);
            }
        }
        for (nth, unit) in input.order.units.iter().enumerate().filter(|(_, unit)| open(unit)) {
            let price = price_of(input, unit);
            let entry =
                Candidate { least: price.unwrap_or_default(), has_price: price.is_some(), nth };
            let asked = input.cancellation.units.contains_key(&unit.id);
            if wanted.contains(unit.product.as_str()) {
                let pool: &mut Pool = products.entry(unit.product.as_str()).or_default();
                pool.add(entry, asked);
            }
            for place in matched.get(&unit.id).into_iter().flatten() {
                let pool: &mut Pool = lines.entry(*place).or_default();
                pool.add(entry, asked);
            }
        }
        for it in &self.entries {
            let mut pieces = it.pieces;
            while pieces > Decimal::ZERO {
                let on_line = it.made_for.as_ref().and_then(|place| lines.get_mut(place));
                let found = on_line.and_then(|pool| pool.best(it.price, &left)).or_else(|| {
                    let pools = it.products.iter();
                    let mut best: Option<(bool, Candidate)> = None;
                    for product in pools {
                        let pool = products.get_mut(product.as_str());
                        best = best.max(pool.and_then(|pool| pool.best(it.price, &left)));
                    }
                    best
                });
                let Some((_, Candidate { nth, .. })) = found else { break };
                let allocations = pieces.min(left[nth].pieces);
                left[nth] = Left { pieces: left[nth].pieces - allocations, by: Some(it.memo) };
                pieces -= allocations;
            }
        }
        left
    }
}

impl Pool {
    fn add(&mut self, entry: Candidate, asked: bool) {
        if asked {
            self.asked.insert(entry)
        } else {
            self.others.insert(entry)
        };
    }

    /// The unit for a piece of this price; units that no event asks for come first.
    fn best(&mut self, price: Decimal, left: &[Left]) -> Option<(bool, Candidate)> {
        let others = dearest(&mut self.others, price, left).map(|found| (true, found));
        others.or_else(|| dearest(&mut self.asked, price, left).map(|found| (false, found)))
    }
}

/// The most expensive unit that a piece of this price credits. A piece with a price never credits a
/// free unit, and a piece without a price never credits a unit that has one.
fn dearest(units: &mut BTreeSet<Candidate>, price: Decimal, left: &[Left]) -> Option<Candidate> {
    let has_price = !price.is_zero();
    let most = Candidate { least: price, has_price, nth: usize::MAX };
    loop {
        let found = *units.range(..=most).next_back()?;
        if left[found.nth].pieces > Decimal::ZERO {
            return (found.has_price == has_price).then_some(found);
        }
        units.remove(&found);
    }
}
