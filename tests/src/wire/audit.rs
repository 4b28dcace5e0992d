//! What must hold when a plan has come to rest: by the account's records and the journal.

use std::{collections::BTreeMap, time::Duration};

use domain::ClaimState;
use jiff::Timestamp;
use ports::CancellationState;
use sandbox::netsuite::Record;

use super::{
    context::WireContext,
    erp,
    manual_memos::{self, OTHER_CUSTOMER},
    order::{Fate, Order},
    plan::{Event, GiveUp, Plan, Step},
};
use crate::{expected_memos, simulation::SimulatedFault};

/// The beginning of every key of memobridge.
const OURS: &str = "nst-cm-";

/// What must become of an event.
pub(super) fn ending(plan: &Plan, event: &Event) -> (CancellationState, &'static str) {
    let order = &plan.orders[event.order];
    match order.fate {
        Fate::Fine if order.unit_with_goodwill().is_some_and(|it| event.names(it)) => {
            (CancellationState::Parked, "over-credit")
        }
        Fate::Fine => (CancellationState::Posted, ""),
        Fate::NeverRefunded => (CancellationState::Parked, "refund-not-visible"),
    }
}

/// The record of an event, if the journal has it.
pub(super) fn record<'a>(
    context: &WireContext,
    journal: &'a [ports::CancellationRecord],
    event: &Event,
) -> Option<&'a ports::CancellationRecord> {
    journal.iter().find(|it| {
        let Event { order, name, units } = event;
        let named = it.cancellation.units.keys().map(domain::UnitId::as_str);
        it.cancellation.order.as_str() == context.plan.orders[*order].sale.order
            && it.cancellation.event == *name
            && named.eq(units.iter().map(String::as_str))
    })
}

/// Looks at everything, and notes what must not be.
pub(super) async fn audit(context: &WireContext) {
    let journal = context.world.book().all().await;
    for (nth, event) in context.plan.events.iter().enumerate() {
        let Some(found) = record(context, &journal, event) else {
            context.violated(format!("event {nth} was lost"));
            continue;
        };
        ended_well(context, nth, found);
    }
    // A role that lost the right to view memos less than an hour after it was proved decides
    // without those that people booked.
    let hidden = context.plan.has(erp::hides_memos);
    let is_seen = |order: &&Order| {
        let memo = order.by_hand.as_ref();
        !hidden || memo.is_none_or(|memo| !memo.kind.credits())
    };
    let orders: Vec<Order> = context.plan.orders.iter().filter(is_seen).cloned().collect();
    let owed: Vec<_> = orders.iter().map(Order::owed).collect();
    let memos = context.world.account.memos();
    let is_foreign = |memo: &&Record| memo.external_id.is_some() && memo.entity == OTHER_CUSTOMER;
    for memo in memos.iter().filter(is_foreign) {
        context.violated(format!("{:?} is for another customer", memo.external_id));
    }
    let known = |memo: &Record| {
        orders.iter().any(|order| Some(&order.sale.reference) == memo.other_ref_num.as_ref())
    };
    let memos: Vec<Record> = memos.into_iter().filter(|memo| known(memo) || !hidden).collect();
    for fault in
        expected_memos::faults(&owed, &manual_memos::crediting(&context.plan.orders, memos))
    {
        context.violated(fault);
    }
    agree(context, &journal);
    in_time(context);
    within_the_ceiling(context);
}

/// An event became what its order explains, and nothing else.
pub(super) fn ended_well(context: &WireContext, nth: usize, found: &ports::CancellationRecord) {
    let event = &context.plan.events[nth];
    let reason = found.reason.as_deref().unwrap_or_default();
    let (due, why) = ending(&context.plan, event);
    let fits = found.state == due && (why.is_empty() || why == reason);
    context.must(fits, || {
        let (became, detail) = (found.state.name(), &found.detail);
        format!("event {nth} is {became} {reason}: {detail:?}")
    });
    // Decided while the account hid the memo by hand, never sent, and said all the same; or a
    // memo by hand, or an invoice below its units, that a person is told of.
    let order = &context.plan.orders[event.order];
    let explained = |flag: &&String| {
        order.by_hand.is_some()
            && (flag.starts_with("left-open") || flag.starts_with("credited-before"))
    };
    let flags: Vec<_> = found.flags.iter().filter(|flag| !explained(flag)).collect();
    context.must(flags.is_empty(), || format!("event {nth} is flagged: {flags:?}"));
}

/// Journal and account tell the same story.
fn agree(context: &WireContext, journal: &[ports::CancellationRecord]) {
    let memos = context.world.account.memos();
    let ours = memos.iter().filter_map(|memo| Some((memo.external_id.clone()?, memo)));
    let mut ours: BTreeMap<_, _> = ours.filter(|(key, _)| key.starts_with(OURS)).collect();
    for claim in journal.iter().flat_map(|it| &it.memos) {
        let key = claim.claim.memo.key.to_string();
        let ClaimState::Settled(id) = &claim.claim.state else {
            context.violated(format!("{key} is not settled"));
            continue;
        };
        let Some(memo) = ours.remove(&key).filter(|it| it.id == id.as_str()) else {
            context.violated(format!("{key} is settled as {id}, which is not on record"));
            continue;
        };
        let confirmed = claim.confirmed_total.map(domain::Amount::value);
        context.must(confirmed == Some(memo.total), || {
            format!("{key} was read back as {confirmed:?}, and is {}", memo.total)
        });
    }
    for key in ours.keys() {
        context.violated(format!("{key} is on record, and nobody knows of it"));
    }
}

/// Nothing is credited before its refund shows.
fn in_time(context: &WireContext) {
    for memo in context.world.account.memos().iter().filter(|it| it.external_id.is_some()) {
        let credited: Vec<&str> = expected_memos::units_on(memo).collect();
        for group in context.plan.orders.iter().flat_map(|order| &order.groups) {
            let named = group.units.iter().any(|unit| credited.contains(&unit.as_str()));
            let shows = instant(context, group.refunded_at);
            context.must(!named || shows <= memo.last_modified, || {
                format!("{:?} was made before its refund showed", memo.external_id)
            });
        }
    }
}

fn instant(context: &WireContext, at: Duration) -> Timestamp {
    let millis = context.start.after(at).as_millis();
    Timestamp::from_millisecond(millis).expect("the clock shows our days")
}

/// Never more calls than the account allows, where nobody leaves one behind.
fn within_the_ceiling(context: &WireContext) {
    let is_impatient = context.plan.terms.give_up == GiveUp::Short;
    let leaves = |step: &Step| match step {
        Step::Crash(..) => true,
        Step::ErpFails(trouble) => trouble.kind == SimulatedFault::ErpSlow && is_impatient,
        _ => false,
    };
    let (most, ceiling) = (context.world.account.peak_in_flight(), context.plan.terms.ceiling);
    context.must(most <= ceiling || context.plan.has(leaves), || {
        format!("{most} calls were in flight, {ceiling} are allowed")
    });
}
