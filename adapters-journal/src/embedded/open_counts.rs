//! Counts unfinished cancellations.

use ports::OpenCount;
use rusqlite::Connection;

use crate::model::{COUNT, StoreFailure, unfinished};

pub(super) fn open_counts(db: &Connection) -> Result<Vec<OpenCount>, StoreFailure> {
    let mut statement = db.prepare_cached(COUNT)?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (tenant, state): (String, String) = (row.get("tenant")?, row.get("state")?);
        found.push(unfinished(&tenant, &state, row.get("count")?, row.get("since")?)?);
    }
    Ok(found)
}
