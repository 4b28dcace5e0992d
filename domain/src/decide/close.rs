//! Units that no invoice carries: their sales-order lines are closed or credited without an
//! invoice.
//!
//! Every target is absolute, never a difference: the units that the storefront does not show as
//! cancelled remain on the line.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::Decimal;

use super::{
    DecisionInput, LineTarget, LinesToClose,
    credited::Credited,
    lines::{ItemLine, MatchRank, item_lines, match_rank, names, pieces},
    matching::Matching,
    room::Queue,
};
use crate::{OrderLine, Reason, SalesOrder, Unit, UnitId, UnitStatus};

/// An item line of a sales order, and the units of the order on it.
#[derive(Debug, Clone)]
pub(super) struct OrderLineUnits<'a> {
    pub(super) order_line: &'a OrderLine,
    pub(super) item_line: ItemLine<'a>,
    pub(super) units: Vec<&'a Unit>,
}

impl OrderLineUnits<'_> {
    /// Pieces that an invoice carries, as the sales order counts them.
    pub(super) fn billed(&self) -> Decimal {
        pieces(Some(self.order_line.billed), Decimal::ZERO)
    }

    /// Whether the line is closed and this unit's pieces are not among the billed ones.
    pub(super) fn is_closed_without(&self, unit: &Unit) -> bool {
        let billed = self.billed();
        let room = Decimal::from(unit.quantity) <= self.item_line.quantity() - billed;
        self.order_line.closed && (billed.is_zero() || room)
    }

    /// Whether at least one piece was fulfilled or billed.
    fn is_processed(&self) -> bool {
        !self.processed_pieces().is_zero()
    }

    /// Pieces that were fulfilled or billed.
    fn processed_pieces(&self) -> Decimal {
        self.order_line.billed.max(self.order_line.fulfilled)
    }
}

/// The item lines of a sales order, with the units of the order on them.
#[derive(Debug)]
pub(super) struct LineUnitsIndex<'a> {
    pub(super) all: Vec<OrderLineUnits<'a>>,
    by_unit: HashMap<&'a UnitId, usize>,
    /// The first line that names a unit.
    named: HashMap<&'a UnitId, usize>,
    /// The open lines that name no unit, by product and rank: the first, and whether all of them
    /// have the same terms.
    alike: HashMap<(&'a str, MatchRank), (usize, bool)>,
}

impl<'a> LineUnitsIndex<'a> {
    /// The position of the line that carries a unit.
    pub(super) fn position(&self, unit: &Unit) -> Option<usize> {
        self.by_unit.get(&unit.id).copied()
    }

    fn put(&mut self, unit: &'a Unit, nth: usize) {
        self.all[nth].units.push(unit);
        self.by_unit.insert(&unit.id, nth);
    }
}

/// All units of the order on the sales order's lines: by the line key column, else by item.
///
/// Lines that name no unit are assigned so that the event's units get the lines that are still open
/// and not billed, and closed lines come last. Thus each event closes exactly as many pieces as it
/// names, in any order of events. The best match rank is served first. A line that names an id
/// which the order does not know belongs to another order.
pub(super) fn order_line_units<'a>(
    input: &DecisionInput<'a>,
    sales_order: &'a SalesOrder,
    matching: &Matching<'a>,
    credited: &Credited,
) -> LineUnitsIndex<'a> {
    let lines = sales_order.lines.iter().map(|line| &line.line);
    let mut by_number: HashMap<u32, &OrderLine> = HashMap::new();
    for line in &sales_order.lines {
        by_number.entry(line.line.line).or_insert(line);
    }
    let all: Vec<OrderLineUnits<'a>> = item_lines(lines, input.policy, input.maps)
        .into_iter()
        .filter_map(|item_line| {
            let order_line = by_number.get(&item_line.line.line)?;
            Some(OrderLineUnits { order_line, item_line, units: Vec::new() })
        })
        .collect();
    let mut named: HashMap<&UnitId, usize> = HashMap::new();
    for (nth, line_units) in all.iter().enumerate() {
        for unit in &line_units.item_line.line.units {
            named.entry(unit).or_insert(nth);
        }
    }
    let mut order_line_units =
        LineUnitsIndex { all, by_unit: HashMap::new(), named, alike: HashMap::new() };
    let mut nameless = Vec::new();
    let turns = AssignmentGroups::of(matching);
    for unit in &input.order.units {
        match order_line_units.named.get(&unit.id) {
            Some(&nth) => order_line_units.put(unit, nth),
            None => nameless.push((turns.order_of(unit, credited), unit)),
        }
    }
    if !nameless.is_empty() {
        nameless.sort_by_key(|(turn, _)| *turn);
        share_out(input, &mut order_line_units, nameless);
    }
    order_line_units
}

