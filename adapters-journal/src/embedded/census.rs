//! Counting what is not over, from an index that holds nothing else.

use domain::Timestamp;
use ports::{State, Unfinished};
use rusqlite::{Connection, Row};

use super::failure::Failure;

pub(super) const COUNT: &str = "SELECT tenant, state, count(*) AS count, min(waiting_since) AS since \
     FROM cancellation WHERE state IN ('working', 'deferred', 'parked') GROUP BY state, tenant";

pub(super) fn census(db: &Connection) -> Result<Vec<Unfinished>, Failure> {
    let mut statement = db.prepare_cached(COUNT)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(unfinished(row)?);
    }
    Ok(found)
}

fn unfinished(row: &Row<'_>) -> Result<Unfinished, Failure> {
    let (tenant, state): (String, String) = (row.get("tenant")?, row.get("state")?);
    let unknown = || Failure::because(format!("{state:?} is no state"));
    Ok(Unfinished {
        tenant: tenant.parse()?,
        state: State::named(&state).ok_or_else(unknown)?,
        count: row.get::<_, i64>("count")?.unsigned_abs(),
        waiting_since: Timestamp::from_millis(row.get("since")?),
    })
}
