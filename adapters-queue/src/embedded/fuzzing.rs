//! A job's way into a row and out of it, without a file.

use std::time::Duration;

use domain::Timestamp;
use ports::Job;
use rusqlite::{Connection, params};

use super::{MIGRATIONS, table};

/// The table of the queue in a file, in memory.
pub struct Rows(Connection);

impl Rows {
    /// An empty table.
    pub fn new() -> rusqlite::Result<Self> {
        let db = Connection::open_in_memory()?;
        db.execute_batch(&MIGRATIONS.concat())?;
        Ok(Self(db))
    }

    /// A row that somebody else wrote; the words that are kept as text, and the attempts.
    pub fn put(&self, [id, order, body]: [&str; 3], attempts: i64) -> rusqlite::Result<usize> {
        let sql = "INSERT INTO job (id, order_id, body, attempts, due) VALUES (?, ?, ?, ?, 0)";
        self.0.execute(sql, params![id, order, body, attempts])
    }

    /// A job that we wrote.
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

    /// The jobs that can be read, and are gone then.
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
