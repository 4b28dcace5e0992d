//! Which record, if any? `docs/RULES.md#record` and on: from facts to what must be done.

mod assemble;
mod close;
mod credited;
mod evidence;
mod fields;
mod lines;
mod matching;
mod payments;
mod post;
mod reconcile;
mod room;
mod rounding;
mod shipping;
mod tax;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

pub use self::evidence::sources;
pub(crate) use self::lines::names;
pub use self::reconcile::{
    Cause, Course, Discrepancy, Finding, Known, Look, MemoRef, Sides, reconcile,
};
use self::{
    close::Spot,
    credited::{Credited, Open},
    matching::Placement,
    shipping::{Billed, ShippingDue},
};
use crate::{
    Amount, Billing, Cancellation, CivilDate, Claim, CreditMemo, Flag, Maps, MissingSalesOrder,
    NotInvoiced, Order, OrderIdentity, Patience, Policy, Reason, RecordId, SalesOrder, Stop, Unit,
    UnitId,
};

/// Everything a decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// What was cancelled.
    pub cancellation: &'a Cancellation,
    /// The order, complete: see [`crate::readiness`].
    pub order: &'a Order,
    /// What is on record.
    pub billing: &'a Billing,
    /// What we credited earlier; none of it unsettled.
    pub claims: &'a [Claim],
    /// The retailer's choices.
    pub policy: &'a Policy,
    /// The retailer's tables.
    pub maps: &'a Maps,
    /// The date of the first event's publication in the time zone of the books.
    pub published: CivilDate,
    /// The earliest date a memo may have: today's, after a closed period was met.
    pub not_before: Option<CivilDate>,
    /// Whether there is still time to wait.
    pub patience: Patience,
    /// The storefront's name, as the memo's text says it to people.
    pub storefront: &'a str,
}

/// What to do about a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// Do this.
    Act(Plan),
    /// Do nothing now.
    Stop(Stop),
}

/// What must be done, in this order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Plan {
    /// Memos to post, one per invoice.
    pub memos: Vec<CreditMemo>,
    /// Sales-order lines to close.
    pub close: Option<LinesToClose>,
    /// What becomes of the units that get no memo now.
    pub rest: Option<Stop>,
    /// What a person should see, though the memos stand.
    pub flags: Vec<Flag>,
}

/// Sales-order lines and what they should become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinesToClose {
    /// The sales order.
    pub sales_order: RecordId,
    /// Its lines, each with an absolute target, so that doing it twice is doing it once.
    pub targets: Vec<LineTarget>,
}

/// What one sales-order line should become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTarget {
    /// The line's own number.
    pub line: u32,
    /// Its quantity; absent on discount lines.
    pub quantity: Option<Decimal>,
    /// Its amount; only discount lines get one, item lines keep their rate.
    pub amount: Option<Amount>,
    /// Whether it is closed: at quantity 0.
    pub closed: bool,
}

/// Decides what must be done so that every cancelled unit is credited exactly once.
///
/// The rows are those of `docs/RULES.md#record`, in the order in which they apply.
pub fn decide(case: &Case<'_>) -> Decision {
    let billing = OrderIdentity::of(case.order, case.maps).own(case.billing);
    match plan(&Case { billing: &billing, ..*case }) {
        Ok(plan) => Decision::Act(plan),
        Err(stop) => Decision::Stop(stop),
    }
}

/// The plan, made again as often as one of its memos turns out to be on record:
/// each time at least one unit more is known to be credited.
fn plan(case: &Case<'_>) -> Result<Plan, Stop> {
    let mut credited = Credited::of(case);
    loop {
        let plan = plan_beyond(case, &credited)?;
        if !credited.recognise(case, &plan.memos) {
            return Ok(plan);
        }
    }
}

