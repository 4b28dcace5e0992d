//! What happens to a cancellation: deliveries, endings, retries, flags.

use domain::{Cancellation, CancellationId, Flag, Timestamp};
use ports::{Known, Opened, State, Step};
use rusqlite::{Connection, named_params, params};

use super::{
    claim,
    failure::Failure,
    hold,
    note::{bounded, note, note_once},
    stored::{self, Stored},
};

/// Takes note of a delivery.
pub(super) fn open(
    db: &Connection,
    cancellation: &Cancellation,
    now: Timestamp,
) -> Result<Opened, Failure> {
    let id = cancellation.id();
    match Stored::load(db, id.as_str())? {
        None => first(db, &id, cancellation, now),
        Some(known) => again(db, &id, cancellation, now, known),
    }
}

fn first(
    db: &Connection,
    id: &CancellationId,
    cancellation: &Cancellation,
    now: Timestamp,
) -> Result<Opened, Failure> {
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
        ":units": stored::units(cancellation)?,
        ":published": cancellation.published_at.as_millis(),
        ":now": now.as_millis(),
        ":state": State::Working.name(),
    })?;
    let (event, units) = (&cancellation.event, cancellation.units.len());
    note(db, id, now, &format!("received {event}, units: {units}"))?;
    Ok(Opened { cancellation: cancellation.clone(), waiting_since: now, known: Known::New })
}

fn again(
    db: &Connection,
    id: &CancellationId,
    delivered: &Cancellation,
    now: Timestamp,
    known: Stored,
) -> Result<Opened, Failure> {
    let published = known.cancellation.published_at.min(delivered.published_at);
    let mut statement = db.prepare_cached(
        "UPDATE cancellation SET deliveries = deliveries + 1, published_at = ?2 WHERE id = ?1",
    )?;
    statement.execute(params![id.as_str(), published.as_millis()])?;
    note(db, id, now, "delivered again")?;
    Ok(Opened {
        cancellation: Cancellation { published_at: published, ..known.cancellation },
        waiting_since: known.waiting_since,
        known: Known::Before { state: known.state, reason: known.reason },
    })
}

/// Writes down one step, and what follows from it.
pub(super) fn step(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    step: &Step,
) -> Result<(), Failure> {
    let unknown = || Failure::because(format!("cancellation {id} was never opened"));
    let stored = Stored::load(db, id.as_str())?.ok_or_else(unknown)?;
    match step {
        Step::Claimed(memo) => claim::make(db, &stored.cancellation, id, now, memo),
        Step::Settled { key, record } => claim::settle(db, id, now, key, record),
        Step::Freed { key, why } => claim::free(db, id, now, key, why),
        Step::Vanished { key } => claim::vanish(db, id, now, key),
        Step::Confirmed { key, number, total } => {
            claim::confirm(db, id, now, key, number.as_deref(), *total)
        }
        Step::Flagged(flag) => flagged(db, id, now, flag),
        Step::Noted(lines) => {
            for line in lines {
                note_once(db, id, now, line)?;
            }
            Ok(())
        }
        Step::Ended { state, reason, detail, took } => {
            // A runner that comes late, or lost its lease, undoes nothing.
            if state.is_settled() || !stored.state.is_settled() {
                move_to(db, id, *state, reason.as_deref(), detail.as_deref())?;
            }
            let parts = [Some(state.name()), reason.as_deref(), detail.as_deref()];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            // First, so that a long detail cannot cut it off.
            let text = format!("after {} ms {}", took.as_millis(), parts.join(": "));
            Ok(note(db, id, now, &text)?)
        }
        Step::Retried => {
            move_to(db, id, State::Deferred, None, None)?;
            let mut deadline =
                db.prepare_cached("UPDATE cancellation SET waiting_since = ?2 WHERE id = ?1")?;
            deadline.execute(params![id.as_str(), now.as_millis()])?;
            Ok(note(db, id, now, "to be tried again, the deadline starts anew")?)
        }
        Step::Released(token) => {
            let order = &stored.cancellation;
            hold::release(db, order.tenant.as_str(), order.order.as_str(), token)
        }
    }
}

fn move_to(
    db: &Connection,
    id: &CancellationId,
    state: State,
    reason: Option<&str>,
    detail: Option<&str>,
) -> rusqlite::Result<()> {
    let mut statement = db.prepare_cached(
        "UPDATE cancellation SET state = ?2, reason = ?3, detail = ?4 WHERE id = ?1",
    )?;
    statement.execute(params![id.as_str(), state.name(), reason, detail.map(bounded)])?;
    Ok(())
}

/// An attempt that is run again finds the same: one flag, one line.
fn flagged(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    flag: &Flag,
) -> Result<(), Failure> {
    let text = format!("{}: {flag}", flag.name());
    let mut statement = db.prepare_cached(
        "INSERT INTO flag (cancellation, text) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
    )?;
    if statement.execute([id.as_str(), &text])? == 1 {
        note(db, id, now, &format!("flagged {text}"))?;
    }
    Ok(())
}
