//! Looking cancellations up, from a snapshot.

use domain::{Amount, Timestamp};
use ports::{MemoRecord, Query, Record};
use rusqlite::{Connection, params_from_iter, types::Value};

use super::{
    claim,
    failure::Failure,
    stored::{COLUMNS, Stored},
};

/// How many are found when the query does not say.
const DEFAULT_LIMIT: usize = 100;

/// How many are found at most.
const MAX_LIMIT: usize = 10_000;

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
        format!("SELECT {COLUMNS} FROM cancellation WHERE {conditions} ORDER BY place DESC LIMIT ?")
    }
}

/// Cancellations that match, newest first.
pub(super) fn find(db: &Connection, query: &Query) -> Result<Vec<Record>, Failure> {
    let limit = if query.limit == 0 { DEFAULT_LIMIT } else { query.limit.min(MAX_LIMIT) };
    let mut filter = Filter::of(query);
    let mut statement = db.prepare_cached(&filter.sql())?;
    filter.values.push(i64::try_from(limit)?.into());
    let mut rows = statement.query(params_from_iter(filter.values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(record(db, Stored::from_row(row)?, query)?);
    }
    Ok(found)
}

fn record(db: &Connection, stored: Stored, query: &Query) -> Result<Record, Failure> {
    let history = if query.with_history { history(db, &stored.id)? } else { Vec::new() };
    Ok(Record {
        memos: memos(db, &stored.id)?,
        flags: flags(db, &stored.id)?,
        history,
        cancellation: stored.cancellation,
        state: stored.state,
        reason: stored.reason,
        detail: stored.detail,
        received_at: stored.received_at,
        waiting_since: stored.waiting_since,
        updated_at: stored.updated_at,
        deliveries: stored.deliveries,
        place: stored.place.unsigned_abs(),
    })
}

fn memos(db: &Connection, id: &str) -> Result<Vec<MemoRecord>, Failure> {
    let mut statement = db.prepare_cached(
        "SELECT key, memo, record, number, confirmed_total FROM claim \
         WHERE cancellation = ?1 ORDER BY seq",
    )?;
    let mut rows = statement.query([id])?;
    let mut memos = Vec::new();
    while let Some(row) = rows.next()? {
        let total: Option<String> = row.get("confirmed_total")?;
        let confirmed_total = total.map(|it| it.parse::<Amount>()).transpose()?;
        let (claim, number) = (claim::from_row(row)?, row.get("number")?);
        memos.push(MemoRecord { claim, number, confirmed_total });
    }
    Ok(memos)
}

fn flags(db: &Connection, id: &str) -> Result<Vec<String>, Failure> {
    let mut statement =
        db.prepare_cached("SELECT text FROM flag WHERE cancellation = ?1 ORDER BY seq")?;
    let flags = statement.query_map([id], |row| row.get(0))?;
    Ok(flags.collect::<Result<_, _>>()?)
}

fn history(db: &Connection, id: &str) -> Result<Vec<(Timestamp, String)>, Failure> {
    let mut statement =
        db.prepare_cached("SELECT at, text FROM history WHERE cancellation = ?1 ORDER BY seq")?;
    let lines = statement
        .query_map([id], |row| Ok((Timestamp::from_millis(row.get("at")?), row.get("text")?)))?;
    Ok(lines.collect::<Result<_, _>>()?)
}
