//! Temporary storage of one run: the ledger's memos and the findings.
//!
//! The storefront lists orders and the ledger lists memos, each in its own order and more than fit
//! into memory. The memos are stored in a temporary file, in which each order finds its own.

mod memo;

use std::{
    collections::BTreeSet,
    error::Error,
    sync::{Arc, Mutex, PoisonError},
};

use domain::{OrderId, RecordedMemo};
use rusqlite::{Connection, params};
use serde_json::Value;
use tokio::task::spawn_blocking;

/// SQLite's name for a temporary database file; it has no path and is deleted with the process.
const NAMELESS: &str = "";

/// Findings that are read in one query.
const PAGE: usize = 200;

/// The temporary file cannot be used.
pub type Problem = Box<dyn Error + Send + Sync>;

/// A key that ties a memo to an order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct MemoLookupKey(String);

impl MemoLookupKey {
    /// A unit on one of its lines.
    pub(super) fn unit(id: &domain::UnitId) -> Self {
        Self(format!("unit {id}"))
    }

    /// The invoice that it was made from.
    pub(super) fn invoice(id: &domain::RecordId) -> Self {
        Self(format!("invoice {id}"))
    }

    /// The order's number; compared without case.
    pub(super) fn number(number: &str) -> Self {
        Self(format!("number {}", number.trim().to_lowercase()))
    }
}

/// The position of a page of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FindingPosition {
    rank: i64,
    place: i64,
}

/// A temporary file; it is deleted when this is dropped or the process ends.
pub(super) struct MemoIndex(Arc<Mutex<Connection>>);

impl MemoIndex {
    pub(super) fn open() -> Result<Self, Problem> {
        let db = Connection::open(NAMELESS)?;
        db.execute_batch(include_str!("memo_index/schema.sql"))?;
        Ok(Self(Arc::new(Mutex::new(db))))
    }

    /// Runs work on a thread that may block, in one transaction.
    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let db = Arc::clone(&self.0);
        let working = spawn_blocking(move || {
            let db = db.lock().unwrap_or_else(PoisonError::into_inner);
            let step = db.unchecked_transaction()?;
            let result = work(&step)?;
            step.commit()?;
            Ok(result)
        });
        working.await?
    }

    /// Stores memos; a memo that is listed again replaces its earlier version.
    pub(super) async fn keep(&self, memos: Vec<RecordedMemo>) -> Result<(), Problem> {
        let work = move |db: &Connection| memos.iter().try_for_each(|it| memo::keep(db, it));
        self.work(work).await
    }

    /// The memos of each order, by its lookup keys.
    pub(super) async fn memos_of(
        &self,
        orders: Vec<BTreeSet<MemoLookupKey>>,
    ) -> Result<Vec<Vec<RecordedMemo>>, Problem> {
        let work = move |db: &Connection| {
            orders
                .iter()
                .map(|lookup_keys| memo::tied(db, lookup_keys))
                .collect::<Result<_, Problem>>()
        };
        self.work(work).await
    }

    /// Returns the orders that were not compared before, and marks them as compared.
    pub(super) async fn unseen(&self, orders: Vec<OrderId>) -> Result<BTreeSet<OrderId>, Problem> {
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
        self.work(work).await
    }

    /// Stores findings, each with the rank of its kind.
    pub(super) async fn note(&self, findings: Vec<(usize, Value)>) -> Result<(), Problem> {
        let work = move |db: &Connection| {
            let mut insert =
                db.prepare_cached("INSERT INTO finding (rank, text) VALUES (?1, ?2)")?;
            for (rank, finding) in findings {
                insert.execute(params![i64::try_from(rank)?, finding.to_string()])?;
            }
            Ok(())
        };
        self.work(work).await
    }

    /// The findings after a position, and the position of the last of them.
    pub(super) async fn findings(
        &self,
        after: FindingPosition,
    ) -> Result<(Vec<Value>, Option<FindingPosition>), Problem> {
        let work = move |db: &Connection| {
            let mut select = db.prepare_cached(
                "SELECT rank, place, text FROM finding WHERE (rank, place) > (?1, ?2) \
                 ORDER BY rank, place LIMIT ?3",
            )?;
            let mut rows = select.query(params![after.rank, after.place, i64::try_from(PAGE)?])?;
            let (mut findings, mut last) = (Vec::new(), None);
            while let Some(row) = rows.next()? {
                last = Some(FindingPosition { rank: row.get(0)?, place: row.get(1)? });
                findings.push(serde_json::from_str(&row.get::<_, String>(2)?)?);
            }
            Ok((findings, last))
        };
        self.work(work).await
    }
}

#[cfg(test)]
mod tests;
