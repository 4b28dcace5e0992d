//! People: accountants who close periods, clerks who book by hand, operators who retry.

use std::{sync::Arc, time::Duration};

use domain::{Amount, ExistingLine, ExistingMemo, ItemRef, MemoKey, Standing, Timestamp, UnitId};
use ports::{Hold, HoldToken, Journal, Query, Record, State, Step};

use super::{
    replica::Shared,
    sale::{Fate, Sale},
    shop::Shop,
    shown::{DISCOUNT_ITEM, id},
};
use crate::reference::Column;

/// What an operator can mend, and retries then.
pub const MENDABLE: [&str; 4] = ["closed-period", "key-conflict", "erp-refused", "over-credit"];

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
        let at_work = claims.iter().any(domain::Claim::is_open);
        if hold.await.expect("it works for the world") == Hold::Elsewhere || at_work {
            continue;
        }
        if stage.chance.strikes(700) {
            book(&shop, &sale);
        } else {
            delete(&shop, &sale);
        }
    }
}

/// Books a memo for one unit that is cancelled, billed and on no memo.
fn book(shop: &Shop, sale: &Sale) {
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
    let open: Vec<usize> =
        open.into_iter().filter(|it| !credited.0.contains(&sale.units[*it].id)).collect();
    let Some(unit) = open.first().copied().filter(|_| credited.1 == 0) else {
        return;
    };
    let goods = &sale.units[unit];
    let Some(invoice) = goods.invoice else { return };
    // Which of several invoices a nameless memo leaves open is not told by counting.
    let alike = sale.units.iter().filter(|it| it.product == goods.product);
    let told_apart = alike.clone().any(|it| it.invoice != goods.invoice);
    let named =
        shop.retailer.column == Column::Present && (told_apart || stage.chance.strikes(500));
    let line = |item: &str, amount: i64| ExistingLine {
        item: ItemRef { id: id(item), external_id: None, name: None },
        source_line: None,
        quantity: None,
        amount: sale.amount(amount),
        units: Vec::new(),
    };
    let item = format!("item-{}", goods.product);
    let mut lines = vec![ExistingLine {
        quantity: Some(goods.quantity.into()),
        units: if named { vec![goods.id.clone()] } else { Vec::new() },
        ..line(&item, sale.net(goods) + goods.discount())
    }];
    if goods.discount() != 0 {
        lines.push(line(DISCOUNT_ITEM, -goods.discount()));
    }
    let memo = ExistingMemo {
        id: id("0"),
        external_id: None,
        number: None,
        entity: None,
        standing: Standing::Valid,
        created_from: Some(sale.invoice_id(invoice)),
        applied_to: Vec::new(),
        total: sale.amount(sale.credit(goods)),
        shipping_cost: Amount::ZERO,
        lines,
    };
    stage.tell("clerk", format_args!("books {} by hand, named: {named}", goods.id));
    shop.notes().by_hand.insert(goods.id.clone(), sale.order.clone());
    shop.ledger.books(|it| it.record_by_hand(&sale.number, memo));
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
            if MENDABLE.contains(&reason.as_str()) && is_mended(&shared, &record) {
                put_back(&shared, &record).await;
            }
        }
    }
}

/// Mends what it was parked for, if something in the world explains that it was.
fn is_mended(shared: &Shared, record: &Record) -> bool {
    let order = &record.cancellation.order;
    let shop = shared.shops.iter().find(|it| it.sales.contains_key(order));
    let shop = shop.expect("every order is somebody's");
    let notes = shop.notes().clone();
    match record.reason.as_deref() {
        Some("closed-period") => notes.closed,
        Some("key-conflict") => notes.squatted.contains(order),
        // The ERP's own cent stands between us and the last memo: it is corrected.
        Some("over-credit") if notes.miscounted.contains(order) => {
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
    let fine = shop.sales.values().filter(|it| it.fate == Fate::Fine && 0 <= it.off);
    fine.cloned().collect()
}
