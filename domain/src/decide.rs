//! Decides which credit memos to make, if any: `docs/RULES.md#record` and the sections after it.

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
    Discrepancy, KnownCancellation, MemoRef, MissingCause, Pass, Progress, ReconcileFinding,
    ReconcileInput, reconcile,
};
use self::{
    close::OrderLineUnits,
    credited::{Credited, Open},
    matching::Matching,
    shipping::{Billed, ShippingDue},
};
use crate::{
    Amount, Billing, Cancellation, CivilDate, Claim, CreditMemo, Deadline, Flag, Maps,
    MissingSalesOrder, NotInvoiced, Order, OrderIdentity, Policy, Reason, RecordId, SalesOrder,
    Stop, Unit, UnitId,
};

/// Everything a decision depends on.
#[derive(Debug, Clone, Copy)]
pub struct DecisionInput<'a> {
    /// What was cancelled.
    pub cancellation: &'a Cancellation,
    /// The order, complete: see [`crate::readiness`].
    pub order: &'a Order,
    /// The sales documents and memos on record.
    pub billing: &'a Billing,
    /// The claims of earlier memos of the order; none is unsettled.
    pub claims: &'a [Claim],
    /// The customer's choices.
    pub policy: &'a Policy,
    /// The customer's tables.
    pub maps: &'a Maps,
    /// The date of the first event's publication in the ERP account's time zone.
    pub published: CivilDate,
    /// The earliest date a memo may have: today's, after a closed period was met.
    pub not_before: Option<CivilDate>,
    /// Whether there is still time to wait.
    pub deadline: Deadline,
    /// The storefront's name, as it stands in the memo's text.
    pub storefront: &'a str,
}

/// The result of a decision.
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
    /// Flags for a person to check; the memos are posted in any case.
    pub flags: Vec<Flag>,
}

/// Sales-order lines and what they should become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinesToClose {
    /// The sales order.
    pub sales_order: RecordId,
    /// Its lines, each with an absolute target, so that sending it twice has the effect of sending
    /// it once.
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
/// The cases are the rows of `docs/RULES.md#record`, in the order in which they apply.
pub fn decide(input: &DecisionInput<'_>) -> Decision {
    let billing = OrderIdentity::of(input.order, input.maps).own(input.billing);
    match plan(&DecisionInput { billing: &billing, ..*input }) {
        Ok(plan) => Decision::Act(plan),
        Err(stop) => Decision::Stop(stop),
    }
}

/// The plan. It is made again whenever one of its memos turns out to be on record; each time at
/// least one more unit is known to be credited.
fn plan(input: &DecisionInput<'_>) -> Result<Plan, Stop> {
    let mut credited = Credited::of(input);
    loop {
        let plan = plan_beyond(input, &credited)?;
        if !credited.adopt_existing(input, &plan.memos) {
            return Ok(plan);
        }
    }
}

