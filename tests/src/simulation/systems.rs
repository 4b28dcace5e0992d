//! A customer's storefront and ERP, as one process reaches them.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use adapters_netsuite::concurrency_limiter::{CallResult, Priority};
use async_trait::async_trait;
use domain::{Billing, CreditMemo, LinesToClose, OrderId, OrderSnapshot, RecordId, Timestamp};
use ports::{
    BillingQuery, CancelledPage, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted,
    ReadPermissions, Sending, Storefront, StorefrontError, Window,
};
use tokio::sync::oneshot;

use super::{
    backends::Backends,
    fault_schedule::SimulatedFault,
    lease_checks::LeaseChecks,
    oddity::{Failure, Oddity},
    sale::SimulatedSale,
    slots::Slots,
    wire::Wire,
};
use crate::reference::{MemoryLedger, ReferenceFault};

/// How long we wait for the ERP's answer.
const ERP_TIMEOUT: Duration = Duration::from_mins(1);
/// How long those who are rejected shall wait.
const THROTTLE: Duration = Duration::from_secs(5);
/// How many calls of one process an account takes at once.
pub const CEILING: u32 = 2;

/// The storefront.
pub struct RemoteStorefront {
    /// The process's way to it.
    pub wire: Wire,
    /// Whose it is.
    pub backend: Arc<Backends>,
}

#[async_trait]
impl Storefront for RemoteStorefront {
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError> {
        let faults = &self.backend.faults;
        let call = async {
            if faults.strikes(SimulatedFault::StorefrontSlow) {
                self.wire.simulation.time.sleep(faults.a_while(1, 10)).await;
            }
            if faults.strikes(SimulatedFault::StorefrontDown) {
                return Err(StorefrontError::Unavailable("no answer".into()));
            }
            if faults.strikes(SimulatedFault::StorefrontThrottles) {
                return Err(StorefrontError::Throttled(THROTTLE));
            }
            if faults.strikes(SimulatedFault::StorefrontUnreadable) {
                return Err(StorefrontError::Unreadable("errors inside".to_owned()));
            }
            self.backend.storefront.order(id).await
        };
        let told = self.wire.call(150, call).await;
        self.wire.tell(format_args!("order {id}: {:?}", told.as_ref().map(Option::is_some)));
        told
    }

    async fn cancelled(
        &self,
        window: Window,
        place: &Cursor,
    ) -> Result<CancelledPage, StorefrontError> {
        self.wire.call(150, self.backend.storefront.cancelled(window, place)).await
    }
}

/// The ERP.
pub struct RemoteLedger {
    /// The process's way to it.
    pub wire: Wire,
    /// Whose it is.
    pub backend: Arc<Backends>,
    /// The process's slots of the account.
    pub slots: Arc<Slots>,
    /// The process's calls that are under way.
    pub in_flight: Arc<AtomicU32>,
    /// Who asks about which order.
    pub lease_checks: Arc<LeaseChecks>,
}

/// Whether a call changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Read,
    Write,
}

impl RemoteLedger {
    /// A call within the account's slots, of one run of its order.
    async fn ask<T: Send + 'static, F>(
        &self,
        about: Option<&OrderId>,
        effect: Effect,
        work: impl FnOnce(Arc<MemoryLedger>) -> F + Send + 'static,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = Result<T, LedgerError>> + Send,
    {
        let priority = if about.is_some() { Priority::Live } else { Priority::Backfill };
        let call = async {
            if self.slots.wait(priority, ERP_TIMEOUT * 3 / 4).await.is_none() {
                return Err(LedgerError::Throttled(THROTTLE));
            }
            let simulation = &self.wire.simulation;
            let under_way = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
            simulation.must(under_way <= CEILING, || format!("{under_way} calls are in flight"));
            if let Some(order) = about {
                self.lease_checks.begin(&self.wire, order);
            }
            let result = self.wire.call(300, self.exchange(effect, work)).await;
            if let Some(order) = about {
                self.lease_checks.end(order);
            }
            self.in_flight.fetch_sub(1, Ordering::Relaxed);
            self.slots.done(match &result {
                Err(LedgerError::Throttled(_)) => CallResult::Throttled,
                Err(LedgerError::Unavailable(_) | LedgerError::Unknown(_)) => CallResult::Silent,
                _ => CallResult::Answered,
            });
            result
        };
        self.wire.crash_point.within(call).await
    }

