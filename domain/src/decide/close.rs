//! Units that no invoice carries: their sales-order lines, closed or credited without invoice.
//!
//! Every target is absolute, never a difference: what remains on a line are the
//! units that the storefront does not show cancelled.

use rust_decimal::Decimal;

use super::{
    Case, LineTarget, LinesToClose,
    credited::Credited,
    lines::{Goods, goods, likeness, pieces},
    matching::Placement,
};
use crate::{OrderLine, Reason, SalesOrder, Unit, UnitStatus};

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

    fn carries(&self, unit: &Unit) -> bool {
        self.units.iter().any(|it| it.id == unit.id)
    }
}

/// All units of the order on the sales order's lines: by the line key column,
/// else by item. Lines that name no unit are shared out so that the event's units
/// get those that are still open and not billed, and closed lines come last:
/// whatever the order of events, each closes as much as it names, and no more.
pub(super) fn spots<'a>(
    case: &Case<'a>,
    sales_order: &'a SalesOrder,
    placement: &Placement<'a>,
    credited: &Credited,
) -> Vec<Spot<'a>> {
    let lines = sales_order.lines.iter().map(|it| &it.line);
    let find = |number| sales_order.lines.iter().find(|it| it.line.line == number);
    let mut spots: Vec<Spot<'a>> = goods(lines, case.policy, case.maps)
        .into_iter()
        .filter_map(|goods| {
            let order_line = find(goods.line.line)?;
            Some(Spot { order_line, goods, units: Vec::new() })
        })
        .collect();
    let mut nameless = Vec::new();
    for unit in &case.order.units {
        match spots.iter_mut().find(|it| it.goods.line.units.contains(&unit.id)) {
            Some(spot) => spot.units.push(unit),
            None => nameless.push((Turn::of(unit, placement, credited), unit)),
        }
    }
    nameless.sort_by_key(|(turn, _)| *turn);
    for (turn, unit) in nameless {
        let room = |spot: &&mut Spot<'_>| {
            let used: Decimal = spot.units.iter().map(|it| Decimal::from(it.quantity)).sum();
            Decimal::from(unit.quantity) <= spot.goods.quantity() - used
        };
        let candidates = spots.iter_mut().filter(room).filter_map(|it| {
            let likeness = likeness(&it.goods.line.item, &unit.product)?;
            let strange = it.has_gone() != turn.has_gone();
            Some((likeness, strange, it.order_line.closed, it.goods.line.line, it))
        });
        let best = candidates.min_by_key(|it| (it.0, it.1, it.2, it.3));
        if let Some((.., spot)) = best {
            spot.units.push(unit);
        }
    }
    spots
}

/// When a unit chooses among lines that name none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Turn {
    Living,
    Invoiced,
    Event,
    OtherEvent,
}

impl Turn {
    fn of(unit: &Unit, placement: &Placement<'_>, credited: &Credited) -> Self {
        let invoiced = placement.placed.iter().any(|it| it.unit.id == unit.id);
        match () {
            () if unit.status != UnitStatus::Cancelled => Self::Living,
            () if invoiced || credited.units.contains(&unit.id) => Self::Invoiced,
            () if placement.loose.iter().any(|it| it.id == unit.id) => Self::Event,
            () => Self::OtherEvent,
        }
    }

    /// Whether such units are rather on lines that were fulfilled or billed.
    fn has_gone(self) -> bool {
        matches!(self, Self::Living | Self::Invoiced)
    }
}

/// The line of a unit that may be credited or closed; an error when it could be
/// any of several that differ.
pub(super) fn spot_of<'a, 's>(
    spots: &'s [Spot<'a>],
    unit: &Unit,
) -> Result<Option<&'s Spot<'a>>, Reason> {
    let Some(spot) = spots.iter().find(|it| it.carries(unit)) else {
        return Ok(None);
    };
    if spot.goods.line.units.contains(&unit.id) {
        return Ok(Some(spot));
    }
    let alike = spots.iter().filter(|it| {
        likeness(&it.goods.line.item, &unit.product)
            == likeness(&spot.goods.line.item, &unit.product)
            && it.goods.line.units.is_empty()
            && !it.order_line.closed
    });
    let alike: Vec<_> = alike.collect();
    if alike.iter().any(|it| it.goods.terms() != spot.goods.terms()) {
        let lines = alike.iter().map(|it| format!("{} of the sales order", it.goods.line.line));
        return Err(Reason::AmbiguousLine { unit: unit.id.clone(), lines: lines.collect() });
    }
    Ok(Some(spot))
}

/// The targets of the lines that carry these units; `None` when every line is
/// there already.
pub(super) fn close_lines(
    case: &Case<'_>,
    sales_order: &SalesOrder,
    spots: &[Spot<'_>],
    units: &[&Unit],
) -> Result<Option<LinesToClose>, Reason> {
    let mut targets: Vec<LineTarget> = Vec::new();
    for &unit in units {
        let Some(spot) = spot_of(spots, unit)? else {
            continue;
        };
        let number = spot.goods.line.line;
        if targets.iter().any(|it| it.line == number) {
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
