//! Which line carries a unit: by the line key column, else by item. Never by position.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rust_decimal::Decimal;

use super::{
    Case,
    credited::Credited,
    lines::{Goods, Likeness, goods, names},
    room::Queue,
};
use crate::{Invoice, Reason, Unit, UnitId};

/// A unit on its invoice line.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) unit: &'a Unit,
    pub(super) invoice: &'a Invoice,
    pub(super) goods: Goods<'a>,
}

/// Units on invoices, and those that no invoice carries.
#[derive(Debug, Default)]
pub(super) struct Placement<'a> {
    pub(super) placed: Vec<Placed<'a>>,
    pub(super) loose: Vec<&'a Unit>,
}

/// Finds the invoice line of each unit.
pub(super) fn place<'a>(
    case: &Case<'a>,
    wanted: &[&'a Unit],
    credited: &Credited,
) -> Result<Placement<'a>, Reason> {
    let lines = lines(case);
    let mut named: HashMap<&UnitId, usize> = HashMap::new();
    for (nth, (_, goods)) in lines.iter().enumerate() {
        for unit in &goods.line.units {
            named.entry(unit).or_insert(nth);
        }
    }
    let placed = |unit, nth: usize| Placed { unit, invoice: lines[nth].0, goods: lines[nth].1 };
    let mut placement = Placement::default();
    let mut by_item = Vec::new();
    for &unit in wanted {
        match named.get(&unit.id) {
            Some(&nth) => placement.placed.push(placed(unit, nth)),
            None => by_item.push(unit),
        }
    }
    if by_item.is_empty() {
        return Ok(placement);
    }
    let (left, on_memos) = rooms(case, &lines, credited);
    let asked: BTreeSet<&UnitId> = by_item.iter().map(|unit| &unit.id).collect();
    let is_rival = |unit: &&Unit| {
        !named.contains_key(&unit.id) && !asked.contains(&unit.id) && !on_memos.contains(&unit.id)
    };
    let rivals = case.order.units.iter().filter(is_rival).collect();
    let mut search = Search { lines: &lines, left, queues: HashMap::new(), alike: BTreeSet::new() };
    let found = search.run(&by_item, rivals)?;
    for unit in by_item {
        match found.get(&unit.id) {
            Some(&nth) => placement.placed.push(placed(unit, nth)),
            None => placement.loose.push(unit),
        }
    }
    Ok(placement)
}

type Line<'a> = (&'a Invoice, Goods<'a>);

/// The lines of goods on all invoices, in the order in which units choose them.
fn lines<'a>(case: &Case<'a>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for invoice in &case.billing.invoices {
        let found = goods(invoice.lines.iter(), case.policy, case.maps);
        lines.extend(found.into_iter().map(|goods| (invoice, goods)));
    }
    lines.sort_by_key(|(invoice, goods)| (invoice.id.rank(), goods.line.line));
    lines
}