/// Assigns units to lines that do not name them.
fn share_out<'a>(
    input: &DecisionInput<'a>,
    order_line_units: &mut LineUnitsIndex<'a>,
    nameless: Vec<(AssignmentOrder, &'a Unit)>,
) {
    let products: BTreeSet<&str> = nameless.iter().map(|(_, unit)| unit.product.as_str()).collect();
    let mut queues: HashMap<(&str, MatchRank, bool), Queue> = HashMap::new();
    for (nth, line_units) in order_line_units.all.iter().enumerate() {
        let mut met = BTreeSet::new();
        for (name, match_rank) in names(&line_units.item_line.line.item) {
            let Some(&product) = products.get(name).filter(|it| met.insert(**it)) else {
                continue;
            };
            for is_processed in [true, false] {
                queues.entry((product, match_rank, is_processed)).or_default().push(nth);
            }
            if line_units.item_line.line.units.is_empty() && !line_units.order_line.closed {
                let (first, same) =
                    order_line_units.alike.entry((product, match_rank)).or_insert((nth, true));
                *same &=
                    order_line_units.all[*first].item_line.terms() == line_units.item_line.terms();
            }
        }
    }
    for ((_, _, is_processed), queue) in &mut queues {
        queue.sort_by_key(|nth| {
            let line_units = &order_line_units.all[*nth];
            (
                line_units.is_processed() != *is_processed,
                line_units.order_line.closed,
                line_units.item_line.line.line,
            )
        });
    }
    let room = |line_units: &OrderLineUnits<'_>| {
        let used: Decimal = line_units.units.iter().map(|unit| Decimal::from(unit.quantity)).sum();
        let is_ours =
            line_units.item_line.line.units.iter().all(|id| input.order.unit(id).is_some());
        if is_ours { line_units.item_line.quantity() - used } else { Decimal::ZERO }
    };
    let mut left: Vec<Decimal> = order_line_units.all.iter().map(room).collect();
    let mut open = nameless;
    for match_rank in MatchRank::ALL {
        open.retain(|(turn, unit)| {
            let queue = queues.get_mut(&(unit.product.as_str(), match_rank, turn.is_processed()));
            let Some(nth) = queue.and_then(|queue| queue.first(&left, unit.quantity)) else {
                return true;
            };
            left[nth] -= Decimal::from(unit.quantity);
            order_line_units.put(unit, nth);
            false
        });
    }
}

/// The order in which units choose among lines that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum AssignmentOrder {
    Active,
    Invoiced,
    Event,
    OtherEvent,
}

/// The event's units, by whether an invoice carries them.
struct AssignmentGroups<'a> {
    matched: BTreeSet<&'a UnitId>,
    uninvoiced: BTreeSet<&'a UnitId>,
}

impl<'a> AssignmentGroups<'a> {
    fn of(matching: &Matching<'a>) -> Self {
        Self {
            matched: matching.matched.iter().map(|pair| &pair.unit.id).collect(),
            uninvoiced: matching.uninvoiced.iter().map(|unit| &unit.id).collect(),
        }
    }

