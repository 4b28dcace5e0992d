//! People: accountants who close periods, clerks who book by hand, operators who retry.

use std::{sync::Arc, time::Duration};

use domain::{MemoKey, Timestamp, UnitId};
use ports::{Hold, HoldToken, Journal, Query, Record, State, Step};

use super::{
    oddity::{Failure, HandMade, MemoSource, Oddity, alike},
    replica::Shared,
    sale::{Fate, Sale},
    shop::Shop,
};
use crate::reference::Column;

/// What an operator can mend, and retries then.
const MENDABLE: [&str; 4] = ["closed-period", "key-conflict", "erp-refused", "over-credit"];

/// Whether an operator mends what this was parked for, and retries it.
#[must_use]
pub fn is_mendable(sale: &Sale, reason: &str) -> bool {
    let stays = match sale.oddity {
        Oddity::Goodwill(_) => reason == "over-credit",
        Oddity::FailsAlone(Failure::Refusing) => reason == "erp-refused",
        _ => false,
    };
    MENDABLE.contains(&reason) && !stays
}

/// Closes the books for a while: nothing may be dated before today.
pub async fn accountant(shop: Arc<Shop>, calm_from: Timestamp) {
    let stage = Arc::clone(&shop.stage);
    stage.time.sleep(stage.chance.seconds(1800)).await;
    if calm_from <= stage.time.now() {
        return;
    }
    stage.tell("accountant", format_args!("closes the books of {}", shop.retailer.tenant));
    shop.notes().closed = true;
    shop.ledger.open_from(Some(app::clock::civil_date(stage.start, &jiff::tz::TimeZone::UTC)));
    let until = stage.time.now().after(stage.chance.seconds(1800));
    stage.time.until(until.min(calm_from)).await;
    stage.tell("accountant", format_args!("opens the books of {}", shop.retailer.tenant));
    shop.ledger.open_from(None);
}

/// Takes an external id that will be wanted, and gives it back when it is calm.
pub async fn squatter(shop: Arc<Shop>, sale: Arc<Sale>, calm_from: Timestamp) {
    let units: Vec<UnitId> =
        sale.groups[0].units.iter().map(|it| sale.units[*it].id.clone()).collect();
    let key = MemoKey::of(&shop.retailer.tenant, &sale.order, &units).to_string();
    shop.stage.tell("squatter", format_args!("takes {key}"));
    shop.ledger.books(|it| it.others.insert(key.clone(), "a sales order".to_owned()));
    shop.stage.time.until(calm_from).await;
    shop.ledger.books(|it| it.others.remove(&key));
}

/// Books or deletes credit memos of an order by hand, whenever nobody else is at it.
pub async fn clerk(shared: Arc<Shared>, shop: Arc<Shop>, sale: Arc<Sale>, calm_from: Timestamp) {
    let stage = Arc::clone(&shop.stage);
    loop {
        stage.time.sleep(Duration::from_secs(30) + stage.chance.seconds(900)).await;
        if calm_from <= stage.time.now() {
            return;
        }
        let (journal, tenant) = (&shared.journal, &shop.retailer.tenant);
        let token = HoldToken("clerk".to_owned());
        let hold = journal.hold(tenant, &sale.order, &token, stage.time.now(), Duration::ZERO);
        let claims = journal.claims(tenant, &sale.order).await.expect("it works for the world");
        let open = claims.iter().filter(|claim| claim.is_open());
        let in_flight: Vec<UnitId> = open.flat_map(|claim| claim.memo.units.clone()).collect();
        if !in_flight.is_empty() {
            // Of one invoice there is one memo: what it does not claim, this run leaves alone.
            if sale.made_invoices().count() == 1 {
                book(&shop, &sale, &in_flight);
            }
            continue;
        }
        if hold.await.expect("it works for the world") == Hold::Elsewhere {
            continue;
        }
        if stage.chance.strikes(700) {
            book(&shop, &sale, &[]);
        } else {
            delete(&shop, &sale);
        }
    }
}

