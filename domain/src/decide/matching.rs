//! Finds the line that carries a unit: by the line key column, else by item. Never by position.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;

use super::{
    DecisionInput,
    credited::Credited,
    lines::{ItemLine, MatchRank, item_lines, names},
    room::Queue,
};
use crate::{Invoice, Reason, Unit, UnitId};

/// A unit on its invoice line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matched<'a> {
    pub(super) unit: &'a Unit,
    pub(super) invoice: &'a Invoice,
    pub(super) item_line: ItemLine<'a>,
}

/// Units on invoices, and those that no invoice carries.
#[derive(Debug, Default)]
pub(super) struct Matching<'a> {
    pub(super) matched: Vec<Matched<'a>>,
    pub(super) uninvoiced: Vec<&'a Unit>,
}

/// Finds the invoice line of each unit.
pub(super) fn match_units<'a>(
    input: &DecisionInput<'a>,
    wanted: &[&'a Unit],
    credited: &Credited,
) -> Result<Matching<'a>, Reason> {
    let lines = lines(input);
    let mut named: HashMap<&UnitId, usize> = HashMap::new();
    for (nth, (_, item_line)) in lines.iter().enumerate() {
        for unit in &item_line.line.units {
            named.entry(unit).or_insert(nth);
        }
    }
    let matched =
        |unit, nth: usize| Matched { unit, invoice: lines[nth].0, item_line: lines[nth].1 };
    let mut matching = Matching::default();
    let mut by_item = Vec::new();
    for &unit in wanted {
        match named.get(&unit.id) {
            Some(&nth) => matching.matched.push(matched(unit, nth)),
            None => by_item.push(unit),
        }
    }
    if by_item.is_empty() {
        return Ok(matching);
    }
    let (left, on_memos) = rooms(input, &lines, credited);
    let asked: BTreeSet<&UnitId> = by_item.iter().map(|unit| &unit.id).collect();
    let is_rival = |unit: &&Unit| {
        !named.contains_key(&unit.id) && !asked.contains(&unit.id) && !on_memos.contains(&unit.id)
    };
    let rivals = input.order.units.iter().filter(is_rival).collect();
    let mut search = Search { lines: &lines, left, queues: HashMap::new(), alike: BTreeSet::new() };
    let found = search.run(&by_item, rivals)?;
    for unit in by_item {
        match found.get(&unit.id) {
            Some(&nth) => matching.matched.push(matched(unit, nth)),
            None => matching.uninvoiced.push(unit),
        }
    }
    Ok(matching)
}

type Line<'a> = (&'a Invoice, ItemLine<'a>);

/// The item lines of all invoices, in the order in which units choose them.
fn lines<'a>(input: &DecisionInput<'a>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for invoice in &input.billing.invoices {
        let found = item_lines(invoice.lines.iter(), input.policy, input.maps);
        lines.extend(found.into_iter().map(|item_line| (invoice, item_line)));
    }
    lines.sort_by_key(|(invoice, item_line)| (invoice.id.rank(), item_line.line.line));
    lines
}

