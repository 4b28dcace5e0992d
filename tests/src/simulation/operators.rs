//! People: accountants who close periods, clerks who book by hand, operators who retry.

use std::{sync::Arc, time::Duration};

use domain::{MemoKey, Timestamp, UnitId};
use ports::{CancellationRecord, CancellationState, Journal, LeaseToken, OrderLease, Query, Step};

use super::{
    backends::Backends,
    oddity::{Failure, HandMade, MemoSource, Oddity, alike},
    replica::Shared,
    sale::{Fate, SimulatedSale},
};
use crate::reference::Column;

/// What an operator can mend, and retries then.
const MENDABLE: [&str; 4] = ["closed-period", "key-conflict", "erp-refused", "over-credit"];

/// Whether an operator mends what this was parked for, and retries it.
#[must_use]
pub fn is_mendable(sale: &SimulatedSale, reason: &str) -> bool {
    let stays = match sale.oddity {
        Oddity::Goodwill(_) | Oddity::VoidedByHand(..) => reason == "over-credit",
        Oddity::FailsAlone(Failure::Refusing) => reason == "erp-refused",
        _ => false,
    };
    MENDABLE.contains(&reason) && !stays
}

/// Closes the books for a while: nothing may be dated before today.
pub async fn accountant(backend: Arc<Backends>, calm_from: Timestamp) {
    let simulation = Arc::clone(&backend.simulation);
    simulation.time.sleep(simulation.rng.seconds(1800)).await;
    if calm_from <= simulation.time.now() {
        return;
    }
    simulation.tell("accountant", format_args!("closes the books of {}", backend.customer.tenant));
    backend.notes().closed = true;
    backend
        .ledger
        .open_from(Some(app::clock::civil_date(simulation.start, &jiff::tz::TimeZone::UTC)));
    let until = simulation.time.now().after(simulation.rng.seconds(1800));
    simulation.time.until(until.min(calm_from)).await;
    simulation.tell("accountant", format_args!("opens the books of {}", backend.customer.tenant));
    backend.ledger.open_from(None);
}

/// Takes an external id that will be wanted, and gives it back when it is calm.
pub async fn squatter(backend: Arc<Backends>, sale: Arc<SimulatedSale>, calm_from: Timestamp) {
    let units: Vec<UnitId> =
        sale.groups[0].units.iter().map(|unit| sale.units[*unit].id.clone()).collect();
    let key = MemoKey::of(&backend.customer.tenant, &sale.order, &units).to_string();
    backend.simulation.tell("squatter", format_args!("takes {key}"));
    backend.ledger.books(|it| it.others.insert(key.clone(), "a sales order".to_owned()));
    backend.simulation.time.until(calm_from).await;
    backend.ledger.books(|it| it.others.remove(&key));
}

/// Books or deletes credit memos of an order by hand, whenever nobody else is at it.
pub async fn clerk(
    shared: Arc<Shared>,
    backend: Arc<Backends>,
    sale: Arc<SimulatedSale>,
    calm_from: Timestamp,
) {
    let simulation = Arc::clone(&backend.simulation);
    loop {
        simulation.time.sleep(Duration::from_secs(30) + simulation.rng.seconds(900)).await;
        if calm_from <= simulation.time.now() {
            return;
        }
        let (journal, tenant) = (&shared.journal, &backend.customer.tenant);
        let token = LeaseToken("clerk".to_owned());
        let hold =
            journal.acquire(tenant, &sale.order, &token, simulation.time.now(), Duration::ZERO);
        let claims = journal.claims(tenant, &sale.order).await.expect("it works for the world");
        let open = claims.iter().filter(|claim| claim.is_open());
        let in_flight: Vec<UnitId> = open.flat_map(|claim| claim.memo.units.clone()).collect();
        if !in_flight.is_empty() {
            // Of one invoice there is one memo: what it does not claim, this run leaves alone.
            if sale.made_invoices().count() == 1 {
                book(&backend, &sale, &in_flight);
            }
            continue;
        }
        if hold.await.expect("it works for the world") == OrderLease::HeldByOther {
            continue;
        }
        if simulation.rng.strikes(700) {
            book(&backend, &sale, &[]);
        } else {
            delete(&backend, &sale);
        }
    }
}

