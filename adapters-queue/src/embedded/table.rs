//! The table of jobs: the port's promises as statements inside one transaction.

use std::time::Duration;

use domain::Timestamp;
use ports::{Delivery, Job, Lease};
use rusqlite::{Connection, Row, named_params, params};

use super::StoreFailure;
use crate::job_notifier::LeaseResult;

pub(super) fn push(
    db: &Connection,
    job: &Job,
    now: Timestamp,
    delay: Duration,
) -> Result<(), StoreFailure> {
    // The newest body is kept, because it has the latest data. A leased job stays leased, and the
    // push waits in the `again` columns for the ack.
    let mut statement = db.prepare_cached(
        "INSERT INTO job (id, order_id, attempts, body, put_at, due) \
         VALUES (:id, :order, :attempts, :body, :now, :due) \
         ON CONFLICT (id) DO UPDATE SET \
             body = excluded.body, \
             put_at = iif(lease IS NULL, excluded.put_at, put_at), \
             due = iif(lease IS NULL, min(due, excluded.due), due), \
             again_put_at = iif(lease IS NULL, NULL, excluded.put_at), \
             again_due = iif(lease IS NULL, NULL, \
                             min(coalesce(again_due, excluded.due), excluded.due)), \
             again_attempts = iif(lease IS NULL, NULL, excluded.attempts)",
    )?;
    statement.execute(named_params! {
        ":id": job.id.as_str(),
        ":order": job.order.as_str(),
        ":attempts": job.attempts,
        ":body": job.body,
        ":now": now.as_millis(),
        ":due": now.after(delay).as_millis(),
    })?;
    Ok(())
}

pub(super) fn lease(
    db: &Connection,
    max: usize,
    now: Timestamp,
    lease: Duration,
) -> Result<LeaseResult, StoreFailure> {
    restart(db, now)?;
    let mut due =
        db.prepare_cached("SELECT seq FROM job WHERE due <= ?1 ORDER BY due, seq LIMIT ?2")?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let due = due.query_map(params![now.as_millis(), limit], |row| row.get::<_, i64>(0))?;
    let due: Vec<i64> = due.collect::<Result<_, _>>()?;

    // The delivery comes after every earlier push and covers it: the `again` columns are cleared.
    let mut take = db.prepare_cached(
        "UPDATE job SET lease = lower(hex(randomblob(16))), put_at = ?2, due = ?3, \
                        again_put_at = NULL, again_due = NULL, again_attempts = NULL \
         WHERE seq = ?1 RETURNING id, order_id, attempts, body, lease",
    )?;
    let mut leased = Vec::with_capacity(due.len());
    for seq in due {
        let until = now.after(lease).as_millis();
        match take.query_row([seq, now.as_millis(), until], |row| Ok(delivery(row)))? {
            Ok(delivery) => leased.push(delivery),
            // It stays leased to no worker, so that a damaged row does not stop the other jobs.
            Err(problem) => {
                tracing::error!(job.sequence = seq, error = %problem, "Failed to decode job {seq} in the queue");
            }
        }
    }
    let mut next = db.prepare_cached("SELECT min(due) FROM job")?;
    let next: Option<i64> = next.query_row([], |row| row.get(0))?;
    Ok(LeaseResult { leased, next_due: next.map(Timestamp::from_millis) })
}

/// Fails where the table cannot be read in a transaction that may write.
pub(super) fn check(db: &Connection) -> Result<(), StoreFailure> {
    db.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM job LIMIT 1)")?
        .query_row([], |_| Ok(()))?;
    Ok(())
}

/// Restarts the waits of jobs that were deferred or leased before the clock was set back. Each wait
/// restarts now with its full duration.
///
/// Example: a job is leased for 15 s at 10:00:00, and the clock is set back to 9:00:03. Its worker
/// may be alive, so another worker gets the job at 9:00:18, neither at 10:00:15 nor at once.
fn restart(db: &Connection, now: Timestamp) -> Result<(), StoreFailure> {
    let mut statement = db.prepare_cached(
        "UPDATE job SET due = ?1 + max(due - put_at, 0), put_at = ?1 WHERE ?1 < put_at",
    )?;
    statement.execute([now.as_millis()])?;
    Ok(())
}

fn delivery(row: &Row<'_>) -> Result<Delivery, Box<dyn std::error::Error>> {
    let job = Job {
        id: row.get::<_, String>(0)?.parse()?,
        order: row.get::<_, String>(1)?.parse()?,
        attempts: row.get(2)?,
        body: row.get(3)?,
    };
    Ok(Delivery { job, lease: Lease(row.get(4)?) })
}

pub(super) fn extend(
    db: &Connection,
    held: &Lease,
    now: Timestamp,
    lease: Duration,
) -> Result<(), StoreFailure> {
    let mut statement =
        db.prepare_cached("UPDATE job SET put_at = ?2, due = ?3 WHERE lease = ?1")?;
    let until = now.after(lease);
    found(statement.execute(params![held.0, now.as_millis(), until.as_millis()])?)
}

pub(super) fn ack(db: &Connection, held: &Lease) -> Result<(), StoreFailure> {
    let mut again = db.prepare_cached(
        "UPDATE job SET lease = NULL, put_at = again_put_at, due = again_due, \
                        attempts = again_attempts, \
                        again_put_at = NULL, again_due = NULL, again_attempts = NULL \
         WHERE lease = ?1 AND again_due IS NOT NULL",
    )?;
    if again.execute([&held.0])? == 1 {
        return Ok(());
    }
    let mut forget = db.prepare_cached("DELETE FROM job WHERE lease = ?1")?;
    found(forget.execute([&held.0])?)
}

pub(super) fn defer(
    db: &Connection,
    held: &Lease,
    now: Timestamp,
    delay: Duration,
    attempts: u32,
) -> Result<(), StoreFailure> {
    let mut statement = db.prepare_cached(
        "UPDATE job SET lease = NULL, attempts = ?4, due = min(?3, coalesce(again_due, ?3)), \
                        put_at = iif(coalesce(again_due, ?3) < ?3, again_put_at, ?2), \
                        again_put_at = NULL, again_due = NULL, again_attempts = NULL \
         WHERE lease = ?1",
    )?;
    let due = now.after(delay);
    found(statement.execute(params![held.0, now.as_millis(), due.as_millis(), attempts])?)
}

fn found(changed: usize) -> Result<(), StoreFailure> {
    if changed == 0 { Err(StoreFailure::LeaseLost) } else { Ok(()) }
}
