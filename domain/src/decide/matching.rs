//! Which line carries a unit: by the line key column, else by item. Never by position.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    Case,
    credited::Credited,
    lines::{Goods, goods, likeness},
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
    let mut lines = Vec::new();
    for invoice in &case.billing.invoices {
        let found = goods(invoice.lines.iter(), case.policy, case.maps);
        lines.extend(found.into_iter().map(|goods| (invoice, goods)));
    }
    lines.sort_by_key(|(invoice, goods)| (invoice.id.rank(), goods.line.line));

    let mut placement = Placement::default();
    let mut by_item = Vec::new();
    for &unit in wanted {
        match lines.iter().find(|(_, goods)| goods.line.units.contains(&unit.id)) {
            Some(&(invoice, goods)) => placement.placed.push(Placed { unit, invoice, goods }),
            None => by_item.push(unit),
        }
    }
    let mut left: Vec<Decimal> =
        lines.iter().map(|(invoice, goods)| left_on(case, credited, invoice, goods)).collect();
    for unit in by_item {
        let pieces = Decimal::from(unit.quantity);
        let alike = |nth: &usize| {
            let likeness = likeness(&lines[*nth].1.line.item, &unit.product);
            likeness.filter(|_| pieces <= left[*nth])
        };
        let candidates: Vec<_> =
            (0..lines.len()).filter_map(|nth| alike(&nth).map(|sure| (sure, nth))).collect();
        let Some(surest) = candidates.iter().map(|(sure, _)| *sure).min() else {
            placement.loose.push(unit);
            continue;
        };
        let candidates: Vec<usize> = candidates
            .into_iter()
            .filter(|(sure, _)| *sure == surest)
            .map(|(_, nth)| nth)
            .collect();
        let terms = |nth: &usize| lines[*nth].1.terms();
        if candidates.iter().any(|nth| terms(nth) != terms(&candidates[0])) {
            let name = |nth: &usize| {
                format!("{} of invoice {}", lines[*nth].1.line.line, lines[*nth].0.id)
            };
            let lines = candidates.iter().map(name).collect();
            return Err(Reason::AmbiguousLine { unit: unit.id.clone(), lines });
        }
        let (invoice, goods) = lines[candidates[0]];
        left[candidates[0]] -= pieces;
        placement.placed.push(Placed { unit, invoice, goods });
    }
    Ok(placement)
}

/// Pieces of a line that are neither reserved for a unit it names nor credited
/// to a unit it does not name.
fn left_on(case: &Case<'_>, credited: &Credited, invoice: &Invoice, goods: &Goods<'_>) -> Decimal {
    let named = |id: &UnitId| goods.line.units.contains(id);
    let units = goods.line.units.iter().filter_map(|id| case.order.unit(id));
    let reserved: Decimal = units.map(|it| Decimal::from(it.quantity)).sum();
    let others = credited.lines_on(invoice, goods.line).filter(|it| !it.units.iter().any(named));
    let used: Decimal = others.map(|it| it.quantity).sum();
    goods.quantity() - reserved - used
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
