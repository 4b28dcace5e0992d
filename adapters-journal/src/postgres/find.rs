//! Queries cancellations in one statement, and so from one snapshot.
//!
//! A cancellation gets its sequence before it is visible: a page may show a cancellation while an
//! older one that arrives at the same moment is not visible yet. Pages go from the newest to the
//! oldest, so every cancellation that existed at the first page is on one of them; new ones are on
//! the pages of the next query.

use domain::{CancellationId, OrderId, Tenant, Timestamp};
use ports::{CancellationRecord, CancellationState, Query};
use sqlx::{PgConnection, Postgres, QueryBuilder, Row, postgres::PgRow};

use crate::model::{ClaimRow, StoreFailure, cancellation_row, columns, limit};

const ALL: &str = concat!(
    "SELECT ",
    columns!(),
    ", ARRAY(SELECT text FROM flag WHERE cancellation = c.id ORDER BY seq) AS flags,
       (SELECT json_agg(claim ORDER BY seq)::text FROM claim WHERE cancellation = c.id) AS memos"
);
const HISTORY: &str = "
       (SELECT json_agg(json_build_array(at, text) ORDER BY seq)::text
        FROM history WHERE cancellation = c.id)";

/// Cancellations that match, newest first.
pub(super) async fn find(
    db: &mut PgConnection,
    query: &Query,
) -> Result<Vec<CancellationRecord>, StoreFailure> {
    let rows = statement(query)?.build().fetch_all(db).await?;
    rows.iter().map(record).collect()
}

fn statement(query: &Query) -> Result<QueryBuilder<Postgres>, StoreFailure> {
    let history = if query.with_history { HISTORY } else { "NULL" };
    let mut sql = QueryBuilder::new(format!("{ALL}, {history} AS history FROM cancellation c"));
    sql.push(" WHERE TRUE");
    let mut text = |condition: &str, value: Option<&str>| {
        if let Some(value) = value {
            sql.push(condition).push_bind(value.to_owned());
        }
    };
    text(" AND id = ", query.id.as_ref().map(CancellationId::as_str));
    text(" AND state = ", query.state.map(CancellationState::name));
    text(" AND reason = ", query.reason.as_deref());
    text(" AND tenant = ", query.tenant.as_ref().map(Tenant::as_str));
    text(" AND order_id = ", query.order.as_ref().map(OrderId::as_str));
    text(" AND order_id <> ", query.beside.as_ref().map(OrderId::as_str));
    if let Some(since) = query.written_since {
        sql.push(" AND id IN (SELECT cancellation FROM claim ");
        sql.push("WHERE record IS NOT NULL AND sent_at >= ").push_bind(since.as_millis()).push(")");
    }
    if let Some(since) = query.since {
        sql.push(" AND received_at >= ").push_bind(since.as_millis());
    }
    if let Some(after) = query.after {
        sql.push(" AND place < ").push_bind(i64::try_from(after).unwrap_or(i64::MAX));
    }
    if query.unsettled {
        sql.push(" AND id IN (SELECT cancellation FROM claim WHERE record IS NULL)");
    }
    if query.unconfirmed {
        sql.push(" AND id IN (SELECT cancellation FROM claim ");
        sql.push("WHERE record IS NOT NULL AND confirmed_total IS NULL)");
    }
    sql.push(" ORDER BY place DESC LIMIT ").push_bind(i64::try_from(limit(query))?);
    Ok(sql)
}

fn record(row: &PgRow) -> Result<CancellationRecord, StoreFailure> {
    let memos: Vec<ClaimRow> = json(row.try_get("memos")?)?;
    let memos = memos.into_iter().map(ClaimRow::memo_record).collect::<Result<_, _>>()?;
    let history: Vec<(i64, String)> = json(row.try_get("history")?)?;
    let history = history.into_iter().map(|(at, text)| (Timestamp::from_millis(at), text));
    let (flags, history) = (row.try_get("flags")?, history.collect());
    Ok(CancellationRecord { memos, flags, history, ..cancellation_row!(row.try_get).record()? })
}

/// A list; empty where the column is null.
fn json<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<Vec<T>, StoreFailure> {
    Ok(text.map(serde_json::from_str).transpose()?.unwrap_or_default())
}