/// What must be done for the units that are not credited yet.
fn plan_beyond(input: &DecisionInput<'_>, credited: &Credited) -> Result<Plan, Stop> {
    let Open { wanted, partly, voided, again, .. } = credited.open(input);
    if let Some(again) = again {
        return Err(Stop::Park(again));
    }
    let voided = voided.map(Stop::Park);
    let shipping = shipping::due(input, credited);
    if wanted.is_empty() && shipping.is_none() {
        return Err(voided.unwrap_or(Stop::Done(Reason::AlreadyCredited)));
    }
    let Some(sales_order) = &input.billing.sales_order else {
        return Err(no_sales_order(input));
    };
    let matching = matching::match_units(input, &wanted, credited).map_err(Stop::Park)?;
    not_in_part(input, sales_order, &matching, &partly, credited).map_err(Stop::Park)?;
    let uninvoiced = uninvoiced(input, sales_order, &matching, credited)?;
    let shipping_invoice =
        shipping.as_ref().and_then(|due| shipping_invoice_is_due(input, due, credited));
    let (shipping, unbilled) = match shipping {
        Some(due)
            if shipping_invoice.is_none() && is_on_shipping_invoice(input, &due, &uninvoiced) =>
        {
            (Some(due), None)
        }
        due => (None, due.and_then(|due| unbilled_shipping(input, &due))),
    };
    let mut plan =
        post::memos(input, &matching.matched, shipping.as_ref(), credited).map_err(Stop::Park)?;
    plan.rest = uninvoiced.rest.or(shipping_invoice).or(voided).or(unbilled);
    plan.close = uninvoiced.close;
    if let Some(standalone) = uninvoiced.standalone {
        let shipping = shipping.as_ref().filter(|due| due.invoice.is_none());
        let memo = post::standalone(input, sales_order, &standalone, shipping, credited, &plan);
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

/// `over-credit`: memos without ids credit some of a unit's pieces, but a unit is credited
/// completely or not at all.
fn not_in_part(
    input: &DecisionInput<'_>,
    sales_order: &SalesOrder,
    matching: &Matching<'_>,
    partly: &BTreeMap<&UnitId, Decimal>,
    credited: &Credited,
) -> Result<(), Reason> {
    let matched = matching.matched.iter().map(|matched| (matched.unit, Some(matched)));
    for (unit, matched) in matched.chain(matching.uninvoiced.iter().map(|unit| (*unit, None))) {
        let Some(pieces) = partly.get(&unit.id) else { continue };
        let asked = unit.net(input.order.treatment);
        let left = input.order.currency.round(asked.share(*pieces, unit.quantity.into()));
        let invoice = matched.map_or(&sales_order.id, |matched| &matched.invoice.id).clone();
        let line = matched.map(|matched| matched.item_line.line.line);
        let by = matched.map(|matched| credited.takers(matched.invoice, None)).unwrap_or_default();
        return Err(Reason::OverCredit { invoice, line, left, asked, by });
    }
    Ok(())
}

/// No sales order: the order is late, or it was cancelled before it was exported.
fn no_sales_order(input: &DecisionInput<'_>) -> Stop {
    let reference = input.order.reference.clone();
    let missing =
        Reason::SalesOrderNotFound { reference: reference.clone(), order: input.order.id.clone() };
    match (input.deadline, input.policy.missing_sales_order) {
        (Deadline::Pending, _) => Stop::Wait(missing),
        (Deadline::Passed, _) if input.order.nothing_held(input.policy) => {
            Stop::Skip(Reason::NeverExported { reference })
        }
        (Deadline::Passed, MissingSalesOrder::Park) => Stop::Park(missing),
        (Deadline::Passed, MissingSalesOrder::Skip) => Stop::Skip(missing),
    }
}

/// What happens to the units that no invoice carries.
#[derive(Debug, Default)]
struct Uninvoiced<'a> {
    rest: Option<Stop>,
    close: Option<LinesToClose>,
    standalone: Option<Vec<(&'a Unit, OrderLineUnits<'a>)>>,
}

fn uninvoiced<'a>(
    input: &DecisionInput<'a>,
    sales_order: &'a SalesOrder,
    matching: &Matching<'a>,
    credited: &Credited,
) -> Result<Uninvoiced<'a>, Stop> {
    if matching.uninvoiced.is_empty() {
        return Ok(Uninvoiced::default());
    }
    let spots = close::order_line_units(input, sales_order, matching, credited);
    let spot = |unit: &Unit| spots.position(unit).map(|nth| &spots.all[nth]);
    let closed = |unit: &&Unit| spot(unit).is_some_and(|it| it.is_closed_without(unit));
    let (closed, open): (Vec<&Unit>, Vec<&Unit>) =
        matching.uninvoiced.iter().copied().partition(closed);
    if open.is_empty() {
        let rest = Some(Stop::Skip(Reason::AlreadyClosed { units: ids(&closed) }));
        return Ok(Uninvoiced { rest, ..Uninvoiced::default() });
    }
    if let Some(stop) = cash_sale(input) {
        return Ok(Uninvoiced { rest: Some(stop), ..Uninvoiced::default() });
    }
    // An invoice that the sales order counts but no answer shows does not prove that there is none.
    let mut open_on: BTreeMap<usize, Decimal> = BTreeMap::new();
    for unit in &open {
        if let Some(nth) = spots.position(unit) {
            *open_on.entry(nth).or_default() += Decimal::from(unit.quantity);
        }
    }
    let is_billed = |(nth, pieces): (usize, Decimal)| {
        spots.all[nth].item_line.quantity() - spots.all[nth].billed() < pieces
    };
    let units = ids(&open);
    match input.policy.not_invoiced {
        NotInvoiced::Wait | NotInvoiced::Park => {
            let rest = not_invoiced(input, units, open_on.into_iter().any(is_billed));
            Ok(Uninvoiced { rest: Some(rest), ..Uninvoiced::default() })
        }
        NotInvoiced::CloseLines => match close::close_lines(input, sales_order, &spots, &open) {
            Err(reason) => {
                Ok(Uninvoiced { rest: Some(Stop::Park(reason)), ..Uninvoiced::default() })
            }
            Ok(close) => {
                let rest = Some(Stop::Skip(Reason::LinesClosed { units }));
                Ok(Uninvoiced { rest, close, standalone: None })
            }
        },
        NotInvoiced::StandaloneMemo => {
            let mut standalone = Vec::new();
            let mut missing = Vec::new();
            for unit in open {
                match close::line_of_unit(&spots, unit).map_err(Stop::Park)? {
                    Some(spot) => standalone.push((unit, spot.clone())),
                    None => missing.push(unit.id.clone()),
                }
            }
            let rest =
                (!missing.is_empty()).then_some(Stop::Park(Reason::NotInvoiced { units: missing }));
            let standalone = (!standalone.is_empty()).then_some(standalone);
            Ok(Uninvoiced { rest, close: None, standalone })
        }
    }
}

