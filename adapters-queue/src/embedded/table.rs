//! The table of jobs: each of the port's promises as statements inside one transaction.

use std::time::Duration;

use domain::Timestamp;
use ports::{Delivery, Job, Lease};
use rusqlite::{Connection, Row, named_params, params};

use super::Failure;
use crate::arrivals::Look;

pub(super) fn push(db: &Connection, job: &Job, due: Timestamp) -> Result<(), Failure> {
    // The newest body wins: it knows most. What is leased stays leased, and the
    // push waits beside it for the ack.
    let mut statement = db.prepare_cached(
        "INSERT INTO job (id, order_id, attempts, body, due) \
         VALUES (:id, :order, :attempts, :body, :due) \
         ON CONFLICT (id) DO UPDATE SET \
             body = excluded.body, \
             due = iif(lease IS NULL, min(due, excluded.due), due), \
             again_due = iif(lease IS NULL, NULL, \
                             min(coalesce(again_due, excluded.due), excluded.due)), \
             again_attempts = iif(lease IS NULL, NULL, excluded.attempts)",
    )?;
    statement.execute(named_params! {
        ":id": job.id.as_str(),
        ":order": job.order.as_str(),
        ":attempts": job.attempts,
        ":body": job.body,
        ":due": due.as_millis(),
    })?;
    Ok(())
}

pub(super) fn lease(
    db: &Connection,
    max: usize,
    now: Timestamp,
    lease: Duration,
) -> Result<Look, Failure> {
    let mut due =
        db.prepare_cached("SELECT seq FROM job WHERE due <= ?1 ORDER BY due, seq LIMIT ?2")?;
    let limit = i64::try_from(max).unwrap_or(i64::MAX);
    let due = due.query_map(params![now.as_millis(), limit], |row| row.get::<_, i64>(0))?;
    let due: Vec<i64> = due.collect::<Result<_, _>>()?;

    // The delivery comes after any push and answers it: `again` starts anew.
    let mut take = db.prepare_cached(
        "UPDATE job SET lease = lower(hex(randomblob(16))), due = ?2, \
                        again_due = NULL, again_attempts = NULL \
         WHERE seq = ?1 RETURNING id, order_id, attempts, body, lease",
    )?;
    let mut leased = Vec::with_capacity(due.len());
    for seq in due {
        let until = now.after(lease).as_millis();
        match take.query_row([seq, until], |row| Ok(delivery(row)))? {
            Ok(delivery) => leased.push(delivery),
            // Leased to nobody, so that one damaged row never stops the others.
            Err(problem) => {
                tracing::error!(job.seq = seq, %problem, "Job {seq} in the queue is unreadable");
            }
        }
    }
    let mut next = db.prepare_cached("SELECT min(due) FROM job")?;
    let next: Option<i64> = next.query_row([], |row| row.get(0))?;
    Ok(Look { leased, next_due: next.map(Timestamp::from_millis) })
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

pub(super) fn extend(db: &Connection, held: &Lease, until: Timestamp) -> Result<(), Failure> {
    let mut statement = db.prepare_cached("UPDATE job SET due = ?2 WHERE lease = ?1")?;
    found(statement.execute(params![held.0, until.as_millis()])?)
}

pub(super) fn ack(db: &Connection, held: &Lease) -> Result<(), Failure> {
    let mut again = db.prepare_cached(
        "UPDATE job SET lease = NULL, due = again_due, attempts = again_attempts, \
                        again_due = NULL, again_attempts = NULL \
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
    due: Timestamp,
    attempts: u32,
) -> Result<(), Failure> {
    let mut statement = db.prepare_cached(
        "UPDATE job SET lease = NULL, due = min(?2, coalesce(again_due, ?2)), attempts = ?3, \
                        again_due = NULL, again_attempts = NULL \
         WHERE lease = ?1",
    )?;
    found(statement.execute(params![held.0, due.as_millis(), attempts])?)
}

fn found(changed: usize) -> Result<(), Failure> {
    if changed == 0 { Err(Failure::LeaseLost) } else { Ok(()) }
}
