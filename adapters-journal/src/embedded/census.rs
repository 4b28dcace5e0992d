//! Counting what is not over.

use ports::Unfinished;
use rusqlite::Connection;

use crate::book::{COUNT, Failure, unfinished};

pub(super) fn census(db: &Connection) -> Result<Vec<Unfinished>, Failure> {
    let mut statement = db.prepare_cached(COUNT)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (tenant, state): (String, String) = (row.get("tenant")?, row.get("state")?);
        found.push(unfinished(&tenant, &state, row.get("count")?, row.get("since")?)?);
    }
    Ok(found)
}