/// Units without a line of their own, looking for one by item.
struct Search<'s, 'a> {
    lines: &'s [Line<'a>],
    /// Pieces on each line that are nobody's yet.
    left: Vec<Decimal>,
    /// The lines of a product that are equally like it.
    queues: HashMap<(&'a str, Likeness), Queue>,
    /// Queues whose lines with room for so many pieces are interchangeable.
    alike: BTreeSet<(&'a str, Likeness, u32)>,
}

impl<'a> Search<'_, 'a> {
    /// The line of each wanted unit that has one. The surest likeness is served first,
    /// over all units of the order: a line that is the better match for one that is not
    /// wanted now, a rival, is not taken. Among equals the wanted come first.
    fn run(
        &mut self,
        wanted: &[&'a Unit],
        mut rivals: Vec<&'a Unit>,
    ) -> Result<HashMap<&'a UnitId, usize>, Reason> {
        let units = wanted.iter().chain(&rivals);
        self.queue_up(&units.map(|unit| unit.product.as_str()).collect());
        let mut found = HashMap::new();
        let mut open = wanted.to_vec();
        for likeness in Likeness::ALL {
            let mut missed = Vec::new();
            for unit in open {
                match self.choose(unit, likeness)? {
                    Some(nth) => drop(found.insert(&unit.id, nth)),
                    None => missed.push(unit),
                }
            }
            open = missed;
            if open.is_empty() {
                break;
            }
            rivals.retain(|rival| self.take(rival, likeness).is_none());
        }
        Ok(found)
    }

    fn queue_up(&mut self, products: &BTreeSet<&'a str>) {
        for (nth, (_, goods)) in self.lines.iter().enumerate() {
            let mut met = BTreeSet::new();
            for (name, likeness) in names(&goods.line.item) {
                // A name counts once on a line: as the surest of what it is there.
                if let Some(&product) = products.get(name)
                    && met.insert(product)
                {
                    self.queues.entry((product, likeness)).or_default().push(nth);
                }
            }
        }
    }

    /// The line for a wanted unit: `ambiguous-line` where it could be any of several that
    /// differ.
    fn choose(&mut self, unit: &'a Unit, likeness: Likeness) -> Result<Option<usize>, Reason> {
        let key = (unit.product.as_str(), likeness);
        let Some(queue) = self.queues.get_mut(&key) else {
            return Ok(None);
        };
        let Some(first) = queue.first(&self.left, unit.quantity) else {
            return Ok(None);
        };
        // Room only gets less: lines that were all alike stay so.
        if self.alike.insert((key.0, likeness, unit.quantity)) {
            let terms = self.lines[first].1.terms();
            let differs = |nth: usize| self.lines[nth].1.terms() != terms;
            if queue.with_room(&self.left, unit.quantity).any(differs) {
                let lines = queue.with_room(&self.left, unit.quantity).map(|nth| {
                    let (invoice, goods) = &self.lines[nth];
                    format!("{} of invoice {}", goods.line.line, invoice.id)
                });
                let lines = lines.collect();
                return Err(Reason::AmbiguousLine { unit: unit.id.clone(), lines });
            }
        }
        self.left[first] -= Decimal::from(unit.quantity);
        Ok(Some(first))
    }

    /// The line for a rival, whichever of several.
    fn take(&mut self, unit: &'a Unit, likeness: Likeness) -> Option<usize> {
        let queue = self.queues.get_mut(&(unit.product.as_str(), likeness))?;
        let first = queue.first(&self.left, unit.quantity)?;
        self.left[first] -= Decimal::from(unit.quantity);
        Some(first)
    }
}

/// Pieces of each line that are neither reserved for a unit it names nor credited to a
/// unit it does not name; and the units whose credit stands on one of these lines.
///
/// A line that names an id which the order does not know is somebody else's: nothing is
/// left on it.
fn rooms(
    case: &Case<'_>,
    lines: &[Line<'_>],
    credited: &Credited,
) -> (Vec<Decimal>, BTreeSet<UnitId>) {
    let mut on_memos = BTreeSet::new();
    let left = lines.iter().map(|(invoice, goods)| {
        let named: BTreeSet<&UnitId> = goods.line.units.iter().collect();
        let units = named.iter().map(|id| case.order.unit(id));
        let reserved: Option<Decimal> =
            units.map(|unit| unit.map(|unit| Decimal::from(unit.quantity))).sum();
        let mut used = Decimal::ZERO;
        for booked in credited.lines_on(invoice, goods.line) {
            on_memos.extend(booked.units.iter().cloned());
            if !booked.units.iter().any(|id| named.contains(id)) {
                used += booked.quantity;
            }
        }
        reserved.map_or(Decimal::ZERO, |reserved| goods.quantity() - reserved - used)
    });
    (left.collect(), on_memos)
}

/// The placed units of each invoice line, in ascending order of invoice and line.
pub(super) fn by_line<'a>(
    placed: &[Placed<'a>],
) -> BTreeMap<(&'a crate::RecordId, u32), Vec<Placed<'a>>> {
    let mut lines: BTreeMap<_, Vec<Placed<'a>>> = BTreeMap::new();
    for it in placed {
        lines.entry((&it.invoice.id, it.goods.line.line)).or_default().push(*it);
    }
    lines
}
