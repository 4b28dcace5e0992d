//! Claims: which memo each unit belongs to, and whether that memo is settled.

use domain::{
    Cancellation, Claim, CreditMemo, MemoKey, OrderId, RecordId, Tenant, Timestamp, UnitId,
};
use sqlx::{PgConnection, Row};

use crate::model::{ClaimRow, StoreFailure, claim_row};

/// The claim under this key.
pub(super) async fn load(
    db: &mut PgConnection,
    key: &MemoKey,
) -> Result<Option<ClaimRow>, StoreFailure> {
    let claim = sqlx::query(
        "SELECT key, cancellation, memo, sent_at, record, number, confirmed_total \
         FROM claim \
         WHERE key = $1",
    );
    let row = claim.bind(key.as_str()).fetch_optional(db).await?;
    row.map(|row| Ok(claim_row!(row.try_get))).transpose()
}

/// Claims the memo's units under its key, all of them or none.
pub(super) async fn make(
    db: &mut PgConnection,
    cancellation: &Cancellation,
    memo: &CreditMemo,
    text: &str,
    now: Timestamp,
) -> Result<(), StoreFailure> {
    let (key, id) = (memo.key.as_str(), cancellation.id());
    let (tenant, order) = (cancellation.tenant.as_str(), memo.order.as_str());
    let units: Vec<_> = memo.units.iter().map(UnitId::as_str).collect();
    let claimed = sqlx::query(
        "WITH made AS (INSERT INTO claim (key, cancellation, tenant, order_id, memo, sent_at) \
                       VALUES ($1, $2, $3, $4, $5, $7) \
                       ON CONFLICT (key) DO UPDATE \
                       SET memo = excluded.memo, sent_at = excluded.sent_at) \
         INSERT INTO claimed_unit (tenant, order_id, unit, key) \
         SELECT $3, $4, unit, $1 FROM unnest($6) AS unit \
         ON CONFLICT (tenant, order_id, unit) DO NOTHING",
    );
    let claimed = claimed.bind(key).bind(id.as_str()).bind(tenant).bind(order).bind(text);
    let claimed =
        claimed.bind(&units).bind(now.as_millis()).execute(&mut *db).await?.rows_affected();
    if claimed == units.len() as u64 {
        return Ok(());
    }
    let holder = sqlx::query_scalar(
        "SELECT key FROM claimed_unit \
         WHERE tenant = $1 AND order_id = $2 AND unit = ANY($3) AND key <> $4 LIMIT 1",
    );
    let holder = holder.bind(tenant).bind(order).bind(&units).bind(key);
    let holder: Option<String> = holder.fetch_optional(db).await?;
    holder.map_or(Ok(()), |it| Err(StoreFailure::Claimed(it.parse()?)))
}

/// When the memo was last sent without an answer.
pub(super) async fn sent(
    db: &mut PgConnection,
    key: &MemoKey,
    at: Timestamp,
) -> Result<(), StoreFailure> {
    let sent = sqlx::query("UPDATE claim SET sent_at = $2 WHERE key = $1");
    sent.bind(key.as_str()).bind(at.as_millis()).execute(db).await?;
    Ok(())
}

/// Records that the memo is on record.
pub(super) async fn settle(
    db: &mut PgConnection,
    key: &MemoKey,
    record: &RecordId,
) -> Result<(), StoreFailure> {
    let settled = sqlx::query("UPDATE claim SET record = $2 WHERE key = $1");
    settled.bind(key.as_str()).bind(record.as_str()).execute(db).await?;
    Ok(())
}

/// Deletes the claim, and by the foreign key its units.
pub(super) async fn forget(db: &mut PgConnection, key: &MemoKey) -> Result<(), StoreFailure> {
    sqlx::query("DELETE FROM claim WHERE key = $1").bind(key.as_str()).execute(db).await?;
    Ok(())
}

/// Stores the ledger's number and total, which were read back.
pub(super) async fn confirm(
    db: &mut PgConnection,
    key: &MemoKey,
    number: Option<&str>,
    total: &str,
) -> Result<(), StoreFailure> {
    let confirmed =
        sqlx::query("UPDATE claim SET number = $2, confirmed_total = $3 WHERE key = $1");
    confirmed.bind(key.as_str()).bind(number).bind(total).execute(db).await?;
    Ok(())
}

/// All claims of an order, in the order they were made.
pub(super) async fn of_order(
    db: &mut PgConnection,
    tenant: &Tenant,
    order: &OrderId,
) -> Result<Vec<Claim>, StoreFailure> {
    let claims = sqlx::query(
        "SELECT key, cancellation, memo, sent_at, record, number, confirmed_total \
         FROM claim \
         WHERE tenant = $1 AND order_id = $2 ORDER BY seq",
    );
    let rows = claims.bind(tenant.as_str()).bind(order.as_str()).fetch_all(db).await?;
    rows.iter().map(|row| claim_row!(row.try_get).claim()).collect()
}