/// What must be done for the units that are not credited yet.
fn plan_beyond(case: &Case<'_>, credited: &Credited) -> Result<Plan, Stop> {
    let Open { wanted, partly, voided, again, .. } = credited.open(case);
    if let Some(again) = again {
        return Err(Stop::Park(again));
    }
    let voided = voided.map(Stop::Park);
    let shipping = shipping::due(case, credited);
    if wanted.is_empty() && shipping.is_none() {
        return Err(voided.unwrap_or(Stop::Done(Reason::AlreadyCredited)));
    }
    let Some(sales_order) = &case.billing.sales_order else {
        return Err(no_sales_order(case));
    };
    let placement = matching::place(case, &wanted, credited).map_err(Stop::Park)?;
    not_in_part(case, sales_order, &placement, &partly, credited).map_err(Stop::Park)?;
    let loose = loose(case, sales_order, &placement, credited)?;
    let bearer = shipping.as_ref().and_then(|due| bearer_to_come(case, due, credited));
    let (shipping, unbilled) = match shipping {
        Some(due) if bearer.is_none() && bears(case, &due, &loose) => (Some(due), None),
        due => (None, due.and_then(|due| unbilled_shipping(case, &due))),
    };
    let mut plan =
        post::memos(case, &placement.placed, shipping.as_ref(), credited).map_err(Stop::Park)?;
    plan.rest = loose.rest.or(bearer).or(voided).or(unbilled);
    plan.close = loose.close;
    if let Some(standalone) = loose.standalone {
        let shipping = shipping.as_ref().filter(|due| due.invoice.is_none());
        let memo = post::standalone(case, sales_order, &standalone, shipping, credited, &plan);
        plan.memos.push(memo.map_err(Stop::Park)?);
    }
    match plan.rest.take() {
        Some(stop) if plan.memos.is_empty() && plan.close.is_none() => Err(stop),
        None if plan.memos.is_empty() && plan.close.is_none() => {
            Err(Stop::Done(Reason::AlreadyCredited))
        }
        rest => {
            let units: BTreeSet<&UnitId> = plan.memos.iter().flat_map(|memo| &memo.units).collect();
            let units: Vec<&Unit> =
                wanted.into_iter().filter(|it| units.contains(&it.id)).collect();
            let before = credited.money_on(&units);
            if !before.is_zero() {
                plan.flags.push(Flag::CreditedBefore(before));
            }
            Ok(Plan { rest, ..plan })
        }
    }
}

/// `over-credit`: memos without ids credit some of a unit's pieces, and a unit is credited whole
/// or not at all.
fn not_in_part(
    case: &Case<'_>,
    sales_order: &SalesOrder,
    placement: &Placement<'_>,
    partly: &BTreeMap<&UnitId, Decimal>,
    credited: &Credited,
) -> Result<(), Reason> {
    let placed = placement.placed.iter().map(|placed| (placed.unit, Some(placed)));
    for (unit, placed) in placed.chain(placement.loose.iter().map(|unit| (*unit, None))) {
        let Some(pieces) = partly.get(&unit.id) else { continue };
        let asked = unit.net(case.order.treatment);
        let left = case.order.currency.round(asked.share(*pieces, unit.quantity.into()));
        let invoice = placed.map_or(&sales_order.id, |placed| &placed.invoice.id).clone();
        let line = placed.map(|placed| placed.goods.line.line);
        let by = placed.map(|placed| credited.takers(placed.invoice, None)).unwrap_or_default();
        return Err(Reason::OverCredit { invoice, line, left, asked, by });
    }
    Ok(())
}

/// No sales order: the order is late, or it was cancelled before it was exported.
fn no_sales_order(case: &Case<'_>) -> Stop {
    let reference = case.order.reference.clone();
    let missing =
        Reason::SalesOrderNotFound { reference: reference.clone(), order: case.order.id.clone() };
    match (case.patience, case.policy.missing_sales_order) {
        (Patience::Left, _) => Stop::Wait(missing),
        (Patience::Exhausted, _) if case.order.nothing_held(case.policy) => {
            Stop::Skip(Reason::NeverExported { reference })
        }
        (Patience::Exhausted, MissingSalesOrder::Park) => Stop::Park(missing),
        (Patience::Exhausted, MissingSalesOrder::Skip) => Stop::Skip(missing),
    }
}

/// What happens to the units that no invoice carries.
#[derive(Debug, Default)]
struct Loose<'a> {
    rest: Option<Stop>,
    close: Option<LinesToClose>,
    standalone: Option<Vec<(&'a Unit, Spot<'a>)>>,
}

