//! The size of the queue, for metrics.

use domain::Timestamp;
use ports::Depth;
use rusqlite::Connection;

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