/// Books a memo for one unit that is cancelled, billed and on no memo.
///
/// `in_flight`: what is claimed now, and perhaps under way to the ERP; nobody credits that
/// a second time.
fn book(shop: &Shop, sale: &Sale, in_flight: &[UnitId]) {
    let stage = &shop.stage;
    let now = stage.time.now();
    let billed = |it: &usize| sale.is_cancelled(*it) && sale.shows(*it) <= now;
    let open: Vec<usize> = (0..sale.units.len()).filter(billed).collect();
    let credited = shop.ledger.books(|books| {
        let of_order = books.memos.iter().filter(|it| it.reference == sale.number);
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
        shop.retailer.column == Column::Present && (told_apart || stage.chance.strikes(500));
    // Without ids, perhaps for several pieces that are alike.
    let alike = open.iter().copied().filter(|nth| sale.units[*nth].product == goods.product);
    let most = if named { 1 } else { 1 + stage.chance.below(3) };
    let units: Vec<usize> = alike.take(most).collect();
    let source = *stage.chance.pick(&MemoSource::ALL);
    let on_line = source == MemoSource::Invoice && units.len() == 1 && stage.chance.strikes(500);
    let memo = HandMade { units, at: now, source, named, on_line, money: None };
    stage.tell("clerk", format_args!("books by hand for {}: {memo:?}", sale.number));
    for nth in &memo.units {
        shop.notes().by_hand.insert(sale.units[*nth].id.clone(), sale.order.clone());
    }
    if !in_flight.is_empty() {
        shop.notes().touched.insert(sale.order.clone());
    }
    let record = sale.by_hand(&memo);
    shop.ledger.books(|it| it.record_by_hand(&sale.number, record));
}

/// Deletes a memo of ours.
fn delete(shop: &Shop, sale: &Sale) {
    let ours = shop.ledger.books(|books| {
        let of_order = books.memos.iter().filter(|it| it.reference == sale.number && !it.deleted);
        let ours: Vec<_> =
            of_order.filter(|it| it.sent.is_some()).map(|it| it.memo.id.clone()).collect();
        ours
    });
    if !ours.is_empty() {
        let memo = shop.stage.chance.pick(&ours).clone();
        shop.stage.tell("clerk", format_args!("deletes {memo}"));
        shop.notes().deleted.insert(sale.order.clone());
        shop.ledger.books(|it| it.delete(&memo));
    }
}

/// Retries what was parked for something that is mended by now.
pub async fn operator(shared: Arc<Shared>, calm_from: Timestamp) {
    let stage = Arc::clone(&shared.stage);
    stage.time.until(calm_from).await;
    loop {
        stage.time.sleep(Duration::from_mins(5)).await;
        for record in parked(&*shared.journal).await {
            let reason = record.reason.clone().unwrap_or_default();
            if is_mended(&shared, &record, &reason) {
                put_back(&shared, &record).await;
            }
        }
    }
}

/// Mends what it was parked for, if something in the world explains that it was.
fn is_mended(shared: &Shared, record: &Record, reason: &str) -> bool {
    let order = &record.cancellation.order;
    let shop = shared.shops.iter().find(|it| it.sales.contains_key(order));
    let shop = shop.expect("every order is somebody's");
    let notes = shop.notes().clone();
    if !is_mendable(&shop.sales[order], reason) {
        return false;
    }
    match reason {
        "closed-period" => notes.closed,
        "key-conflict" => notes.squatted.contains(order),
        // A person set something against the invoice while a memo was in flight.
        "erp-refused" => notes.touched.contains(order),
        // The ERP's own cent stands between us and the last memo: it is corrected.
        "over-credit" if notes.miscounted.contains(order) => {
            shop.ledger.books(|books| {
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

async fn put_back(shared: &Shared, record: &Record) {
    let (id, now) = (record.cancellation.id(), shared.stage.time.now());
    shared.stage.tell("operator", format_args!("retries {id}: {:?}", record.reason));
    let journal = &shared.journal;
    journal.record(&id, now, &[Step::Retried]).await.expect("it works for the world");
    let job = app::service::job(&record.cancellation);
    shared.jobs.push(&job, Duration::ZERO).await.expect("it works for the world");
}

async fn parked(journal: &dyn Journal) -> Vec<Record> {
    let query = Query { state: Some(State::Parked), limit: 1000, ..Query::default() };
    journal.find(&query).await.expect("it works for the world")
}

/// Orders that people may touch without making it impossible to say what is right:
/// beside a memo of theirs nothing is rounded, and cents that are missing stay missing.
#[must_use]
pub fn touchable(shop: &Shop) -> Vec<Arc<Sale>> {
    let plain = |sale: &&Arc<Sale>| sale.fate == Fate::Fine && sale.oddity == Oddity::None;
    let fine = shop.sales.values().filter(plain).filter(|sale| 0 <= sale.off);
    fine.cloned().collect()
}