fn loose<'a>(
    case: &Case<'a>,
    sales_order: &'a SalesOrder,
    placement: &Placement<'a>,
    credited: &Credited,
) -> Result<Loose<'a>, Stop> {
    if placement.loose.is_empty() {
        return Ok(Loose::default());
    }
    let spots = close::spots(case, sales_order, placement, credited);
    let spot = |unit: &Unit| spots.position(unit).map(|nth| &spots.all[nth]);
    let closed = |unit: &&Unit| spot(unit).is_some_and(|it| it.is_closed_without(unit));
    let (closed, open): (Vec<&Unit>, Vec<&Unit>) =
        placement.loose.iter().copied().partition(closed);
    if open.is_empty() {
        let rest = Some(Stop::Skip(Reason::LineClosed { units: ids(&closed) }));
        return Ok(Loose { rest, ..Loose::default() });
    }
    if let Some(record) = case.billing.cash_sales.first() {
        let rest = Some(Stop::Park(Reason::CashSale { record: record.clone() }));
        return Ok(Loose { rest, ..Loose::default() });
    }
    // An invoice that the sales order counts and nobody shows us is no proof that
    // there is none.
    let mut open_on: BTreeMap<usize, Decimal> = BTreeMap::new();
    for unit in &open {
        if let Some(nth) = spots.position(unit) {
            *open_on.entry(nth).or_default() += Decimal::from(unit.quantity);
        }
    }
    let is_billed = |(nth, pieces): (usize, Decimal)| {
        spots.all[nth].goods.quantity() - spots.all[nth].billed() < pieces
    };
    let units = ids(&open);
    let not_invoiced = Reason::NotInvoiced { units: units.clone() };
    let rest = match (case.policy.not_invoiced, case.patience) {
        (NotInvoiced::Wait, Patience::Left) => Stop::Wait(not_invoiced),
        (NotInvoiced::Wait, Patience::Exhausted)
            if case.order.nothing_held(case.policy) && !open_on.into_iter().any(is_billed) =>
        {
            Stop::Skip(Reason::NeverBilled { units })
        }
        (NotInvoiced::Wait, Patience::Exhausted) | (NotInvoiced::Park, _) => {
            Stop::Park(not_invoiced)
        }
        (NotInvoiced::CloseLines, _) => {
            return match close::close_lines(case, sales_order, &spots, &open) {
                Err(reason) => Ok(Loose { rest: Some(Stop::Park(reason)), ..Loose::default() }),
                Ok(close) => {
                    let rest = Some(Stop::Skip(Reason::LinesClosed { units }));
                    Ok(Loose { rest, close, standalone: None })
                }
            };
        }
        (NotInvoiced::StandaloneMemo, _) => {
            let mut standalone = Vec::new();
            let mut missing = Vec::new();
            for unit in open {
                match close::spot_of(&spots, unit).map_err(Stop::Park)? {
                    Some(spot) => standalone.push((unit, spot.clone())),
                    None => missing.push(unit.id.clone()),
                }
            }
            let missing =
                (!missing.is_empty()).then_some(Stop::Park(Reason::NotInvoiced { units: missing }));
            let standalone = (!standalone.is_empty()).then_some(standalone);
            return Ok(Loose { rest: missing, close: None, standalone });
        }
    };
    Ok(Loose { rest: Some(rest), ..Loose::default() })
}

/// Whether shipping is credited now: not while the invoice that will bear it may
/// still come.
fn bears(case: &Case<'_>, due: &ShippingDue<'_>, loose: &Loose<'_>) -> bool {
    match (due.invoice, due.billed) {
        (Some(_), Billed::Yes) => true,
        (Some(_), Billed::NotYet) => !matches!(loose.rest, Some(Stop::Wait(_))),
        (None, _) => loose.standalone.is_some() && case.billing.invoices.is_empty(),
    }
}

/// Waits, or parks, where the shipping alone is left to credit and there is no invoice yet: the
/// units were credited by hand, from the sales order.
fn unbilled_shipping(case: &Case<'_>, due: &ShippingDue<'_>) -> Option<Stop> {
    if due.invoice.is_some() {
        return None;
    }
    if let Some(record) = case.billing.cash_sales.first() {
        return Some(Stop::Park(Reason::CashSale { record: record.clone() }));
    }
    let units = vec![UnitId::shipping()];
    match (case.policy.not_invoiced, case.patience) {
        (NotInvoiced::CloseLines, _) => None,
        (NotInvoiced::Wait, Patience::Left) => Some(Stop::Wait(Reason::NotInvoiced { units })),
        (NotInvoiced::Wait, Patience::Exhausted) if case.order.nothing_held(case.policy) => {
            Some(Stop::Skip(Reason::NeverBilled { units }))
        }
        (NotInvoiced::Wait | NotInvoiced::Park | NotInvoiced::StandaloneMemo, _) => {
            Some(Stop::Park(Reason::NotInvoiced { units }))
        }
    }
}

/// Waits where no invoice shows the shipping, and the invoice of a unit that another
/// event names is still to come: it may bear it.
fn bearer_to_come(case: &Case<'_>, due: &ShippingDue<'_>, credited: &Credited) -> Option<Stop> {
    let waits = (case.policy.not_invoiced, case.patience) == (NotInvoiced::Wait, Patience::Left);
    if !waits || due.invoice.is_none() || due.billed == Billed::Yes {
        return None;
    }
    let named = |it: &&Unit| case.cancellation.units.contains_key(&it.id);
    let others = case.order.units.iter().filter(|it| !named(it));
    let others: Vec<&Unit> = others.filter(|it| !credited.has(&it.id)).collect();
    // Units that could be on several lines are on one of them.
    let loose = matching::place(case, &others, credited).ok()?.loose;
    (!loose.is_empty()).then(|| Stop::Wait(Reason::NotInvoiced { units: ids(&loose) }))
}

fn ids(units: &[&Unit]) -> Vec<UnitId> {
    units.iter().map(|it| it.id.clone()).collect()
}

#[cfg(test)]
mod effort;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod tests;
