//! Reconciliation: `NewStore`'s cancelled units, our book and the ERP's memos, compared for a
//! window of time.
//!
//! The memos of the window are kept in a temporary file; then the orders pass by, page by page,
//! and each is compared with what our book knows of it and with its memos. What does not agree
//! at this passing look is looked at closely, by everything on record for the order, before it
//! is believed: its memos may lie before the window. Memory does not grow with the window.

pub mod daily;
mod judge;
mod mend;
mod report;
mod spool;

use std::{collections::BTreeSet, error::Error};

use domain::{OrderSnapshot, Timestamp};
use ports::{
    Basis, CancelledPage, Cursor, Jobs, JobsError, JournalError, Ledger, LedgerError,
    StorefrontError, Window,
};

use self::{judge::Judge, spool::Spool};
pub use self::{
    report::{KINDS, Report, Tally},
    spool::{Place, Problem},
};
use crate::credit::{Customer, Desk};

/// What is done about what is missing.
#[derive(Clone, Copy)]
pub enum Mending<'a> {
    /// It is told.
    Off,
    /// It is told, and put into this queue.
    Queue(&'a dyn Jobs),
}

/// A comparison that did not come to its end.
#[derive(Debug, thiserror::Error)]
#[error("the comparison ended early, after {memos} memos and {orders} orders")]
pub struct Interrupted {
    /// Memos that were read.
    pub memos: u64,
    /// Orders that were compared.
    pub orders: u64,
    /// What went wrong.
    #[source]
    pub why: Broken,
}

/// What keeps a comparison from going on.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The storefront.
    #[error(transparent)]
    Storefront(#[from] StorefrontError),
    /// The ledger.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// Our book.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Our queue.
    #[error(transparent)]
    Jobs(#[from] JobsError),
    /// The temporary file.
    #[error("the temporary file cannot be used")]
    Spool(#[source] Box<dyn Error + Send + Sync>),
}

impl From<Problem> for Broken {
    fn from(problem: Problem) -> Self {
        Self::Spool(problem)
    }
}

/// Compares everything in `window`.
pub async fn reconcile(
    desk: &Desk,
    customer: &Customer,
    window: Window,
    mending: Mending<'_>,
) -> Result<Report, Interrupted> {
    let spool = Spool::open();
    let spool = spool.map_err(|why| Interrupted { memos: 0, orders: 0, why: why.into() })?;
    let mut report = Report::new(customer.tenant.clone(), window, spool);
    match compare(desk, customer, window, mending, &mut report).await {
        Ok(()) => Ok(report),
        Err(why) => Err(Interrupted { memos: report.memos, orders: report.orders, why }),
    }
}

async fn compare(
    desk: &Desk,
    customer: &Customer,
    window: Window,
    mending: Mending<'_>,
    report: &mut Report,
) -> Result<(), Broken> {
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
        Judge { desk, customer, mending, report }.page(orders).await?;
        let Some(next) = next else { return Ok(()) };
        page = customer.storefront.cancelled(window, &next).await?;
    }
}

/// Puts the ledger's memos aside, whoever made them.
async fn keep_memos(
    customer: &Customer,
    since: Timestamp,
    report: &mut Report,
) -> Result<(), Broken> {
    let mut place = Cursor::default();
    loop {
        let page = customer.ledger.memos(since, &place).await?;
        report.memos += page.memos.len() as u64;
        report.spool.keep(page.memos).await?;
        let Some(next) = page.next else { return Ok(()) };
        place = next;
    }
}

/// The orders that were not told before.
async fn unseen(
    orders: Vec<OrderSnapshot>,
    report: &Report,
) -> Result<Vec<OrderSnapshot>, Problem> {
    let ids = orders.iter().map(|it| it.id.clone()).collect();
    let mut unseen: BTreeSet<_> = report.spool.unseen(ids).await?;
    Ok(orders.into_iter().filter(|it| unseen.remove(&it.id)).collect())
}
