//! Records deliveries and steps of a cancellation.
//!
//! All writes about one order are serialised: each begins by locking every cancellation of its
//! order, oldest first. Two writers meet at least at the cancellation that was received first, so
//! they cannot deadlock. The unique keys protect the data in addition.

use std::collections::{BTreeMap, BTreeSet};

use domain::{Cancellation, CancellationId, Timestamp};
use ports::{CancellationRecord, CancellationState, Known, Received, Step};
use sqlx::{Connection, PgConnection, Row, postgres::PgRow};

use super::{claim, lease};
use crate::model::{
    Change, DELIVERED_AGAIN, StoreFailure, apply, cancellation_row, columns, failed, key, received,
    units,
};

/// Records a delivery, in one statement: of two concurrent deliveries, the second waits for the
/// first and finds its row.
pub(super) async fn open(
    db: &mut PgConnection,
    cancellation: &Cancellation,
    now: Timestamp,
) -> Result<Received, StoreFailure> {
    let delivery = sqlx::query(concat!(
        "WITH delivery AS (
            INSERT INTO cancellation (id, tenant, event, order_id, units, published_at,
                                      received_at, waiting_since, updated_at, state, deliveries)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $7, $8, 1)
            ON CONFLICT (id) DO UPDATE SET
                deliveries = cancellation.deliveries + 1,
                published_at = least(cancellation.published_at, excluded.published_at),
                updated_at = excluded.updated_at
            RETURNING ",
        columns!(),
        "
        ), line AS (
            INSERT INTO history (cancellation, at, text)
            SELECT id, $7, CASE deliveries WHEN 1 THEN $9 ELSE $10 END FROM delivery
            WHERE deliveries <= 8 OR deliveries & (deliveries - 1) = 0 -- as `book::is_told`
        )
        SELECT ",
        columns!(),
        " FROM delivery"
    ));
    let delivery = delivery
        .bind(cancellation.id().to_string())
        .bind(cancellation.tenant.as_str())
        .bind(&cancellation.event)
        .bind(cancellation.order.as_str())
        .bind(units(cancellation)?)
        .bind(cancellation.published_at.as_millis())
        .bind(now.as_millis())
        .bind(CancellationState::Working.name())
        .bind(received(cancellation))
        .bind(DELIVERED_AGAIN);
    let record = record(&delivery.fetch_one(db).await?)?;
    let known = match record.deliveries {
        1 => Known::New,
        _ => Known::SeenBefore { state: record.state, reason: record.reason },
    };
    let CancellationRecord { cancellation, waiting_since, failed, .. } = record;
    Ok(Received { cancellation, waiting_since, known, failed })
}

/// Records steps, with their effects.
pub(super) async fn steps(
    db: &mut PgConnection,
    id: &CancellationId,
    now: Timestamp,
    steps: &[Step],
) -> Result<(), StoreFailure> {
    // A lease is not part of the history: it is released without waiting for other writers.
    if let [Step::Released(token)] = steps {
        return lease::release(db, id, token).await;
    }
    let mut work = db.begin().await?;
    match write(&mut work, id, now, steps).await {
        Ok(()) => Ok(work.commit().await?),
        Err(failure) => {
            work.rollback().await?;
            Err(failure)
        }
    }
}

async fn write(
    db: &mut PgConnection,
    id: &CancellationId,
    now: Timestamp,
    steps: &[Step],
) -> Result<(), StoreFailure> {
    let mut record = lock(db, id).await?;
    for it in steps {
        step(db, &mut record, now, it).await?;
    }
    Ok(())
}

