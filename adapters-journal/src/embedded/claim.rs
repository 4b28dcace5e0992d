//! Claims: which memo each unit belongs to, and how far that memo got.

use domain::{
    Amount, Cancellation, CancellationId, Claim, ClaimState, CreditMemo, MemoKey, OrderId,
    RecordId, Tenant, Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{failure::Failure, note::note};
use crate::codec;

/// What a step about a memo needs to know of its claim.
struct Known {
    /// The cancellation that made it.
    owner: CancellationId,
    memo: String,
    record: Option<String>,
}

impl Known {
    fn load(db: &Connection, key: &MemoKey) -> Result<Option<Self>, Failure> {
        let mut statement =
            db.prepare_cached("SELECT cancellation, memo, record FROM claim WHERE key = ?1")?;
        let row = statement.query_row([key.as_str()], |row| {
            Ok((row.get::<_, String>(0)?, row.get(1)?, row.get(2)?))
        });
        let Some((owner, memo, record)) = row.optional()? else { return Ok(None) };
        Ok(Some(Self { owner: owner.parse()?, memo, record }))
    }

    fn expect(db: &Connection, key: &MemoKey) -> Result<Self, Failure> {
        let missing = || Failure::because(format!("no units are claimed under {key}"));
        Self::load(db, key)?.ok_or_else(missing)
    }

    /// Its units go with it, by the foreign key.
    fn forget(db: &Connection, key: &MemoKey) -> rusqlite::Result<usize> {
        db.prepare_cached("DELETE FROM claim WHERE key = ?1")?.execute([key.as_str()])
    }

    /// A line in the life of the cancellation whose run it was, and of the one
    /// whose memo it is.
    fn note(
        &self,
        db: &Connection,
        runner: &CancellationId,
        now: Timestamp,
        text: &str,
    ) -> Result<(), Failure> {
        note(db, runner, now, text)?;
        if self.owner != *runner {
            note(db, &self.owner, now, &format!("{text}, by {runner}"))?;
        }
        Ok(())
    }
}

/// Claims the memo's units under its key, all of them or none.
pub(super) fn make(
    db: &Connection,
    cancellation: &Cancellation,
    id: &CancellationId,
    now: Timestamp,
    memo: &CreditMemo,
) -> Result<(), Failure> {
    let (key, order) = (&memo.key, &cancellation.order);
    if memo.order != *order {
        let problem = format!("memo {key} is for order {}, {id} for {order}", memo.order);
        return Err(Failure::because(problem));
    }
    let text = codec::encode(memo)?;
    let (units, total, money) = (memo.units.len(), memo.total, memo.money.code());
    let about = format!("{key}, units: {units}, total: {total} {money}");
    match Known::load(db, key)? {
        None => {
            let mut statement = db.prepare_cached(
                "INSERT INTO claim (key, cancellation, tenant, order_id, memo) \
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            let tenant = cancellation.tenant.as_str();
            statement.execute([key.as_str(), id.as_str(), tenant, order.as_str(), &text])?;
            note(db, id, now, &format!("claimed {about}"))?;
        }
        Some(Known { record: Some(_), .. }) => return Ok(()),
        Some(known) if known.memo == text => {}
        Some(known) => {
            let mut statement = db.prepare_cached("UPDATE claim SET memo = ?2 WHERE key = ?1")?;
            statement.execute([key.as_str(), &text])?;
            known.note(db, id, now, &format!("claimed anew {about}"))?;
        }
    }
    claim_units(db, &cancellation.tenant, memo)
}

fn claim_units(db: &Connection, tenant: &Tenant, memo: &CreditMemo) -> Result<(), Failure> {
    let (tenant, order, key) = (tenant.as_str(), memo.order.as_str(), memo.key.as_str());
    let mut forget = db.prepare_cached("DELETE FROM claimed_unit WHERE key = ?1")?;
    forget.execute([key])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO claimed_unit (tenant, order_id, unit, key) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (tenant, order_id, unit) DO NOTHING",
    )?;
    for unit in &memo.units {
        if insert.execute([tenant, order, unit.as_str(), key])? == 1 {
            continue;
        }
        let mut holder = db.prepare_cached(
            "SELECT key FROM claimed_unit WHERE tenant = ?1 AND order_id = ?2 AND unit = ?3",
        )?;
        let holder: String = holder.query_row([tenant, order, unit.as_str()], |row| row.get(0))?;
        if holder != key {
            return Err(Failure::Claimed(holder.parse()?));
        }
    }
    Ok(())
}

/// The memo is on record.
pub(super) fn settle(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    key: &MemoKey,
    record: &RecordId,
) -> Result<(), Failure> {
    let known = Known::expect(db, key)?;
    match known.record.as_deref() {
        None => {
            let mut statement = db.prepare_cached("UPDATE claim SET record = ?2 WHERE key = ?1")?;
            statement.execute([key.as_str(), record.as_str()])?;
            known.note(db, id, now, &format!("settled {key} as record {record}"))
        }
        Some(first) if first == record.as_str() => Ok(()),
        Some(first) => {
            let text = format!("{key} was also reported as record {record}, {first} is kept");
            known.note(db, id, now, &text)
        }
    }
}

/// The ledger refused the memo: its units may be claimed by another.
pub(super) fn free(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    key: &MemoKey,
    why: &str,
) -> Result<(), Failure> {
    let Some(known @ Known { record: None, .. }) = Known::load(db, key)? else { return Ok(()) };
    Known::forget(db, key)?;
    known.note(db, id, now, &format!("freed the units of {key}: {why}"))
}

/// The ledger no longer has the record: its units may be claimed again.
pub(super) fn vanish(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    key: &MemoKey,
) -> Result<(), Failure> {
    let Some(known) = Known::load(db, key)? else { return Ok(()) };
    let Some(record) = &known.record else { return Ok(()) };
    Known::forget(db, key)?;
    known.note(db, id, now, &format!("record {record} of {key} is gone: its units are free again"))
}

/// The ledger's own number and total were read back.
pub(super) fn confirm(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    key: &MemoKey,
    number: Option<&str>,
    total: Amount,
) -> Result<(), Failure> {
    let known = Known::expect(db, key)?;
    let mut statement = db.prepare_cached(
        "UPDATE claim SET number = ?2, confirmed_total = ?3 WHERE key = ?1 \
         AND (number IS NOT ?2 OR confirmed_total IS NOT ?3)",
    )?;
    if statement.execute(params![key.as_str(), number, total.to_string()])? == 0 {
        return Ok(());
    }
    let number = number.unwrap_or("without a number");
    known.note(db, id, now, &format!("confirmed {key}: {number}, total: {total}"))
}

/// All claims of an order, in the order they were made.
pub(super) fn of_order(
    db: &Connection,
    tenant: &Tenant,
    order: &OrderId,
) -> Result<Vec<Claim>, Failure> {
    let mut statement = db.prepare_cached(
        "SELECT key, memo, record FROM claim WHERE tenant = ?1 AND order_id = ?2 ORDER BY seq",
    )?;
    let mut rows = statement.query([tenant.as_str(), order.as_str()])?;
    let mut claims = Vec::new();
    while let Some(row) = rows.next()? {
        claims.push(from_row(row)?);
    }
    Ok(claims)
}

/// A claim from the columns `key`, `memo` and `record`.
pub(super) fn from_row(row: &Row<'_>) -> Result<Claim, Failure> {
    let (key, memo): (String, String) = (row.get("key")?, row.get("memo")?);
    let record: Option<String> = row.get("record")?;
    let state = match record {
        Some(id) => ClaimState::Settled(id.parse()?),
        None => ClaimState::Unsettled,
    };
    Ok(Claim { memo: codec::decode(&key, &memo)?, state })
}
