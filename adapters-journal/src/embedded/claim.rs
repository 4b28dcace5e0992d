//! Claims: which memo each unit belongs to, and whether that memo is settled.

use domain::{Cancellation, Claim, CreditMemo, MemoKey, OrderId, RecordId, Tenant, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{ClaimRow, StoreFailure, claim_row};

const COLUMNS: &str = "key, cancellation, memo, sent_at, record, number, confirmed_total";

/// The claim under this key.
pub(super) fn load(db: &Connection, key: &MemoKey) -> Result<Option<ClaimRow>, StoreFailure> {
    let mut statement =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM claim WHERE key = ?1"))?;
    let row = statement.query_row([key.as_str()], |row| Ok(claim_row!(row.get)));
    Ok(row.optional()?)
}

/// Claims the memo's units under its key, all of them or none.
pub(super) fn make(
    db: &Connection,
    cancellation: &Cancellation,
    memo: &CreditMemo,
    text: &str,
    now: Timestamp,
) -> Result<(), StoreFailure> {
    let (tenant, order, key) = (cancellation.tenant.as_str(), memo.order.as_str(), &memo.key);
    let mut claim = db.prepare_cached(
        "INSERT INTO claim (key, cancellation, tenant, order_id, memo, sent_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (key) DO UPDATE SET memo = excluded.memo, sent_at = excluded.sent_at",
    )?;
    let id = cancellation.id();
    claim.execute(params![key.as_str(), id.as_str(), tenant, order, text, now.as_millis()])?;
    let mut insert = db.prepare_cached(
        "INSERT INTO claimed_unit (tenant, order_id, unit, key) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (tenant, order_id, unit) DO NOTHING",
    )?;
    for unit in &memo.units {
        if insert.execute([tenant, order, unit.as_str(), key.as_str()])? == 1 {
            continue;
        }
        let mut holder = db.prepare_cached(
            "SELECT key FROM claimed_unit WHERE tenant = ?1 AND order_id = ?2 AND unit = ?3",
        )?;
        let holder: String = holder.query_row([tenant, order, unit.as_str()], |row| row.get(0))?;
        if holder != key.as_str() {
            return Err(StoreFailure::Claimed(holder.parse()?));
        }
    }
    Ok(())
}

/// When the memo was last sent without an answer.
pub(super) fn sent(db: &Connection, key: &MemoKey, at: Timestamp) -> Result<(), StoreFailure> {
    let mut statement = db.prepare_cached("UPDATE claim SET sent_at = ?2 WHERE key = ?1")?;
    statement.execute(params![key.as_str(), at.as_millis()])?;
    Ok(())
}

/// Records that the memo is on record.
pub(super) fn settle(
    db: &Connection,
    key: &MemoKey,
    record: &RecordId,
) -> Result<(), StoreFailure> {
    let mut statement = db.prepare_cached("UPDATE claim SET record = ?2 WHERE key = ?1")?;
    statement.execute([key.as_str(), record.as_str()])?;
    Ok(())
}

/// Deletes the claim, and by the foreign key its units.
pub(super) fn forget(db: &Connection, key: &MemoKey) -> Result<(), StoreFailure> {
    db.prepare_cached("DELETE FROM claim WHERE key = ?1")?.execute([key.as_str()])?;
    Ok(())
}

/// Stores the ledger's number and total, which were read back.
pub(super) fn confirm(
    db: &Connection,
    key: &MemoKey,
    number: Option<&str>,
    total: &str,
) -> Result<(), StoreFailure> {
    let mut statement =
        db.prepare_cached("UPDATE claim SET number = ?2, confirmed_total = ?3 WHERE key = ?1")?;
    statement.execute(params![key.as_str(), number, total])?;
    Ok(())
}

/// All claims of an order, in the order they were made.
pub(super) fn of_order(
    db: &Connection,
    tenant: &Tenant,
    order: &OrderId,
) -> Result<Vec<Claim>, StoreFailure> {
    let rows = select(db, "tenant = ?1 AND order_id = ?2", [tenant.as_str(), order.as_str()])?;
    rows.iter().map(ClaimRow::claim).collect()
}

/// The claims that a cancellation made, in the order they were made.
pub(super) fn made_by(db: &Connection, cancellation: &str) -> Result<Vec<ClaimRow>, StoreFailure> {
    select(db, "cancellation = ?1", [cancellation])
}

fn select(
    db: &Connection,
    condition: &str,
    values: impl rusqlite::Params,
) -> Result<Vec<ClaimRow>, StoreFailure> {
    let query = format!("SELECT {COLUMNS} FROM claim WHERE {condition} ORDER BY seq");
    let mut statement = db.prepare_cached(&query)?;
    let rows = statement.query_map(values, |row| Ok(claim_row!(row.get)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
