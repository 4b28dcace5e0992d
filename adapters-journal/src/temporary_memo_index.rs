//! The `MemoIndex` port over a temporary `SQLite` file.

mod memo;

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use domain::{OrderId, RecordedMemo};
use ports::{
    FindingPage, FindingPosition, MemoIndex, MemoIndexError, MemoLookupKey, RankedFinding,
};
use rusqlite::{Connection, params};
use tokio::task::spawn_blocking;

/// Any failure of a transaction.
type Failure = Box<dyn Error + Send + Sync>;

/// The name for which `SQLite` creates a file without a name: the system deletes it when it is
/// closed, also after kill -9.
const NAMELESS: &str = "";

/// Findings on a page.
const PAGE: usize = 200;

/// A temporary file; it is deleted when this is dropped or the process ends.
pub struct TemporaryMemoIndex(Arc<Mutex<Connection>>);

impl TemporaryMemoIndex {
    /// Creates an empty file where the system keeps temporary files.
    pub fn open() -> Result<Self, MemoIndexError> {
        let create = || {
            let db = Connection::open(NAMELESS)?;
            db.execute_batch(include_str!("temporary_memo_index/schema.sql"))?;
            Ok(Self(Arc::new(Mutex::new(db))))
        };
        create().map_err(|error: rusqlite::Error| MemoIndexError(error.into()))
    }

    /// Runs a transaction on a thread that may block.
    async fn transaction<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Failure> + Send + 'static,
    ) -> Result<T, MemoIndexError> {
        let db = Arc::clone(&self.0);
        let transaction = move || {
            let db = db.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = db.unchecked_transaction()?;
            let result = work(&transaction)?;
            transaction.commit()?;
            Ok(result)
        };
        match spawn_blocking(transaction).await {
            Ok(result) => result.map_err(MemoIndexError),
            Err(error) => Err(MemoIndexError(error.into())),
        }
    }
}

#[async_trait]
impl MemoIndex for TemporaryMemoIndex {
    async fn keep(&self, memos: Vec<RecordedMemo>) -> Result<(), MemoIndexError> {
        let work = move |db: &Connection| memos.iter().try_for_each(|it| memo::keep(db, it));
        self.transaction(work).await
    }

    async fn memos_of(
        &self,
        orders: Vec<BTreeSet<MemoLookupKey>>,
    ) -> Result<Vec<Vec<RecordedMemo>>, MemoIndexError> {
        let work = move |db: &Connection| orders.iter().map(|keys| memo::find(db, keys)).collect();
        self.transaction(work).await
    }

    async fn unseen(&self, orders: Vec<OrderId>) -> Result<BTreeSet<OrderId>, MemoIndexError> {
        let work = move |db: &Connection| {
            let mut insert = db
                .prepare_cached("INSERT INTO seen (order_id) VALUES (?1) ON CONFLICT DO NOTHING")?;
            let mut unseen = BTreeSet::new();
            for order in orders {
                if insert.execute([order.as_str()])? == 1 {
                    unseen.insert(order);
                }
            }
            Ok(unseen)
        };
        self.transaction(work).await
    }

    async fn note(&self, findings: Vec<RankedFinding>) -> Result<(), MemoIndexError> {
        let work = move |db: &Connection| {
            let mut insert =
                db.prepare_cached("INSERT INTO finding (rank, text) VALUES (?1, ?2)")?;
            for RankedFinding { rank, text } in findings {
                insert.execute(params![rank, text])?;
            }
            Ok(())
        };
        self.transaction(work).await
    }

    async fn findings(&self, after: FindingPosition) -> Result<FindingPage, MemoIndexError> {
        let work = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT rank, number, text FROM finding WHERE (rank, number) > (?1, ?2) \
                 ORDER BY rank, number LIMIT ?3",
            )?;
            let limit = i64::try_from(PAGE)?;
            let mut rows = select.query(params![after.rank, after.number, limit])?;
            let mut page = FindingPage::default();
            while let Some(row) = rows.next()? {
                page.last = Some(FindingPosition { rank: row.get(0)?, number: row.get(1)? });
                page.findings.push(row.get(2)?);
            }
            Ok(page)
        };
        self.transaction(work).await
    }
}

#[cfg(test)]
mod tests;
