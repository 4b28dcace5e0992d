//! Queries cancellations from one snapshot.

use domain::Timestamp;
use ports::{CancellationRecord, Query};
use rusqlite::{Connection, params_from_iter, types::Value};

use super::claim;
use crate::model::{CancellationRow, ClaimRow, StoreFailure, cancellation_row, columns, limit};

/// Conditions and the values of their parameters, in the same order.
#[derive(Default)]
struct Filter {
    conditions: Vec<&'static str>,
    values: Vec<Value>,
}

impl Filter {
    fn of(query: &Query) -> Self {
        let mut filter = Self::default();
        filter.add("id = ?", query.id.as_ref().map(ToString::to_string));
        filter.add("state = ?", query.state.map(|it| it.name().to_owned()));
        filter.add("reason = ?", query.reason.clone());
        filter.add("tenant = ?", query.tenant.as_ref().map(ToString::to_string));
        filter.add("order_id = ?", query.order.as_ref().map(ToString::to_string));
        filter.add("? <= received_at", query.since.map(Timestamp::as_millis));
        filter.add("order_id <> ?", query.beside.as_ref().map(ToString::to_string));
        filter.add(
            "id IN (SELECT cancellation FROM claim WHERE record IS NOT NULL AND ? <= sent_at)",
            query.written_since.map(Timestamp::as_millis),
        );
        filter.add("place < ?", query.after.map(|it| i64::try_from(it).unwrap_or(i64::MAX)));
        if query.unsettled {
            filter.conditions.push("id IN (SELECT cancellation FROM claim WHERE record IS NULL)");
        }
        if query.unconfirmed {
            filter.conditions.push(
                "id IN (SELECT cancellation FROM claim \
                 WHERE record IS NOT NULL AND confirmed_total IS NULL)",
            );
        }
        filter
    }

    fn add(&mut self, condition: &'static str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.conditions.push(condition);
            self.values.push(value.into());
        }
    }

    fn sql(&self) -> String {
        let conditions = match self.conditions.as_slice() {
            [] => "TRUE".to_owned(),
            some => some.join(" AND "),
        };
        let columns = columns!();
        format!("SELECT {columns} FROM cancellation WHERE {conditions} ORDER BY place DESC LIMIT ?")
    }
}

/// Cancellations that match, newest first.
pub(super) fn find(
    db: &Connection,
    query: &Query,
) -> Result<Vec<CancellationRecord>, StoreFailure> {
    let mut filter = Filter::of(query);
    let mut statement = db.prepare_cached(&filter.sql())?;
    filter.values.push(i64::try_from(limit(query))?.into());
    let mut rows = statement.query(params_from_iter(filter.values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record(db, cancellation_row!(row.get), query)?);
    }
    Ok(found)
}

fn record(
    db: &Connection,
    row: CancellationRow,
    query: &Query,
) -> Result<CancellationRecord, StoreFailure> {
    let memos = claim::made_by(db, &row.id)?.into_iter().map(ClaimRow::memo_record);
    let (memos, flags) = (memos.collect::<Result<_, _>>()?, flags(db, &row.id)?);
    let history = if query.with_history { history(db, &row.id)? } else { Vec::new() };
    Ok(CancellationRecord { memos, flags, history, ..row.record()? })
}

fn flags(db: &Connection, id: &str) -> Result<Vec<String>, StoreFailure> {
    let mut statement =
        db.prepare_cached("SELECT text FROM flag WHERE cancellation = ?1 ORDER BY seq")?;
    let flags = statement.query_map([id], |row| row.get(0))?;
    Ok(flags.collect::<Result<_, _>>()?)
}

fn history(db: &Connection, id: &str) -> Result<Vec<(Timestamp, String)>, StoreFailure> {
    let mut statement =
        db.prepare_cached("SELECT at, text FROM history WHERE cancellation = ?1 ORDER BY seq")?;
    let lines = statement
        .query_map([id], |row| Ok((Timestamp::from_millis(row.get("at")?), row.get("text")?)))?;
    Ok(lines.collect::<Result<_, _>>()?)
}
