//! The cents between the values of the units, the order's total and the invoices' totals.
//!
//! An invoice of 99.99 for three units at 33.33, 33.33 and 33.34: the memo that credits the
//! last of them gets a line of -0.01 and ends exactly at what is left of the invoice.

use std::collections::BTreeSet;

use super::{
    DecisionInput, Plan,
    assemble::{plain_line, policy_id},
    credited::Credited,
    post::{Groups, origin, source, total},
};
use crate::{
    Amount, Flag, LineKind, MemoLine, Reason, ShippingPolicy, Unit, UnitId,
    conserve::{RoundingDifference, rounding_bound, rounding_difference},
};

/// Adds the rounding lines of a run, at most one on each memo.
///
/// No memo exceeds what is left of its invoice, where rounding explains the difference. After
/// memobridge has credited the whole order, its memos equal what the customer owed: the remaining
/// cents go on the memo of the highest invoice of this run, as far as that invoice has room.
pub(super) fn add(
    input: &DecisionInput<'_>,
    groups: &Groups<'_>,
    credited: &Credited,
    plan: &mut Plan,
) -> Result<(), Reason> {
    let Some(last) = plan.memos.len().checked_sub(1) else {
        return Ok(());
    };
    let order = input.order;
    let credits: Vec<Amount> = plan.memos.iter().map(|memo| memo.credit).collect();
    let rooms = groups.iter().map(|(it, _)| total(input, it) - credited.credit_on(&it.id));
    let rooms: Vec<Amount> = rooms.collect();
    let mut rounding = vec![Amount::ZERO; credits.len()];

    let owed = owed(input, credited, plan);
    let judged = owed.map_or(RoundingDifference::None, |owed| {
        rounding_difference(owed, credits.iter().copied().sum(), order.units.len(), order.currency)
    });
    if let RoundingDifference::Rounding(left) = judged {
        rounding[last] = left.min(Amount::ZERO).max(-credits[last]);
    }
    let bound = rounding_bound(order.units.len(), order.currency);
    let mut missing = Amount::ZERO;
    for ((credit, room), rounding) in credits.iter().zip(&rooms).zip(&mut rounding) {
        let over = *credit + *rounding - *room;
        if Amount::ZERO < over && over <= bound && *room > Amount::ZERO {
            *rounding -= over;
            missing += over;
        }
    }
    match (judged, owed) {
        (RoundingDifference::Unexplained(difference), _) => {
            plan.flags.push(Flag::OrderTotalMismatch(difference));
        }
        (RoundingDifference::None | RoundingDifference::Rounding(_), Some(owed)) => {
            missing = owed - credits.iter().chain(&rounding).copied().sum();
            let room = rooms[last] - credits[last] - rounding[last];
            let matched = missing.min(room).max(Amount::ZERO);
            rounding[last] += matched;
            missing -= matched;
        }
        (RoundingDifference::None | RoundingDifference::Rounding(_), None) => {}
    }
    if !missing.is_zero() {
        plan.flags.push(Flag::RoundingLeft(missing));
    }
    for (nth, amount) in rounding.into_iter().enumerate().filter(|(_, it)| !it.is_zero()) {
        let invoice = groups[nth].0;
        let source = source(input, invoice);
        let line = plain_line(input, origin(invoice, &source), LineKind::Rounding, amount)?;
        let item = policy_id(input, "rounding_item", input.policy.rounding_item.as_ref())?;
        let memo = &mut plan.memos[nth];
        memo.lines.push(MemoLine { item, ..line });
        memo.credit += amount;
        memo.total += amount;
    }
    Ok(())
}

/// What this run still owes to the payer, where it completes the order: every unit is invoiced, and
/// credited by memobridge now or earlier.
fn owed(input: &DecisionInput<'_>, credited: &Credited, plan: &Plan) -> Option<Amount> {
    let order = input.order;
    let now: BTreeSet<&UnitId> = plan.memos.iter().flat_map(|memo| &memo.units).collect();
    let by_us = |id: &UnitId| credited.own.contains(id) || now.contains(id);
    let never = input.policy.shipping == ShippingPolicy::Never;
    let shipped = order.shipping.credit.is_zero() || never || by_us(&UnitId::shipping());
    let free = |unit: &Unit| !unit.is_active() && unit.credit(order.treatment).is_zero();
    let is_whole = shipped
        && order.units.iter().all(|unit| by_us(&unit.id) || free(unit))
        && credited.memos.iter().all(|memo| memo.own && memo.invoice.is_some());
    let kept = if never { order.shipping.credit } else { Amount::ZERO };
    let earlier: Amount = credited.memos.iter().map(|memo| memo.credit).sum();
    is_whole.then(|| order.grand_total - kept - earlier)
}
