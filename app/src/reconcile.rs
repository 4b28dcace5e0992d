//! Reconciliation: compares `NewStore`'s cancelled units, the journal and the ERP's memos for a
//! window of time.
//!  The memos of the window are kept in a temporary file; then the orders pass by, page by page,
//! and each is compared with the journal and with its memos. What does not agree at this passing
//! look is looked at closely, by everything on record for the order, before it is believed: its
//! memos may lie before the window. Memory does not grow with the window.

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

/// What is done about what is missing.
#[derive(Clone, Copy)]
pub enum RepairMode<'a> {
    /// It is reported.
    Off,
    /// It is reported and put into this queue.
    Queue(&'a dyn Jobs),
}

/// A comparison that did not come to its end.
#[derive(Debug, thiserror::Error)]
#[error("the comparison ended early, after {memos} memos and {orders} orders")]
pub struct ReconcileError {
    /// Memos that were read.
    pub memos: u64,
    /// Orders that were compared.
    pub orders: u64,
    /// What went wrong.
    #[source]
    pub source: ReconcileErrorSource,
}

impl ReconcileError {
    fn before_the_first_page(source: MemoIndexError) -> Self {
        Self { memos: 0, orders: 0, source: source.into() }
    }
}

/// What keeps a comparison from going on.
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
    // The first page tells how orders are found, and with it how far back memos belong to them.
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

/// Puts the ledger's memos aside, manual ones included.
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

/// The orders that were not told before.
async fn unseen(
    orders: Vec<OrderSnapshot>,
    report: &Report,
) -> Result<Vec<OrderSnapshot>, MemoIndexError> {
    let ids = orders.iter().map(|order| order.id.clone()).collect();
    let mut unseen: BTreeSet<_> = report.index.unseen(ids).await?;
    Ok(orders.into_iter().filter(|order| unseen.remove(&order.id)).collect())
}