async fn step(
    db: &mut PgConnection,
    record: &mut CancellationRecord,
    now: Timestamp,
    step: &Step,
) -> Result<(), StoreFailure> {
    let id = record.cancellation.id();
    if let Step::Released(token) = step {
        return lease::release(db, &id, token).await;
    }
    let claim = match key(step) {
        Some(key) => claim::load(db, key).await?,
        None => None,
    };
    let Some(changes) = apply(record, claim.as_ref(), step, now)? else { return Ok(()) };
    let once = changes.change.is_recorded_once();
    match changes.change {
        Change::None | Change::Note => {}
        Change::State => move_to(db, &id, record).await?,
        Change::Claim(memo, text) => {
            claim::make(db, &record.cancellation, memo, &text, now).await?;
        }
        Change::Sent(key, at) => claim::sent(db, key, at).await?,
        Change::Settle(key, id) => claim::settle(db, key, id).await?,
        Change::Free(key) => claim::forget(db, key).await?,
        Change::Confirm(key, number, total) => claim::confirm(db, key, number, &total).await?,
        Change::Flag(text) => {
            let flag = sqlx::query(
                "INSERT INTO flag (cancellation, text) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            );
            let flagged = flag.bind(id.as_str()).bind(text).execute(&mut *db).await?;
            if flagged.rows_affected() == 0 {
                return Ok(());
            }
        }
    }
    let mut lines: BTreeMap<&CancellationId, Vec<&str>> = BTreeMap::new();
    for (whose, what) in &changes.lines {
        lines.entry(whose).or_default().push(what);
    }
    for (whose, lines) in lines {
        if once {
            note_once(db, whose, now, &lines).await?;
        } else {
            note(db, whose, now, &lines).await?;
        }
    }
    Ok(())
}

/// Waits for other writers of the same order, then reads the cancellation without memos, flags and
/// history.
async fn lock(
    db: &mut PgConnection,
    id: &CancellationId,
) -> Result<CancellationRecord, StoreFailure> {
    let of_the_order = sqlx::query(concat!(
        "SELECT ",
        columns!(),
        " FROM cancellation
         WHERE (tenant, order_id) = (SELECT tenant, order_id FROM cancellation WHERE id = $1)
         ORDER BY place FOR UPDATE"
    ));
    for row in of_the_order.bind(id.as_str()).fetch_all(db).await? {
        if row.try_get::<&str, _>("id")? == id.as_str() {
            return record(&row);
        }
    }
    Err(StoreFailure::never_opened(id))
}

async fn move_to(
    db: &mut PgConnection,
    id: &CancellationId,
    record: &CancellationRecord,
) -> Result<(), StoreFailure> {
    let moved = sqlx::query(
        "UPDATE cancellation SET state = $2, reason = $3, detail = $4, waiting_since = $5, \
         failed_tries = $6, failing_since = $7, fails_alone = $8 WHERE id = $1",
    );
    let moved = moved.bind(id.as_str()).bind(record.state.name()).bind(&record.reason);
    let (tries, failing_since, alone) = failed(record.failed);
    let moved = moved.bind(&record.detail).bind(record.waiting_since.as_millis());
    moved.bind(tries).bind(failing_since).bind(alone).execute(db).await?;
    Ok(())
}

/// Appends the lines that the history does not have yet.
async fn note_once(
    db: &mut PgConnection,
    id: &CancellationId,
    now: Timestamp,
    lines: &[&str],
) -> Result<(), StoreFailure> {
    let known = sqlx::query_scalar(
        "SELECT DISTINCT text FROM history WHERE cancellation = $1 AND text = ANY($2)",
    );
    let known: Vec<String> = known.bind(id.as_str()).bind(lines).fetch_all(&mut *db).await?;
    let mut known: BTreeSet<&str> = known.iter().map(String::as_str).collect();
    let lines: Vec<&str> = lines.iter().copied().filter(|line| known.insert(line)).collect();
    if lines.is_empty() { Ok(()) } else { note(db, id, now, &lines).await }
}

/// Appends lines of history and sets the time of the cancellation's last step. A claim outlives the
/// cancellation that made it; then there is no history to append to.
async fn note(
    db: &mut PgConnection,
    id: &CancellationId,
    now: Timestamp,
    lines: &[&str],
) -> Result<(), StoreFailure> {
    let appended = sqlx::query(
        "WITH touched AS (UPDATE cancellation SET updated_at = $2 WHERE id = $1 RETURNING id) \
         INSERT INTO history (cancellation, at, text) \
         SELECT touched.id, $2, line.text \
         FROM touched, unnest($3) WITH ORDINALITY AS line (text, nth) ORDER BY line.nth",
    );
    appended.bind(id.as_str()).bind(now.as_millis()).bind(lines).execute(db).await?;
    Ok(())
}

fn record(row: &PgRow) -> Result<CancellationRecord, StoreFailure> {
    cancellation_row!(row.try_get).record()
}
