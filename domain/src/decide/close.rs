//! Units that no invoice carries: their sales-order lines, closed or credited without invoice.
//!
//! Every target is absolute, never a difference: what remains on a line are the
//! units that the storefront does not show cancelled.

use rust_decimal::Decimal;

use super::{
    Case, LineTarget, LinesToClose,
    lines::{Goods, goods, likeness},
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
    /// Closed by somebody, and never invoiced.
    pub(super) fn is_closed_unbilled(&self) -> bool {
        self.order_line.closed && self.order_line.billed.is_zero()
    }

    fn carries(&self, unit: &Unit) -> bool {
        self.units.iter().any(|it| it.id == unit.id)
    }
}

/// All units of the order on the sales order's lines: by the line key column,
/// else by item - living units on open lines first, cancelled ones on closed
/// lines first, so that the answer is the same after the lines were closed.
pub(super) fn spots<'a>(case: &Case<'a>, sales_order: &'a SalesOrder) -> Vec<Spot<'a>> {
    let lines = sales_order.lines.iter().map(|it| &it.line);
    let find = |number| sales_order.lines.iter().find(|it| it.line.line == number);
    let mut spots: Vec<Spot<'a>> = goods(lines, case.policy, case.maps)
        .into_iter()
        .filter_map(|goods| {
            let order_line = find(goods.line.line)?;
            Some(Spot { order_line, goods, units: Vec::new() })
        })
        .collect();
    let cancelled = |unit: &&Unit| unit.status == UnitStatus::Cancelled;
    let (dead, living): (Vec<&Unit>, Vec<&Unit>) = case.order.units.iter().partition(cancelled);
    let mut nameless = Vec::new();
    for unit in living.into_iter().chain(dead) {
        match spots.iter_mut().find(|it| it.goods.line.units.contains(&unit.id)) {
            Some(spot) => spot.units.push(unit),
            None => nameless.push(unit),
        }
    }
    for unit in nameless {
        let wants_closed = unit.status == UnitStatus::Cancelled;
        let room = |spot: &Spot<'_>| {
            let used: Decimal = spot.units.iter().map(|it| Decimal::from(it.quantity)).sum();
            Decimal::from(unit.quantity) <= spot.goods.quantity() - used
        };
        let candidates = spots.iter_mut().filter(|it| room(it));
        let candidates = candidates.filter_map(|it| {
            let likeness = likeness(&it.goods.line.item, &unit.product)?;
            Some((likeness, it.order_line.closed != wants_closed, it.goods.line.line, it))
        });
        let best = candidates.min_by_key(|(sure, wrong, line, _)| (*sure, *wrong, *line));
        if let Some((_, _, _, spot)) = best {
            spot.units.push(unit);
        }
    }
    spots
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
        let gone = spot.order_line.billed.max(spot.order_line.fulfilled);
        if pieces < gone {
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