    fn order_of(&self, unit: &Unit, credited: &Credited) -> AssignmentOrder {
        if unit.status != UnitStatus::Cancelled {
            AssignmentOrder::Active
        } else if self.matched.contains(&unit.id) || credited.units.contains(&unit.id) {
            AssignmentOrder::Invoiced
        } else if self.uninvoiced.contains(&unit.id) {
            AssignmentOrder::Event
        } else {
            AssignmentOrder::OtherEvent
        }
    }
}

impl AssignmentOrder {
    /// Whether these units prefer lines that were fulfilled or billed.
    fn is_processed(self) -> bool {
        matches!(self, Self::Active | Self::Invoiced)
    }
}

/// The line of a unit that may be credited or closed; an error when it could be one of several
/// lines that differ.
pub(super) fn line_of_unit<'a, 's>(
    order_line_units: &'s LineUnitsIndex<'a>,
    unit: &Unit,
) -> Result<Option<&'s OrderLineUnits<'a>>, Reason> {
    let Some(line_units) = order_line_units.position(unit).map(|nth| &order_line_units.all[nth])
    else {
        return Ok(None);
    };
    if order_line_units.named.contains_key(&unit.id) {
        return Ok(Some(line_units));
    }
    let sure = match_rank(&line_units.item_line.line.item, &unit.product);
    let alike = sure.and_then(|sure| order_line_units.alike.get(&(unit.product.as_str(), sure)));
    let Some(&(first, same)) = alike else {
        return Ok(Some(line_units));
    };
    if same && order_line_units.all[first].item_line.terms() == line_units.item_line.terms() {
        return Ok(Some(line_units));
    }
    let is_alike = |it: &&OrderLineUnits<'_>| {
        match_rank(&it.item_line.line.item, &unit.product) == sure
            && it.item_line.line.units.is_empty()
            && !it.order_line.closed
    };
    let lines = order_line_units.all.iter().filter(is_alike);
    let lines = lines.map(|it| format!("{} of the sales order", it.item_line.line.line)).collect();
    Err(Reason::AmbiguousLine { unit: unit.id.clone(), lines })
}

/// The targets of the lines that carry these units; `None` when every line has its target already.
pub(super) fn close_lines(
    input: &DecisionInput<'_>,
    sales_order: &SalesOrder,
    order_line_units: &LineUnitsIndex<'_>,
    units: &[&Unit],
) -> Result<Option<LinesToClose>, Reason> {
    let mut targets: Vec<LineTarget> = Vec::new();
    let mut met = BTreeSet::new();
    for &unit in units {
        let Some(line_units) = line_of_unit(order_line_units, unit)? else {
            continue;
        };
        let number = line_units.item_line.line.line;
        if !met.insert(number) {
            continue;
        }
        let remaining = line_units.units.iter().filter(|unit| unit.status != UnitStatus::Cancelled);
        let remaining: Vec<&Unit> = remaining.copied().collect();
        let pieces: Decimal = remaining.iter().map(|it| Decimal::from(it.quantity)).sum();
        let current = line_units.item_line.line.quantity.unwrap_or_default();
        let closed = pieces.is_zero();
        if current == pieces && line_units.order_line.closed == closed {
            continue;
        }
        if pieces < line_units.processed_pieces() {
            return Err(Reason::LineFulfilled { unit: unit.id.clone(), line: number });
        }
        targets.push(LineTarget { line: number, quantity: Some(pieces), amount: None, closed });
        if let Some(discount) = line_units.item_line.discount {
            let amount = remaining.iter().map(|it| it.discount).sum::<crate::Amount>();
            let amount = Some(-input.order.currency.round(amount));
            targets.push(LineTarget { line: discount.line, quantity: None, amount, closed });
        }
    }
    let sales_order = sales_order.id.clone();
    Ok((!targets.is_empty()).then_some(LinesToClose { sales_order, targets }))
}
