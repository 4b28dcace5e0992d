//! What is right where an order's books are odd: by the rules, and by what is on record.

use std::time::Duration;

use domain::UnitId;
use ports::{CancellationRecord, CancellationState};

use super::super::{
    backends::Backends,
    machine_clock::ClockSteps,
    oddity::{Failure, HandMade, Oddity},
    sale::SimulatedSale,
    stream::Event,
};
use crate::reference::Recorded;

/// The ending of an event, and the name of its reason; empty where it may be any.
pub(super) type Ending = (CancellationState, &'static str);

/// How long after its receipt an event of an order that the ERP fails on has surely been tried.
const TRIED: Duration = Duration::from_mins(20);

/// More than the clocks of processes differ by.
fn skew(backend: &Backends) -> Duration {
    match backend.simulation.clock_steps {
        ClockSteps::None => Duration::from_mins(1),
        ClockSteps::Machine | ClockSteps::OneReplica => Duration::from_hours(3),
    }
}

/// All that may become of an event of an order with odd books, where `usual` becomes of others.
pub(super) fn endings(sale: &SimulatedSale, event: &Event, usual: Ending) -> Vec<Ending> {
    match &sale.oddity {
        Oddity::BilledAgain { unit } if event.units.contains(&sale.units[*unit].id) => {
            vec![(CancellationState::Parked, "billed-again")]
        }
        Oddity::Goodwill(_) => vec![usual, (CancellationState::Parked, "over-credit")],
        // The memo by hand came beside one of memobridge, and is voided later.
        Oddity::VoidedByHand(_, after) if !after.is_zero() => {
            vec![usual, (CancellationState::Parked, "over-credit")]
        }
        Oddity::OursVoided(_) => vec![usual, (CancellationState::Parked, "memo-voided")],
        Oddity::ShippingDiffers => vec![usual, (CancellationState::Parked, "amount-mismatch")],
        Oddity::FailsAlone(Failure::Refusing) => vec![(CancellationState::Parked, "erp-refused")],
        Oddity::FailsAlone(Failure::Posting | Failure::Unreadable) => {
            vec![
                (CancellationState::Parked, "erp-fails-on-order"),
                (CancellationState::Deferred, ""),
            ]
        }
        _ => vec![usual],
    }
}

/// Whether an order that the ERP fails on stays in the queue: nothing that was written for
/// others since proves that the ERP works.
pub fn waits_for_others(
    backend: &Backends,
    sale: &SimulatedSale,
    record: &CancellationRecord,
) -> bool {
    let fails = matches!(sale.oddity, Oddity::FailsAlone(Failure::Posting | Failure::Unreadable));
    // What was written before its own first try failed proves nothing about it.
    let tried_at = record.received_at.after(TRIED);
    let proof = record.failed.map_or(tried_at, |failed| failed.since.max(tried_at));
    let proof = proof.after(skew(backend));
    fails
        && record.state == CancellationState::Deferred
        && backend.notes().written_at.is_none_or(|written_at| written_at <= proof)
}

/// Whether what became of an event follows from what is on record.
pub(super) fn is_explained(
    backend: &Backends,
    sale: &SimulatedSale,
    event: &Event,
    record: &CancellationRecord,
) -> bool {
    let reason = record.reason.as_deref().unwrap_or_default();
    match (&sale.oddity, record.state, reason) {
        (Oddity::Goodwill(memo), CancellationState::Parked, "over-credit") => {
            asks_too_much(backend, sale, event, memo)
        }
        (Oddity::OursVoided(_), CancellationState::Parked, "memo-voided") => {
            let is_voided = |unit: &UnitId| {
                backend.notes().voided.contains_key(&(sale.order.clone(), unit.clone()))
            };
            // Shipping comes with the last units, and may be all that is on the voided memo.
            event.units.iter().any(is_voided)
                || sale.is_cancelled_whole() && is_voided(&UnitId::shipping())
        }
        // What was voided before the event came is not taken for credited.
        (Oddity::OursVoided(_), CancellationState::Posted, _) => !event.units.iter().any(|unit| {
            let voided_at =
                backend.notes().voided.get(&(sale.order.clone(), unit.clone())).copied();
            voided_at.is_some_and(|voided_at| voided_at.after(skew(backend)) < record.received_at)
        }),
        (
            Oddity::FailsAlone(Failure::Posting | Failure::Unreadable),
            CancellationState::Deferred,
            _,
        ) => waits_for_others(backend, sale, record),
        _ => true,
    }
}

/// Whether the units of an event that we did not credit come to more than is left: on a line
/// that the goodwill may be about, or on the invoice.
fn asks_too_much(
    backend: &Backends,
    sale: &SimulatedSale,
    event: &Event,
    goodwill: &HandMade,
) -> bool {
    let memos = backend.ledger.books(|books| books.memos.clone());
    let of_order = memos.iter().filter(|memo| memo.reference == sale.number);
    let ours = Recorded::sent(of_order);
    let is_credited = |nth: usize| {
        let id = &sale.units[nth].id;
        ours.iter().any(|memo| memo.units.contains(id))
    };
    let asked: Vec<usize> = (0..sale.units.len())
        .filter(|nth| event.units.contains(&sale.units[*nth].id) && !is_credited(*nth))
        .collect();
    let money = goodwill.money.unwrap_or_default();
    let place = &sale.units[goodwill.units[0]];
    let tolerance = backend.customer.policy.tolerance;
    let on_line = |nth: usize| {
        let unit = &sale.units[nth];
        let may_be_it = unit.invoice == place.invoice && unit.product == place.product;
        let on_line = sale.on_line_with(nth);
        let net = |choose: &dyn Fn(usize) -> bool| -> i64 {
            on_line.iter().filter(|nth| choose(**nth)).map(|nth| sale.net(&sale.units[*nth])).sum()
        };
        let left = net(&|nth| !is_credited(nth)) - money;
        may_be_it && sale.amount(left) + tolerance < sale.amount(net(&|nth| asked.contains(&nth)))
    };
    let on_invoice = |invoice: usize| {
        let is_on = |nth: usize| sale.units[nth].invoice == Some(invoice);
        let credited = sale.credits(|nth| is_on(nth) && is_credited(nth));
        let ships = ours.iter().any(|memo| memo.units.iter().any(domain::UnitId::is_shipping));
        let bears = sale.bearer() == Some(invoice);
        let shipping = if bears { sale.shipping_credit() } else { 0 };
        let credited = credited + if ships { shipping } else { 0 };
        let left = sale.invoice_total(invoice) - credited - money;
        let due = if sale.is_cancelled_whole() && !ships { shipping } else { 0 };
        place.invoice == Some(invoice)
            && left < sale.credits(|nth| is_on(nth) && asked.contains(&nth)) + due
    };
    asked.iter().any(|nth| on_line(*nth)) || sale.made_invoices().any(on_invoice)
}

/// Whether units of the order may stay without a credit, though their events were posted: a
/// memo by hand was taken for their credit, and voided afterwards.
pub(super) fn may_stay_uncredited(sale: &SimulatedSale, unit: usize) -> bool {
    match &sale.oddity {
        // A memo that names no unit credits any of the product's until it is voided.
        Oddity::VoidedByHand(memo, after) => {
            let of = |unit: usize| &sale.units[unit].product;
            !after.is_zero() && memo.units.iter().any(|it| of(*it) == of(unit))
        }
        _ => false,
    }
}

/// Whether events of the order may be parked, with what they would have credited.
pub(super) fn may_park(sale: &SimulatedSale) -> bool {
    match &sale.oddity {
        Oddity::VoidedByHand(_, after) => !after.is_zero(),
        oddity => matches!(
            oddity,
            Oddity::Goodwill(_)
                | Oddity::BilledAgain { .. }
                | Oddity::OursVoided(_)
                | Oddity::ShippingDiffers
        ),
    }
}

/// What people gave back by hand beside the price of any unit.
pub(super) fn goodwill(sale: &SimulatedSale) -> i64 {
    match &sale.oddity {
        Oddity::Goodwill(memo) => memo.money.unwrap_or(0),
        _ => 0,
    }
}

/// By how much the invoices are below the order's amounts.
pub(super) fn short(sale: &SimulatedSale) -> i64 {
    match sale.oddity {
        Oddity::ShortInvoice(short) => short,
        _ => 0,
    }
}

/// What must hold for an order's events beside what holds for each.
pub(super) fn of_order(
    backend: &Backends,
    sale: &SimulatedSale,
    records: &[&CancellationRecord],
    memos: &[&Recorded],
) {
    let simulation = &backend.simulation;
    let number = &sale.number;
    let is_parked = |reason: &str| {
        records.iter().any(|record| {
            record.state == CancellationState::Parked && record.reason.as_deref() == Some(reason)
        })
    };
    let flagged = |flag: &str| {
        records.iter().any(|record| record.flags.iter().any(|found| found.starts_with(flag)))
    };
    match &sale.oddity {
        Oddity::ShippingDiffers => {
            simulation.must(is_parked("amount-mismatch"), || {
                format!("{number}: nobody was told that shipping differs")
            });
        }
        Oddity::Goodwill(goodwill) => {
            let unit = &sale.units[goodwill.units[0]].id;
            let names =
                |record: &&&CancellationRecord| record.cancellation.units.contains_key(unit);
            // What was decided before somebody booked has not seen it.
            let first = records.iter().filter(names).map(|record| record.received_at).min();
            let booked_at = backend.notes().booked_at.get(&sale.order).copied();
            let seen =
                booked_at.zip(first).is_some_and(|(at, first)| at.after(skew(backend)) < first);
            let mut sent = memos.iter().filter_map(|memo| memo.sent.as_ref());
            let is_credited = sent.any(|sent| sent.units.contains(unit));
            simulation.must(!seen || !is_credited || flagged("credited-before"), || {
                format!("{number}: nobody was told of the money given back before")
            });
        }
        Oddity::FailsAlone(_) => {
            simulation.must(memos.iter().all(|memo| memo.sent.is_none()), || {
                format!("{number} has a memo, though the ERP always fails on it")
            });
        }
        _ => {}
    }
}

/// Orders that the ERP works for do not notice that it fails on another.
pub(super) fn others_do_not_notice(backend: &Backends, event: &Event, record: &CancellationRecord) {
    let simulation = &backend.simulation;
    let is_bad = |sale: &SimulatedSale| matches!(sale.oddity, Oddity::FailsAlone(_));
    let has_bad = backend.sales.values().any(|sale| is_bad(sale));
    if !has_bad || !backend.works_for_others || is_bad(&backend.sales[&event.order]) {
        return;
    }
    let id = record.cancellation.id();
    for reason in simulation.outages(&id) {
        simulation
            .violated(format!("{id} met {reason}, though the ERP fails on another order alone"));
    }
}
