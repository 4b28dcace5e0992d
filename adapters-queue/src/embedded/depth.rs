//! How much is in the queue, for metrics.

use std::time::Duration;

use domain::Timestamp;
use rusqlite::Connection;

/// The queue at one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Depth {
    /// Jobs in nobody's hands, due or not.
    pub waiting: u64,
    /// Jobs in somebody's hands.
    pub leased: u64,
    /// For how long the job that is due longest has been due; none when none is.
    pub oldest_due: Option<Duration>,
}

pub(super) fn measure(db: &Connection, now: Timestamp) -> rusqlite::Result<Depth> {
    let mut statement = db.prepare_cached(
        "SELECT count(*) FILTER (WHERE lease IS NULL OR due <= ?1), \
                count(*) FILTER (WHERE lease IS NOT NULL AND ?1 < due), \
                min(due) FILTER (WHERE due <= ?1) \
         FROM job",
    )?;
    statement.query_row([now.as_millis()], |row| {
        let oldest: Option<i64> = row.get(2)?;
        Ok(Depth {
            waiting: row.get::<_, i64>(0)?.unsigned_abs(),
            leased: row.get::<_, i64>(1)?.unsigned_abs(),
            oldest_due: oldest.map(|due| now.since(Timestamp::from_millis(due))),
        })
    })
}
