//! Records deliveries and steps of a cancellation.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use domain::{Cancellation, CancellationId, Timestamp};
use ports::{CancellationRecord, CancellationState, Known, Received, Step};
use rusqlite::{Connection, OptionalExtension, named_params, params};

use super::{claim, lease};
use crate::model::{
    CancellationRow, Change, DELIVERED_AGAIN, StoreFailure, apply, cancellation_row, columns,
    failed, is_recorded, key, received, units,
};

/// Records a delivery.
pub(super) fn open(
    db: &Connection,
    cancellation: &Cancellation,
    now: Timestamp,
) -> Result<Received, StoreFailure> {
    match load(db, &cancellation.id())? {
        None => first(db, cancellation, now),
        Some(known) => again(db, cancellation, now, known),
    }
}

fn first(
    db: &Connection,
    cancellation: &Cancellation,
    now: Timestamp,
) -> Result<Received, StoreFailure> {
    let id = cancellation.id();
    let mut statement = db.prepare_cached(
        "INSERT INTO cancellation (id, tenant, event, order_id, units, published_at, \
                                   received_at, waiting_since, updated_at, state, deliveries) \
         VALUES (:id, :tenant, :event, :order, :units, :published, :now, :now, :now, :state, 1)",
    )?;
    statement.execute(named_params! {
        ":id": id.as_str(),
        ":tenant": cancellation.tenant.as_str(),
        ":event": cancellation.event,
        ":order": cancellation.order.as_str(),
        ":units": units(cancellation)?,
        ":published": cancellation.published_at.as_millis(),
        ":now": now.as_millis(),
        ":state": CancellationState::Working.name(),
    })?;
    note(db, &id, now, &received(cancellation))?;
    Ok(Received {
        cancellation: cancellation.clone(),
        waiting_since: now,
        known: Known::New,
        failed: None,
    })
}

fn again(
    db: &Connection,
    delivered: &Cancellation,
    now: Timestamp,
    known: CancellationRecord,
) -> Result<Received, StoreFailure> {
    let id = delivered.id();
    let published = known.cancellation.published_at.min(delivered.published_at);
    let mut statement = db.prepare_cached(
        "UPDATE cancellation SET deliveries = deliveries + 1, published_at = ?2, updated_at = ?3 \
         WHERE id = ?1",
    )?;
    statement.execute(params![id.as_str(), published.as_millis(), now.as_millis()])?;
    if is_recorded(known.deliveries.saturating_add(1)) {
        note(db, &id, now, DELIVERED_AGAIN)?;
    }
    Ok(Received {
        cancellation: Cancellation { published_at: published, ..known.cancellation },
        waiting_since: known.waiting_since,
        known: Known::SeenBefore { state: known.state, reason: known.reason },
        failed: known.failed,
    })
}

/// Records steps, with their effects.
pub(super) fn steps(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    steps: &[Step],
) -> Result<(), StoreFailure> {
    let mut record = load(db, id)?.ok_or_else(|| StoreFailure::never_opened(id))?;
    let mut touched = BTreeSet::new();
    for it in steps {
        step(db, &mut record, now, it, &mut touched)?;
    }
    Ok(touched.iter().try_for_each(|it| touch(db, it, now))?)
}

fn step(
    db: &Connection,
    record: &mut CancellationRecord,
    now: Timestamp,
    step: &Step,
    touched: &mut BTreeSet<CancellationId>,
) -> Result<(), StoreFailure> {
    if let Step::Released(token) = step {
        return lease::release(db, &record.cancellation, token);
    }
    let claim = key(step).map(|key| claim::load(db, key)).transpose()?.flatten();
    let Some(changes) = apply(record, claim.as_ref(), step, now)? else { return Ok(()) };
    let once = changes.change.is_recorded_once();
    match changes.change {
        Change::None | Change::Note => {}
        Change::State => move_to(db, record)?,
        Change::Claim(memo, text) => claim::make(db, &record.cancellation, memo, &text, now)?,
        Change::Sent(key, at) => claim::sent(db, key, at)?,
        Change::Settle(key, id) => claim::settle(db, key, id)?,
        Change::Free(key) => claim::forget(db, key)?,
        Change::Confirm(key, number, total) => claim::confirm(db, key, number, &total)?,
        Change::Flag(text) => {
            let mut statement = db.prepare_cached(
                "INSERT INTO flag (cancellation, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            )?;
            if statement.execute([record.cancellation.id().as_str(), &text])? == 0 {
                return Ok(());
            }
        }
    }
    // The history is read once, not for each line, because an order of 5,000 units has as many
    // lines.
    let mut known: BTreeMap<CancellationId, BTreeSet<String>> = BTreeMap::new();
    for (whose, what) in changes.lines {
        if once {
            let known = match known.entry(whose.clone()) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => unknown.insert(noted(db, &whose)?),
            };
            if !known.insert(what.clone()) {
                continue;
            }
        }
        note(db, &whose, now, &what)?;
        touched.insert(whose);
    }
    Ok(())
}

fn move_to(db: &Connection, record: &CancellationRecord) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "UPDATE cancellation SET state = ?2, reason = ?3, detail = ?4, waiting_since = ?5, \
         failed_tries = ?6, failing_since = ?7, fails_alone = ?8 WHERE id = ?1",
    )?;
    let (id, since) = (record.cancellation.id(), record.waiting_since.as_millis());
    let CancellationRecord { state, reason, detail, .. } = record;
    let (tries, failing_since, alone) = failed(record.failed);
    statement.execute(params![
        id.as_str(),
        state.name(),
        reason,
        detail,
        since,
        tries,
        failing_since,
        alone
    ])?;
    Ok(())
}

/// The cancellation with this id, if it was ever received; without memos, flags and history.
fn load(db: &Connection, id: &CancellationId) -> Result<Option<CancellationRecord>, StoreFailure> {
    let mut statement =
        db.prepare_cached(concat!("SELECT ", columns!(), " FROM cancellation WHERE id = ?1"))?;
    let row = statement.query_row([id.as_str()], |row| Ok(cancellation_row!(row.get)));
    row.optional()?.map(CancellationRow::record).transpose()
}

/// The texts of a cancellation's history.
fn noted(db: &Connection, id: &CancellationId) -> rusqlite::Result<BTreeSet<String>> {
    let mut texts = db.prepare_cached("SELECT text FROM history WHERE cancellation = ?1")?;
    texts.query_map([id.as_str()], |row| row.get(0))?.collect()
}

/// Appends a line of history. A claim outlives the cancellation that made it; then there is no
/// history to append to.
fn note(db: &Connection, id: &CancellationId, now: Timestamp, text: &str) -> rusqlite::Result<()> {
    let mut append = db.prepare_cached(
        "INSERT INTO history (cancellation, at, text) \
         SELECT id, ?2, ?3 FROM cancellation WHERE id = ?1",
    )?;
    append.execute(params![id.as_str(), now.as_millis(), text])?;
    Ok(())
}

/// Sets the time of the cancellation's last step to now.
fn touch(db: &Connection, id: &CancellationId, now: Timestamp) -> rusqlite::Result<()> {
    let mut touch = db.prepare_cached("UPDATE cancellation SET updated_at = ?2 WHERE id = ?1")?;
    touch.execute(params![id.as_str(), now.as_millis()])?;
    Ok(())
}
