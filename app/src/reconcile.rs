//! Reconciliation: compares `NewStore`'s cancelled units, the journal and the ERP's memos for a
//! window of time.
//!
//! First it stores the memos of the window in a temporary file. Then it reads the orders page by
//! page and compares each with the journal and with its memos (quick pass). A difference that the
//! quick pass finds is confirmed by a full pass, which reads everything on record for the order,
//! because its memos may be older than the window. Memory use does not grow with the window.

mod compare;
pub mod daily;
mod repair;
mod report;

use std::{collections::BTreeSet, sync::Arc};

use domain::{OrderSnapshot, Timestamp};
use ports::{
    Basis, CancelledPage, Cursor, Jobs, JobsError, JournalError, Ledger, LedgerError, MemoIndex,
    MemoIndexError, StorefrontError, Window,
};

pub use self::report::{FindingTally, KINDS, Report, WRONG};
use crate::process::credit::{Context, Customer};
use crate::reconcile::compare::Comparer;

/// Opens the storage of one run.
pub type OpenMemoIndex = fn() -> Result<Arc<dyn MemoIndex>, MemoIndexError>;

/// What to do with missing credits.
#[derive(Clone, Copy)]
pub enum RepairMode<'a> {
    /// Report them.
    Off,
    /// Report them and push them to this queue.
    Queue(&'a dyn Jobs),
}

/// A comparison that did not finish.
#[derive(Debug, thiserror::Error)]
#[error("the comparison ended early, after {memos} memos and {orders} orders")]
pub struct ReconcileError {
    /// Memos that were read.
    pub memos: u64,
    /// Orders that were compared.
    pub orders: u64,
    /// The cause.
    #[source]
    pub source: ReconcileErrorSource,
}

impl ReconcileError {
    fn before_the_first_page(source: MemoIndexError) -> Self {
        Self { memos: 0, orders: 0, source: source.into() }
    }
}

/// The cause of an aborted comparison.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileErrorSource {
    /// The storefront.
    #[error(transparent)]
    Storefront(#[from] StorefrontError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The queue.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// The storage of this run.
    #[error(transparent)]
    MemoIndex(#[from] MemoIndexError),
}

/// Compares everything in `window`, with the help of an empty index.
pub async fn reconcile(
    context: &Context,
    customer: &Customer,
    window: Window,
    repair_mode: RepairMode<'_>,
    index: Arc<dyn MemoIndex>,
) -> Result<Report, ReconcileError> {
    let mut report = Report::new(customer.tenant.clone(), window, index);
    match compare(context, customer, window, repair_mode, &mut report).await {
        Ok(()) => Ok(report),
        Err(why) => Err(ReconcileError { memos: report.memos, orders: report.orders, source: why }),
    }
}

async fn compare(
    context: &Context,
    customer: &Customer,
    window: Window,
    repair_mode: RepairMode<'_>,
    report: &mut Report,
) -> Result<(), ReconcileErrorSource> {
    // The first page shows how orders are found, and so how far back their memos may be.
    let mut page = customer.storefront.cancelled(window, &Cursor::default()).await?;
    report.basis = page.basis;
    let since = match page.basis {
        Basis::Changed => window.since,
        Basis::Created { since } => since,
    };
    keep_memos(customer, since, report).await?;
    loop {
        let CancelledPage { orders, next, .. } = page;
        let orders = unseen(orders, report).await?;
        Comparer { context, customer, repair: repair_mode, report }.page(orders).await?;
        let Some(next) = next else { return Ok(()) };
        page = customer.storefront.cancelled(window, &next).await?;
    }
}

/// Stores the ledger's memos, manual ones included, in the temporary file.
async fn keep_memos(
    customer: &Customer,
    since: Timestamp,
    report: &mut Report,
) -> Result<(), ReconcileErrorSource> {
    let mut place = Cursor::default();
    loop {
        let page = customer.ledger.memos(since, &place).await?;
        report.memos += page.memos.len() as u64;
        report.index.keep(page.memos).await?;
        let Some(next) = page.next else { return Ok(()) };
        place = next;
    }
}

/// The orders of a page that were not compared before.
async fn unseen(
    orders: Vec<OrderSnapshot>,
    report: &Report,
) -> Result<Vec<OrderSnapshot>, MemoIndexError> {
    let ids = orders.iter().map(|order| order.id.clone()).collect();
    let mut unseen: BTreeSet<_> = report.index.unseen(ids).await?;
    Ok(orders.into_iter().filter(|order| unseen.remove(&order.id)).collect())
}