/// Units that no line names, to be matched by item.
struct Search<'s, 'a> {
    lines: &'s [Line<'a>],
    /// Pieces on each line that no unit has taken yet.
    left: Vec<Decimal>,
    /// The lines that match a product with the same rank.
    queues: HashMap<(&'a str, MatchRank), Queue>,
    /// Queues whose lines with room for this many pieces are interchangeable.
    alike: BTreeSet<(&'a str, MatchRank, u32)>,
}

impl<'a> Search<'_, 'a> {
    /// The line of each wanted unit that has one. The best match rank is served first, over all
    /// units of the order: a line that matches an unwanted unit (a rival) better is not taken.
    /// Within a rank the wanted units come first.
    fn run(
        &mut self,
        wanted: &[&'a Unit],
        mut rivals: Vec<&'a Unit>,
    ) -> Result<HashMap<&'a UnitId, usize>, Reason> {
        let units = wanted.iter().chain(&rivals);
        self.queue_up(&units.map(|unit| unit.product.as_str()).collect());
        let mut found = HashMap::new();
        let mut open = wanted.to_vec();
        for match_rank in MatchRank::ALL {
            let mut missed = Vec::new();
            for unit in open {
                match self.choose(unit, match_rank)? {
                    Some(nth) => drop(found.insert(&unit.id, nth)),
                    None => missed.push(unit),
                }
            }
            open = missed;
            if open.is_empty() {
                break;
            }
            rivals.retain(|rival| self.take(rival, match_rank).is_none());
        }
        Ok(found)
    }

    fn queue_up(&mut self, products: &BTreeSet<&'a str>) {
        for (nth, (_, item_line)) in self.lines.iter().enumerate() {
            let mut met = BTreeSet::new();
            for (name, match_rank) in names(&item_line.line.item) {
                // A product counts once on a line: with its best rank there.
                if let Some(&product) = products.get(name)
                    && met.insert(product)
                {
                    self.queues.entry((product, match_rank)).or_default().push(nth);
                }
            }
        }
    }

    /// The line for a wanted unit; `ambiguous-line` where it could be one of several that differ.
    fn choose(&mut self, unit: &'a Unit, match_rank: MatchRank) -> Result<Option<usize>, Reason> {
        let key = (unit.product.as_str(), match_rank);
        let Some(queue) = self.queues.get_mut(&key) else {
            return Ok(None);
        };
        let Some(first) = queue.first(&self.left, unit.quantity) else {
            return Ok(None);
        };
        // Room only shrinks, so lines that were interchangeable stay interchangeable.
        if self.alike.insert((key.0, match_rank, unit.quantity)) {
            let terms = self.lines[first].1.terms();
            let differs = |nth: usize| self.lines[nth].1.terms() != terms;
            if queue.with_room(&self.left, unit.quantity).any(differs) {
                let lines = queue.with_room(&self.left, unit.quantity).map(|nth| {
                    let (invoice, item_line) = &self.lines[nth];
                    format!("{} of invoice {}", item_line.line.line, invoice.id)
                });
                let lines = lines.collect();
                return Err(Reason::AmbiguousLine { unit: unit.id.clone(), lines });
            }
        }
        self.left[first] -= Decimal::from(unit.quantity);
        Ok(Some(first))
    }

    /// The line for a rival: the first of those that match.
    fn take(&mut self, unit: &'a Unit, match_rank: MatchRank) -> Option<usize> {
        let queue = self.queues.get_mut(&(unit.product.as_str(), match_rank))?;
        let first = queue.first(&self.left, unit.quantity)?;
        self.left[first] -= Decimal::from(unit.quantity);
        Some(first)
    }
}

/// The pieces of each line that are neither reserved for a unit that the line names nor credited to
/// a unit that it does not name; and the units whose credit is on one of these lines.
///
/// A line that names an id which the order does not have belongs to another order and has no room.
fn rooms(
    input: &DecisionInput<'_>,
    lines: &[Line<'_>],
    credited: &Credited,
) -> (Vec<Decimal>, BTreeSet<UnitId>) {
    let mut on_memos = BTreeSet::new();
    let left = lines.iter().map(|(invoice, item_line)| {
        let named: BTreeSet<&UnitId> = item_line.line.units.iter().collect();
        let units = named.iter().map(|id| input.order.unit(id));
        let reserved: Option<Decimal> =
            units.map(|unit| unit.map(|unit| Decimal::from(unit.quantity))).sum();
        let mut used = Decimal::ZERO;
        for existing_credit in credited.lines_on(invoice, item_line.line) {
            on_memos.extend(existing_credit.units.iter().cloned());
            if !existing_credit.units.iter().any(|id| named.contains(id)) {
                used += existing_credit.quantity;
            }
        }
        reserved.map_or(Decimal::ZERO, |reserved| item_line.quantity() - reserved - used)
    });
    (left.collect(), on_memos)
}

/// The matched units of each invoice line, in ascending order of invoice and line.
pub(super) fn by_line<'a>(
    matched: &[Matched<'a>],
) -> BTreeMap<(&'a crate::RecordId, u32), Vec<Matched<'a>>> {
    let mut lines: BTreeMap<_, Vec<Matched<'a>>> = BTreeMap::new();
    for it in matched {
        lines.entry((&it.invoice.id, it.item_line.line.line)).or_default().push(*it);
    }
    lines
}
