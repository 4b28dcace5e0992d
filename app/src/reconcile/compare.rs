//! Compares the orders of one page: by a quick pass first, and by a full pass where that is not
//! enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    Amount, Billing, Claim, KnownCancellation, Order, OrderSnapshot, Pass, Progress, Reason,
    ReconcileFinding, ReconcileInput, RecordId, RecordedMemo,
};
use ports::{
    BillingQuery, CancellationRecord, CancellationState, Ledger, LedgerError, MemoLookupKey, Query,
};

use super::{ReconcileErrorSource, RepairMode, Report, repair, report::FindingSubject};
use crate::process::credit::{Context, Customer};

/// The most cancellations that one order may have.
const CANCELLATIONS: usize = 1000;

/// What comparing an order needs.
pub(super) struct Comparer<'a> {
    pub(super) context: &'a Context,
    pub(super) customer: &'a Customer,
    pub(super) repair: RepairMode<'a>,
    pub(super) report: &'a mut Report,
}

/// One order with its records in the journal and its memos.
struct OrderInput {
    order: Order,
    known: Vec<KnownCancellation>,
    memos: Vec<RecordedMemo>,
}

impl Comparer<'_> {
    /// Compares every order of a page.
    pub(super) async fn page(
        &mut self,
        orders: Vec<OrderSnapshot>,
    ) -> Result<(), ReconcileErrorSource> {
        let cases = self.cases(orders).await?;
        let totals = self.totals(&cases).await?;
        for case in cases {
            let sides = self.reconcile_input(&case, &totals, Pass::Quick);
            let needs_close_look = sides.needs_full_pass();
            let mut findings = domain::reconcile(&sides);
            if needs_close_look || findings.iter().any(|finding| finding.discrepancy.is_doubtful())
            {
                match self.billing(&case).await? {
                    Ok(billing) => {
                        let sides = self.reconcile_input(&case, &totals, Pass::Full(&billing));
                        findings = domain::reconcile(&sides);
                    }
                    Err(reason) => {
                        self.report.unclear(&FindingSubject::of(&case.order), &reason);
                        continue;
                    }
                }
            }
            self.settle(&case.order, findings).await?;
        }
        Ok(self.report.write_down().await?)
    }

    /// Reports the findings, and repairs what is missing.
    async fn settle(
        &mut self,
        order: &Order,
        findings: Vec<ReconcileFinding>,
    ) -> Result<(), ReconcileErrorSource> {
        for finding in findings {
            let queued = match self.repair {
                RepairMode::Off => None,
                RepairMode::Queue(jobs) => {
                    repair::repair(self.context, jobs, &self.customer.tenant, order, &finding)
                        .await?
                }
            };
            self.report.found(&FindingSubject::of(order), &finding, queued.as_ref());
        }
        Ok(())
    }

    async fn cases(
        &mut self,
        orders: Vec<OrderSnapshot>,
    ) -> Result<Vec<OrderInput>, ReconcileErrorSource> {
        let mut cases = Vec::new();
        for snapshot in orders {
            self.report.counts(&snapshot);
            // memobridge never credits a historical order.
            if snapshot.is_historical {
                continue;
            }
            let known = self.known(&snapshot).await?;
            match Order::check(&snapshot) {
                Ok(order) => cases.push(OrderInput { order, known, memos: Vec::new() }),
                Err(_) if is_in_view(&snapshot, &known) => {}
                Err(reason) => self.report.unclear(&FindingSubject::unchecked(&snapshot), &reason),
            }
        }
        let lookup_keys = cases.iter().map(lookup_keys).collect();
        let memos = self.report.index.memos_of(lookup_keys).await?;
        for (case, memos) in cases.iter_mut().zip(memos) {
            case.memos = memos;
        }
        Ok(cases)
    }

    /// The journal's records of an order's cancellations.
    async fn known(
        &self,
        order: &OrderSnapshot,
    ) -> Result<Vec<KnownCancellation>, ReconcileErrorSource> {
        let query = Query {
            tenant: Some(self.customer.tenant.clone()),
            order: Some(order.id.clone()),
            limit: CANCELLATIONS,
            ..Query::default()
        };
        let found = self.context.journal.find(&query).await?;
        Ok(found.into_iter().map(|it| self.knowing(it)).collect())
    }

    fn knowing(&self, record: CancellationRecord) -> KnownCancellation {
        let waited = self.context.clock.now().since(record.waiting_since);
        KnownCancellation {
            id: record.cancellation.id(),
            progress: progress(record.state, waited, self.context.give_up_after),
            units: record.cancellation.units.into_keys().collect(),
            reason: record.reason,
            claims: record.memos.into_iter().map(|memo| memo.claim).collect(),
        }
    }

    /// The totals of claimed records that are not in the window, in one call.
    async fn totals(
        &self,
        cases: &[OrderInput],
    ) -> Result<BTreeMap<RecordId, Amount>, ReconcileErrorSource> {
        let elsewhere: Vec<RecordId> = cases.iter().flat_map(elsewhere).collect();
        if elsewhere.is_empty() {
            return Ok(BTreeMap::new());
        }
        let confirmed = self.customer.ledger.confirm(&elsewhere).await?;
        Ok(confirmed.into_iter().map(|it| (it.record, it.total)).collect())
    }

    fn reconcile_input<'a>(
        &'a self,
        case: &'a OrderInput,
        totals: &'a BTreeMap<RecordId, Amount>,
        pass: Pass<'a>,
    ) -> ReconcileInput<'a> {
        ReconcileInput {
            tenant: &self.customer.tenant,
            order: &case.order,
            known: &case.known,
            memos: &case.memos,
            totals,
            pass,
            policy: &self.customer.policy,
            maps: &self.customer.maps,
        }
    }

    /// Everything on record for an order, or why it cannot be read. Memos with its number are
    /// searched for under every policy, because the window shows them too.
    async fn billing(
        &self,
        case: &OrderInput,
    ) -> Result<Result<Billing, Reason>, ReconcileErrorSource> {
        let claims = case.known.iter().flat_map(|known| &known.claims);
        let query = BillingQuery {
            own_memos: claims.filter_map(Claim::record).cloned().collect(),
            ..BillingQuery::of(&case.order, &self.customer.maps)
        };
        match self.customer.ledger.billing(&query).await {
            Ok(billing) => Ok(Ok(billing)),
            Err(LedgerError::Rejected { code, message, .. }) => {
                Ok(Err(Reason::Refused { code, message }))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// The progress of a cancellation that has been in this state for `waited`.
fn progress(state: CancellationState, waited: Duration, give_up_after: Duration) -> Progress {
    match state {
        // The storefront no longer sends it, and no job exists.
        CancellationState::Working if give_up_after < waited => Progress::Abandoned,
        CancellationState::Working | CancellationState::Deferred => Progress::Waiting,
        CancellationState::Parked => Progress::Parked,
        CancellationState::Skipped => Progress::Skipped,
        CancellationState::Posted => Progress::Posted,
    }
}

/// The lookup keys by which an order may be tied to its memos.
fn lookup_keys(case: &OrderInput) -> BTreeSet<MemoLookupKey> {
    let claims = case.known.iter().flat_map(|it| &it.claims);
    let invoices = claims.filter_map(|it| it.memo.source.invoice()).map(MemoLookupKey::invoice);
    let units = case.order.units.iter().map(|unit| MemoLookupKey::unit(&unit.id));
    units.chain(invoices).chain([MemoLookupKey::number(&case.order.reference)]).collect()
}

/// The records of settled claims that are not among the window's memos.
fn elsewhere(case: &OrderInput) -> impl Iterator<Item = RecordId> {
    let here: BTreeSet<&RecordId> = case.memos.iter().map(|memo| &memo.memo.id).collect();
    let claims = case.known.iter().flat_map(|it| &it.claims);
    claims.filter_map(Claim::record).filter(move |record| !here.contains(record)).cloned()
}

/// Whether the journal shows every cancelled unit of an order, so that `list` shows it.
fn is_in_view(order: &OrderSnapshot, known: &[KnownCancellation]) -> bool {
    let in_view = [Progress::Waiting, Progress::Parked, Progress::Skipped];
    let mut cancelled = order.units.iter().filter(|unit| unit.is_cancelled());
    cancelled.all(|unit| {
        let names = |it: &&KnownCancellation| {
            it.units.iter().any(|id| unit.id.eq_ignore_ascii_case(id.as_str()))
        };
        known.iter().filter(names).any(|it| in_view.contains(&it.progress))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_never_returned_is_abandoned_and_a_queued_one_is_not() {
        let (day, limit) = (Duration::from_hours(24), Duration::from_hours(72));
        let table = [
            (CancellationState::Working, day, Progress::Waiting),
            (CancellationState::Working, day * 3, Progress::Waiting),
            (CancellationState::Working, day * 4, Progress::Abandoned),
            (CancellationState::Deferred, day * 4, Progress::Waiting),
            (CancellationState::Parked, day * 4, Progress::Parked),
            (CancellationState::Skipped, day * 4, Progress::Skipped),
            (CancellationState::Posted, day * 4, Progress::Posted),
        ];
        for (state, waited, expected) in table {
            assert_eq!(progress(state, waited, limit), expected, "{state:?} for {waited:?}");
        }
    }
}
