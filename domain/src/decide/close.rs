//! Units that no invoice carries: their sales-order lines, closed or credited without invoice.
//!
//! Every target is absolute, never a difference: what remains on a line are the
//! units that the storefront does not show cancelled.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::Decimal;

use super::{
    Case, LineTarget, LinesToClose,
    credited::Credited,
    lines::{Goods, Likeness, goods, likeness, names, pieces},
    matching::Placement,
    room::Queue,
};
use crate::{OrderLine, Reason, SalesOrder, Unit, UnitId, UnitStatus};

/// A sales-order line of goods, and the units of the order on it.
#[derive(Debug, Clone)]
pub(super) struct Spot<'a> {
    pub(super) order_line: &'a OrderLine,
    pub(super) goods: Goods<'a>,
    pub(super) units: Vec<&'a Unit>,
}

impl Spot<'_> {
    /// Pieces that an invoice carries, as the sales order counts them.
    pub(super) fn billed(&self) -> Decimal {
        pieces(Some(self.order_line.billed), Decimal::ZERO)
    }

    /// Closed by somebody, with this unit's pieces not among those that were billed.
    pub(super) fn is_closed_without(&self, unit: &Unit) -> bool {
        let billed = self.billed();
        let room = Decimal::from(unit.quantity) <= self.goods.quantity() - billed;
        self.order_line.closed && (billed.is_zero() || room)
    }

    /// Fulfilled or billed, at least in part.
    fn has_gone(&self) -> bool {
        !self.gone().is_zero()
    }

    /// Pieces that were fulfilled or billed.
    fn gone(&self) -> Decimal {
        self.order_line.billed.max(self.order_line.fulfilled)
    }
}

/// The lines of goods of a sales order, with the units of the order on them.
#[derive(Debug)]
pub(super) struct Spots<'a> {
    pub(super) all: Vec<Spot<'a>>,
    by_unit: HashMap<&'a UnitId, usize>,
    /// The first line that names a unit.
    named: HashMap<&'a UnitId, usize>,
    /// Of the open lines that name no unit and are equally like a product: the first, and
    /// whether the others have the same terms.
    alike: HashMap<(&'a str, Likeness), (usize, bool)>,
}

impl<'a> Spots<'a> {
    /// The position of the line that carries a unit.
    pub(super) fn position(&self, unit: &Unit) -> Option<usize> {
        self.by_unit.get(&unit.id).copied()
    }

    fn put(&mut self, unit: &'a Unit, nth: usize) {
        self.all[nth].units.push(unit);
        self.by_unit.insert(&unit.id, nth);
    }
}

/// All units of the order on the sales order's lines: by the line key column,
/// else by item. Lines that name no unit are shared out so that the event's units
/// get those that are still open and not billed, and closed lines come last:
/// whatever the order of events, each closes as much as it names, and no more.
/// The surest likeness is served first, and a line that names an id which the order
/// does not know is nobody's.
pub(super) fn spots<'a>(
    case: &Case<'a>,
    sales_order: &'a SalesOrder,
    placement: &Placement<'a>,
    credited: &Credited,
) -> Spots<'a> {
    let lines = sales_order.lines.iter().map(|it| &it.line);
    let mut by_number: HashMap<u32, &OrderLine> = HashMap::new();
    for line in &sales_order.lines {
        by_number.entry(line.line.line).or_insert(line);
    }
    let all: Vec<Spot<'a>> = goods(lines, case.policy, case.maps)
        .into_iter()
        .filter_map(|goods| {
            let order_line = by_number.get(&goods.line.line)?;
            Some(Spot { order_line, goods, units: Vec::new() })
        })
        .collect();
    let mut named: HashMap<&UnitId, usize> = HashMap::new();
    for (nth, spot) in all.iter().enumerate() {
        for unit in &spot.goods.line.units {
            named.entry(unit).or_insert(nth);
        }
    }
    let mut spots = Spots { all, by_unit: HashMap::new(), named, alike: HashMap::new() };
    let mut nameless = Vec::new();
    let turns = Turns::of(placement);
    for unit in &case.order.units {
        match spots.named.get(&unit.id) {
            Some(&nth) => spots.put(unit, nth),
            None => nameless.push((turns.turn(unit, credited), unit)),
        }
    }
    if !nameless.is_empty() {
        nameless.sort_by_key(|(turn, _)| *turn);
        share_out(case, &mut spots, nameless);
    }
    spots
}

