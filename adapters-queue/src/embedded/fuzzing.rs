//! Writes jobs to rows and reads them back, without a file.

use std::time::Duration;

use domain::Timestamp;
use ports::Job;
use rusqlite::{Connection, params};

use super::{MIGRATIONS, table};

/// The table of the embedded queue, in memory.
pub struct Rows(Connection);

impl Rows {
    /// An empty table.
    pub fn new() -> rusqlite::Result<Self> {
        let db = Connection::open_in_memory()?;
        db.execute_batch(&MIGRATIONS.concat())?;
        Ok(Self(db))
    }

    /// Writes an arbitrary row: its texts and its attempts.
    pub fn put(&self, [id, order, body]: [&str; 3], attempts: i64) -> rusqlite::Result<usize> {
        let sql = "INSERT INTO job (id, order_id, body, attempts, due) VALUES (?, ?, ?, ?, 0)";
        self.0.execute(sql, params![id, order, body, attempts])
    }

    /// Writes a job as the queue does.
    ///
    /// # Panics
    ///
    /// When the table cannot be written.
    pub fn push(&self, job: &Job) {
        assert!(
            table::push(&self.0, job, Timestamp::from_millis(0), Duration::ZERO).is_ok(),
            "{job:?}"
        );
    }

    /// Takes the readable jobs and empties the table.
    ///
    /// # Panics
    ///
    /// When the table cannot be read.
    #[must_use]
    pub fn take(&self) -> Vec<Job> {
        let look = table::lease(&self.0, 1, Timestamp::from_millis(0), Duration::from_secs(1));
        let Ok(look) = look else { panic!("the table cannot be read") };
        self.0.execute("DELETE FROM job", []).expect("a table in memory can be emptied");
        look.leased.into_iter().map(|it| it.job).collect()
    }
}