/// Stops an order that was billed by a cash sale: it has no invoice, and will get none.
fn cash_sale(input: &DecisionInput<'_>) -> Option<Stop> {
    let record = input.billing.cash_sales.first()?;
    Some(Stop::Park(Reason::CashSale { record: record.clone() }))
}

/// Units without an invoice wait for it where the policy says so; otherwise they are parked. At the
/// deadline they are skipped if nothing of them was billed and no money is held.
fn not_invoiced(input: &DecisionInput<'_>, units: Vec<UnitId>, is_billed: bool) -> Stop {
    match (input.policy.not_invoiced, input.deadline) {
        (NotInvoiced::Wait, Deadline::Pending) => Stop::Wait(Reason::NotInvoiced { units }),
        (NotInvoiced::Wait, Deadline::Passed)
            if !is_billed && input.order.nothing_held(input.policy) =>
        {
            Stop::Skip(Reason::NeverBilled { units })
        }
        _ => Stop::Park(Reason::NotInvoiced { units }),
    }
}

/// Whether shipping is credited now. It is not while the invoice that will carry it may still come.
fn is_on_shipping_invoice(
    input: &DecisionInput<'_>,
    due: &ShippingDue<'_>,
    uninvoiced: &Uninvoiced<'_>,
) -> bool {
    match (due.invoice, due.billed) {
        (Some(_), Billed::Yes) => true,
        (Some(_), Billed::NotYet) => !matches!(uninvoiced.rest, Some(Stop::Wait(_))),
        (None, _) => uninvoiced.standalone.is_some() && input.billing.invoices.is_empty(),
    }
}

/// Waits, or parks, where only the shipping is left to credit and no invoice exists yet: the units
/// were credited by hand, from the sales order.
fn unbilled_shipping(input: &DecisionInput<'_>, due: &ShippingDue<'_>) -> Option<Stop> {
    if due.invoice.is_some() {
        return None;
    }
    cash_sale(input).or_else(|| match input.policy.not_invoiced {
        NotInvoiced::CloseLines => None,
        _ => Some(not_invoiced(input, vec![UnitId::shipping()], false)),
    })
}

/// Waits where no invoice shows the shipping and the invoice of a unit named by another event is
/// still to come: that invoice may carry the shipping.
fn shipping_invoice_is_due(
    input: &DecisionInput<'_>,
    due: &ShippingDue<'_>,
    credited: &Credited,
) -> Option<Stop> {
    let waits =
        (input.policy.not_invoiced, input.deadline) == (NotInvoiced::Wait, Deadline::Pending);
    if !waits || due.invoice.is_none() || due.billed == Billed::Yes {
        return None;
    }
    let named = |it: &&Unit| input.cancellation.units.contains_key(&it.id);
    let others = input.order.units.iter().filter(|unit| !named(unit));
    let others: Vec<&Unit> = others.filter(|it| !credited.has(&it.id)).collect();
    // Units that could be on several lines are on one of them.
    let uninvoiced = matching::match_units(input, &others, credited).ok()?.uninvoiced;
    (!uninvoiced.is_empty()).then(|| Stop::Wait(Reason::NotInvoiced { units: ids(&uninvoiced) }))
}

fn ids(units: &[&Unit]) -> Vec<UnitId> {
    units.iter().map(|unit| unit.id.clone()).collect()
}

#[cfg(test)]
mod effort;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod tests;