/// Puts units on lines that do not name them.
fn share_out<'a>(case: &Case<'a>, spots: &mut Spots<'a>, nameless: Vec<(Turn, &'a Unit)>) {
    let products: BTreeSet<&str> = nameless.iter().map(|(_, unit)| unit.product.as_str()).collect();
    let mut queues: HashMap<(&str, Likeness, bool), Queue> = HashMap::new();
    for (nth, spot) in spots.all.iter().enumerate() {
        let mut met = BTreeSet::new();
        for (name, likeness) in names(&spot.goods.line.item) {
            let Some(&product) = products.get(name).filter(|it| met.insert(**it)) else {
                continue;
            };
            for has_gone in [true, false] {
                queues.entry((product, likeness, has_gone)).or_default().push(nth);
            }
            if spot.goods.line.units.is_empty() && !spot.order_line.closed {
                let (first, same) = spots.alike.entry((product, likeness)).or_insert((nth, true));
                *same &= spots.all[*first].goods.terms() == spot.goods.terms();
            }
        }
    }
    for ((_, _, has_gone), queue) in &mut queues {
        queue.sort_by_key(|nth| {
            let spot = &spots.all[*nth];
            (spot.has_gone() != *has_gone, spot.order_line.closed, spot.goods.line.line)
        });
    }
    let room = |spot: &Spot<'_>| {
        let used: Decimal = spot.units.iter().map(|unit| Decimal::from(unit.quantity)).sum();
        let is_ours = spot.goods.line.units.iter().all(|id| case.order.unit(id).is_some());
        if is_ours { spot.goods.quantity() - used } else { Decimal::ZERO }
    };
    let mut left: Vec<Decimal> = spots.all.iter().map(room).collect();
    let mut open = nameless;
    for likeness in Likeness::ALL {
        open.retain(|(turn, unit)| {
            let queue = queues.get_mut(&(unit.product.as_str(), likeness, turn.has_gone()));
            let Some(nth) = queue.and_then(|queue| queue.first(&left, unit.quantity)) else {
                return true;
            };
            left[nth] -= Decimal::from(unit.quantity);
            spots.put(unit, nth);
            false
        });
    }
}

/// When a unit chooses among lines that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Living,
    Invoiced,
    Event,
    OtherEvent,
}

/// The event's units, by whether an invoice carries them.
struct Turns<'a> {
    placed: BTreeSet<&'a UnitId>,
    loose: BTreeSet<&'a UnitId>,
}

impl<'a> Turns<'a> {
    fn of(placement: &Placement<'a>) -> Self {
        Self {
            placed: placement.placed.iter().map(|it| &it.unit.id).collect(),
            loose: placement.loose.iter().map(|unit| &unit.id).collect(),
        }
    }

    fn turn(&self, unit: &Unit, credited: &Credited) -> Turn {
        if unit.status != UnitStatus::Cancelled {
            Turn::Living
        } else if self.placed.contains(&unit.id) || credited.units.contains(&unit.id) {
            Turn::Invoiced
        } else if self.loose.contains(&unit.id) {
            Turn::Event
        } else {
            Turn::OtherEvent
        }
    }
}

impl Turn {
    /// Whether such units are rather on lines that were fulfilled or billed.
    fn has_gone(self) -> bool {
        matches!(self, Self::Living | Self::Invoiced)
    }
}

/// The line of a unit that may be credited or closed; an error when it could be
/// any of several that differ.
pub(super) fn spot_of<'a, 's>(
    spots: &'s Spots<'a>,
    unit: &Unit,
) -> Result<Option<&'s Spot<'a>>, Reason> {
    let Some(spot) = spots.position(unit).map(|nth| &spots.all[nth]) else {
        return Ok(None);
    };
    if spots.named.contains_key(&unit.id) {
        return Ok(Some(spot));
    }
    let sure = likeness(&spot.goods.line.item, &unit.product);
    let alike = sure.and_then(|sure| spots.alike.get(&(unit.product.as_str(), sure)));
    let Some(&(first, same)) = alike else {
        return Ok(Some(spot));
    };
    if same && spots.all[first].goods.terms() == spot.goods.terms() {
        return Ok(Some(spot));
    }
    let is_alike = |it: &&Spot<'_>| {
        likeness(&it.goods.line.item, &unit.product) == sure
            && it.goods.line.units.is_empty()
            && !it.order_line.closed
    };
    let lines = spots.all.iter().filter(is_alike);
    let lines = lines.map(|it| format!("{} of the sales order", it.goods.line.line)).collect();
    Err(Reason::AmbiguousLine { unit: unit.id.clone(), lines })
}

/// The targets of the lines that carry these units; `None` when every line is
/// there already.
pub(super) fn close_lines(
    case: &Case<'_>,
    sales_order: &SalesOrder,
    spots: &Spots<'_>,
    units: &[&Unit],
) -> Result<Option<LinesToClose>, Reason> {
    let mut targets: Vec<LineTarget> = Vec::new();
    let mut met = BTreeSet::new();
    for &unit in units {
        let Some(spot) = spot_of(spots, unit)? else {
            continue;
        };
        let number = spot.goods.line.line;
        if !met.insert(number) {
            continue;
        }
        let remaining = spot.units.iter().filter(|it| it.status != UnitStatus::Cancelled);
        let remaining: Vec<&Unit> = remaining.copied().collect();
        let pieces: Decimal = remaining.iter().map(|it| Decimal::from(it.quantity)).sum();
        let current = spot.goods.line.quantity.unwrap_or_default();
        let closed = pieces.is_zero();
        if current == pieces && spot.order_line.closed == closed {
            continue;
        }
        if pieces < spot.gone() {
            return Err(Reason::LineFulfilled { unit: unit.id.clone(), line: number });
        }
        targets.push(LineTarget { line: number, quantity: Some(pieces), amount: None, closed });
        if let Some(discount) = spot.goods.discount {
            let amount = remaining.iter().map(|it| it.discount).sum::<crate::Amount>();
            let amount = Some(-case.order.currency.round(amount));
            targets.push(LineTarget { line: discount.line, quantity: None, amount, closed });
        }
    }
    let sales_order = sales_order.id.clone();
    Ok((!targets.is_empty()).then_some(LinesToClose { sales_order, targets }))
}