    /// What is sent goes its own way: the ERP may do it when nobody waits any more.
    async fn exchange<T: Send + 'static, F>(
        &self,
        effect: Effect,
        work: impl FnOnce(Arc<MemoryLedger>) -> F + Send + 'static,
    ) -> Result<T, LedgerError>
    where
        F: Future<Output = Result<T, LedgerError>> + Send,
    {
        let unknown = |why: &'static str| match effect {
            Effect::Read => LedgerError::Unavailable(why.into()),
            Effect::Write => LedgerError::Unknown(why.into()),
        };
        let (time, faults) = (&self.wire.simulation.time, &self.backend.faults);
        if let Some(error) = self.backend.turned_away() {
            return Err(error);
        }
        if faults.strikes(SimulatedFault::ErpNeverGetsIt) {
            time.sleep(faults.a_while(1, 20)).await;
            return Err(unknown("connection reset"));
        }
        let slow = faults.strikes(SimulatedFault::ErpSlow).then(|| faults.a_while(5, 90));
        let loses_reply = faults.strikes(SimulatedFault::ErpLosesReply);
        let usual = self.wire.simulation.rng.millis(50, 1500);
        let (answer, answered) = oneshot::channel();
        let (at_the_erp, ledger) = (time.clone(), Arc::clone(&self.backend.ledger));
        tokio::spawn(async move {
            at_the_erp.sleep(slow.unwrap_or(usual)).await;
            let result = work(ledger).await;
            if !loses_reply {
                // Who does not wait any more does not hear it.
                answer.send(result).ok();
            }
        });
        let broken = async {
            match answered.await {
                Ok(result) => result,
                Err(_) => Err(unknown("connection reset")),
            }
        };
        tokio::select! {
            biased;
            result = broken => result,
            () = time.sleep(ERP_TIMEOUT) => Err(unknown("timed out")),
        }
    }
}

#[async_trait]
impl ReadPermissions for RemoteLedger {
    async fn verify(&self) -> Result<(), LedgerError> {
        let look = |ledger: Arc<MemoryLedger>| async move { ledger.confirm(&[]).await.map(drop) };
        self.ask(None, Effect::Read, look).await
    }
}

#[async_trait]
impl Ledger for RemoteLedger {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        let asked = query.clone();
        let unreadable = self.backend.fails_on(&query.order) == Some(Failure::Unreadable);
        let work = move |ledger: Arc<MemoryLedger>| async move {
            if unreadable { Err(fails_alone::unreadable()) } else { ledger.billing(&asked).await }
        };
        let billing = self.ask(Some(&query.order), Effect::Read, work).await;
        let brief = billing.as_ref().map(|it| (it.invoices.len(), it.memos.len()));
        self.wire.tell(format_args!("billing of {}: {brief:?}", query.reference));
        billing
    }

    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        let faults = &self.backend.faults;
        let stale = faults.strikes(SimulatedFault::ErpStale);
        // Cents of the ERP's own would be in doubt beside what people did to the books.
        let is_plain = |sale: &Arc<SimulatedSale>| sale.oddity == Oddity::None;
        let miscounts = faults.strikes(SimulatedFault::ErpMiscounts)
            && self.backend.sales.get(&memo.order).is_some_and(is_plain);
        let fails = self.backend.fails_on(&memo.order);
        let sent = memo.clone();
        let backend = Arc::clone(&self.backend);
        let work = move |ledger: Arc<MemoryLedger>| async move {
            if let Some(error) = fails.and_then(fails_alone::posting) {
                return Err(error);
            }
            if stale {
                ledger.befall_next(ReferenceFault::Stale);
            }
            if miscounts {
                ledger.miscount_next(sent.money.smallest());
            }
            backend.record(&sent, sending).await
        };
        // Boxed, because it holds a whole memo.
        let posted = Box::pin(self.ask(Some(&memo.order), Effect::Write, work)).await;
        self.wire.tell(format_args!("post {} {sending:?}: {posted:?}", memo.key));
        posted
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        let lines = lines.clone();
        let work = move |ledger: Arc<MemoryLedger>| async move { ledger.close_lines(&lines).await };
        self.ask(None, Effect::Write, work).await
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        let records = records.to_vec();
        let work = move |ledger: Arc<MemoryLedger>| async move { ledger.confirm(&records).await };
        self.ask(None, Effect::Read, work).await
    }

    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError> {
        let place = place.clone();
        let work =
            move |ledger: Arc<MemoryLedger>| async move { ledger.memos(since, &place).await };
        self.ask(None, Effect::Read, work).await
    }
}

/// How an ERP fails on one order alone.
mod fails_alone {
    use ports::{LedgerError, Rejection};

    use super::Failure;

    /// The answer about the order came whole, and cannot be read.
    pub(super) fn unreadable() -> LedgerError {
        LedgerError::Unreadable("answer is not XML".to_owned())
    }

    /// What a memo gets, where it gets anything but a record.
    pub(super) fn posting(failure: Failure) -> Option<LedgerError> {
        match failure {
            Failure::Posting => Some(LedgerError::Failed {
                code: "UNEXPECTED_ERROR".to_owned(),
                message: "An unexpected error occurred. Error ID: sim".to_owned(),
            }),
            Failure::Refusing => Some(LedgerError::Rejected {
                kind: Rejection::Data,
                code: "INSUFFICIENT_PERMISSION".to_owned(),
                message: "no permission to set a value for element class".to_owned(),
            }),
            Failure::Unreadable => None,
        }
    }
}