/// Books a memo for one unit that is cancelled, billed and on no memo.
///
/// `in_flight`: what is claimed now, and perhaps under way to the ERP; nobody credits that
/// a second time.
fn book(backend: &Backends, sale: &SimulatedSale, in_flight: &[UnitId]) {
    let simulation = &backend.simulation;
    let now = simulation.time.now();
    let billed = |it: &usize| sale.is_cancelled(*it) && sale.shows(*it) <= now;
    let open: Vec<usize> = (0..sale.units.len()).filter(billed).collect();
    let credited = backend.ledger.books(|books| {
        let of_order = books.memos.iter().filter(|memo| memo.reference == sale.number);
        let ours = of_order.clone().filter_map(|it| it.sent.as_ref());
        let ours: Vec<UnitId> = ours.flat_map(|it| it.units.clone()).collect();
        let by_hand = of_order.filter(|it| it.sent.is_none()).count();
        (ours, by_hand)
    });
    // Twice by hand would be their own mistake.
    let taken = |id: &UnitId| credited.0.contains(id) || in_flight.contains(id);
    let open: Vec<usize> = open.into_iter().filter(|it| !taken(&sale.units[*it].id)).collect();
    let Some(unit) = open.first().copied().filter(|_| credited.1 == 0) else {
        return;
    };
    let goods = &sale.units[unit];
    if goods.invoice.is_none() {
        return;
    }
    // Which of several invoices a nameless memo leaves open is not told by counting.
    let mut alike = alike(sale, unit);
    let told_apart = alike.any(|nth| sale.units[nth].invoice != goods.invoice);
    let named =
        backend.customer.column == Column::Present && (told_apart || simulation.rng.strikes(500));
    // Without ids, perhaps for several pieces that are alike.
    let alike = open.iter().copied().filter(|nth| sale.units[*nth].product == goods.product);
    let most = if named { 1 } else { 1 + simulation.rng.below(3) };
    let units: Vec<usize> = alike.take(most).collect();
    let source = *simulation.rng.pick(&MemoSource::ALL);
    let on_line = source == MemoSource::Invoice && units.len() == 1 && simulation.rng.strikes(500);
    let memo = HandMade { units, at: now, source, named, on_line, money: None };
    simulation.tell("clerk", format_args!("books by hand for {}: {memo:?}", sale.number));
    for nth in &memo.units {
        backend.notes().by_hand.insert(sale.units[*nth].id.clone(), sale.order.clone());
    }
    if !in_flight.is_empty() {
        backend.notes().touched.insert(sale.order.clone());
    }
    let record = sale.by_hand(&memo);
    backend.ledger.books(|it| it.record_by_hand(&sale.number, record));
}

/// Deletes a memo created by memobridge.
fn delete(backend: &Backends, sale: &SimulatedSale) {
    let ours = backend.ledger.books(|books| {
        let of_order =
            books.memos.iter().filter(|memo| memo.reference == sale.number && !memo.deleted);
        let ours: Vec<_> =
            of_order.filter(|it| it.sent.is_some()).map(|it| it.memo.id.clone()).collect();
        ours
    });
    if !ours.is_empty() {
        let memo = backend.simulation.rng.pick(&ours).clone();
        backend.simulation.tell("clerk", format_args!("deletes {memo}"));
        backend.notes().deleted.insert(sale.order.clone());
        backend.ledger.books(|it| it.delete(&memo));
    }
}

/// Retries what was parked for something that is mended by now.
pub async fn operator(shared: Arc<Shared>, calm_from: Timestamp) {
    let simulation = Arc::clone(&shared.simulation);
    simulation.time.until(calm_from).await;
    loop {
        simulation.time.sleep(Duration::from_mins(5)).await;
        for record in parked(&*shared.journal).await {
            let reason = record.reason.clone().unwrap_or_default();
            if is_mended(&shared, &record, &reason) {
                put_back(&shared, &record).await;
            }
        }
    }
}

/// Mends what it was parked for, if something in the world explains that it was.
fn is_mended(shared: &Shared, record: &CancellationRecord, reason: &str) -> bool {
    let order = &record.cancellation.order;
    let backend = shared.backends.iter().find(|it| it.sales.contains_key(order));
    let backend = backend.expect("every order is somebody's");
    let notes = backend.notes().clone();
    if !is_mendable(&backend.sales[order], reason) {
        return false;
    }
    match reason {
        "closed-period" => notes.closed,
        "key-conflict" => notes.squatted.contains(order),
        // A person set something against the invoice while a memo was in flight.
        "erp-refused" => notes.touched.contains(order),
        // The ERP's own cent stands between us and the last memo: it is corrected.
        "over-credit" if notes.miscounted.contains(order) => {
            backend.ledger.books(|books| {
                for memo in &mut books.memos {
                    let sent = memo.sent.as_ref().filter(|it| it.order == *order);
                    memo.memo.total = sent.map_or(memo.memo.total, |it| it.total);
                }
            });
            true
        }
        _ => false,
    }
}

async fn put_back(shared: &Shared, record: &CancellationRecord) {
    let (id, now) = (record.cancellation.id(), shared.simulation.time.now());
    shared.simulation.tell("operator", format_args!("retries {id}: {:?}", record.reason));
    let journal = &shared.journal;
    journal.record(&id, now, &[Step::Retried]).await.expect("it works for the world");
    let job = app::process::service::job(&record.cancellation);
    shared.jobs.push(&job, Duration::ZERO).await.expect("it works for the world");
}

async fn parked(journal: &dyn Journal) -> Vec<CancellationRecord> {
    let query = Query { state: Some(CancellationState::Parked), limit: 1000, ..Query::default() };
    journal.find(&query).await.expect("it works for the world")
}

/// Orders that people may touch without making it impossible to say what is right:
/// beside a memo of theirs nothing is rounded, and cents that are missing stay missing.
#[must_use]
pub fn touchable(backend: &Backends) -> Vec<Arc<SimulatedSale>> {
    let plain = |sale: &&Arc<SimulatedSale>| sale.fate == Fate::Fine && sale.oddity == Oddity::None;
    let fine = backend.sales.values().filter(plain).filter(|sale| sale.off >= 0);
    fine.cloned().collect()
}
