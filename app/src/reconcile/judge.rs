//! Orders of one page, judged: first by a passing look, and closely where that is not enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use domain::{
    Amount, Billing, Claim, Course, Finding, Known, Look, Order, OrderSnapshot, Reason, RecordId,
    RecordedMemo, Sides,
};
use ports::{BillingQuery, Ledger, LedgerError, Query, Record, State};

use super::{Broken, Mending, Report, mend, report::Subject, spool::Tie};
use crate::credit::{Customer, Desk};

/// As many cancellations as one order may have.
const CANCELLATIONS: usize = 1000;

/// What judging an order needs.
pub(super) struct Judge<'a> {
    pub(super) desk: &'a Desk,
    pub(super) customer: &'a Customer,
    pub(super) mending: Mending<'a>,
    pub(super) report: &'a mut Report,
}

/// One order with what our book and the ledger's memos say of it.
struct Case {
    order: Order,
    known: Vec<Known>,
    memos: Vec<RecordedMemo>,
}

impl Judge<'_> {
    /// Judges every order of a page.
    pub(super) async fn page(&mut self, orders: Vec<OrderSnapshot>) -> Result<(), Broken> {
        let cases = self.cases(orders).await?;
        let totals = self.totals(&cases).await?;
        for case in cases {
            let sides = self.sides(&case, &totals, Look::Passing);
            let needs_close_look = sides.needs_close_look();
            let mut findings = domain::reconcile(&sides);
            if needs_close_look || findings.iter().any(|it| it.discrepancy.is_doubtful()) {
                match self.billing(&case).await? {
                    Ok(billing) => {
                        let sides = self.sides(&case, &totals, Look::Close(&billing));
                        findings = domain::reconcile(&sides);
                    }
                    Err(reason) => {
                        self.report.unclear(&Subject::of(&case.order), &reason);
                        continue;
                    }
                }
            }
            self.settle(&case.order, findings).await?;
        }
        Ok(self.report.write_down().await?)
    }

    /// Tells what was found, and mends what is missing.
    async fn settle(&mut self, order: &Order, findings: Vec<Finding>) -> Result<(), Broken> {
        for finding in findings {
            let queued = match self.mending {
                Mending::Off => None,
                Mending::Queue(jobs) => {
                    mend::mend(self.desk, jobs, &self.customer.tenant, order, &finding).await?
                }
            };
            self.report.found(&Subject::of(order), &finding, queued.as_ref());
        }
        Ok(())
    }

    async fn cases(&mut self, orders: Vec<OrderSnapshot>) -> Result<Vec<Case>, Broken> {
        let mut cases = Vec::new();
        for snapshot in orders {
            self.report.counts(&snapshot);
            // Never booked here, whatever is cancelled of it.
            if snapshot.is_historical {
                continue;
            }
            let known = self.known(&snapshot).await?;
            match Order::check(&snapshot) {
                Ok(order) => cases.push(Case { order, known, memos: Vec::new() }),
                Err(_) if is_in_view(&snapshot, &known) => {}
                Err(reason) => self.report.unclear(&Subject::unchecked(&snapshot), &reason),
            }
        }
        let ties = cases.iter().map(ties).collect();
        let memos = self.report.spool.tied(ties).await?;
        for (case, memos) in cases.iter_mut().zip(memos) {
            case.memos = memos;
        }
        Ok(cases)
    }

    /// What our book knows of an order's cancellations.
    async fn known(&self, order: &OrderSnapshot) -> Result<Vec<Known>, Broken> {
        let query = Query {
            tenant: Some(self.customer.tenant.clone()),
            order: Some(order.id.clone()),
            limit: CANCELLATIONS,
            ..Query::default()
        };
        let found = self.desk.journal.find(&query).await?;
        Ok(found.into_iter().map(|it| self.knowing(it)).collect())
    }

    fn knowing(&self, record: Record) -> Known {
        let waited = self.desk.clock.now().since(record.waiting_since);
        Known {
            id: record.cancellation.id(),
            course: course(record.state, waited, self.desk.give_up_after),
            units: record.cancellation.units.into_keys().collect(),
            reason: record.reason,
            claims: record.memos.into_iter().map(|it| it.claim).collect(),
        }
    }

    /// The totals of claimed records that did not change in the window, in one call.
    async fn totals(&self, cases: &[Case]) -> Result<BTreeMap<RecordId, Amount>, Broken> {
        let elsewhere: Vec<RecordId> = cases.iter().flat_map(elsewhere).collect();
        if elsewhere.is_empty() {
            return Ok(BTreeMap::new());
        }
        let confirmed = self.customer.ledger.confirm(&elsewhere).await?;
        Ok(confirmed.into_iter().map(|it| (it.record, it.total)).collect())
    }

    fn sides<'a>(
        &'a self,
        case: &'a Case,
        totals: &'a BTreeMap<RecordId, Amount>,
        look: Look<'a>,
    ) -> Sides<'a> {
        Sides {
            tenant: &self.customer.tenant,
            order: &case.order,
            known: &case.known,
            memos: &case.memos,
            totals,
            look,
            policy: &self.customer.policy,
            maps: &self.customer.maps,
        }
    }

    /// Everything on record for an order, or why that cannot be understood. Memos that bear its
    /// number are searched for whatever the policy says: the window shows them too.
    async fn billing(&self, case: &Case) -> Result<Result<Billing, Reason>, Broken> {
        let claims = case.known.iter().flat_map(|known| &known.claims);
        let query = BillingQuery {
            ours: claims.filter_map(Claim::record).cloned().collect(),
            ..BillingQuery::of(&case.order, &self.customer.maps)
        };
        match self.customer.ledger.billing(&query).await {
            Ok(billing) => Ok(Ok(billing)),
            Err(LedgerError::Refused { code, message, .. }) => {
                Ok(Err(Reason::Refused { code, message }))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What a state means that has lasted so long.
fn course(state: State, waited: Duration, give_up_after: Duration) -> Course {
    match state {
        // The storefront has given up sending it again, and nobody else has it.
        State::Working if give_up_after < waited => Course::Abandoned,
        State::Working | State::Deferred => Course::Waiting,
        State::Parked => Course::Parked,
        State::Skipped => Course::Skipped,
        State::Posted => Course::Posted,
    }
}

/// Every name by which an order may know its memos.
fn ties(case: &Case) -> BTreeSet<Tie> {
    let claims = case.known.iter().flat_map(|it| &it.claims);
    let invoices = claims.filter_map(|it| it.memo.source.invoice()).map(Tie::invoice);
    let units = case.order.units.iter().map(|it| Tie::unit(&it.id));
    units.chain(invoices).chain([Tie::number(&case.order.reference)]).collect()
}

/// The records of settled claims that are not among the window's memos.
fn elsewhere(case: &Case) -> impl Iterator<Item = RecordId> {
    let here: BTreeSet<&RecordId> = case.memos.iter().map(|it| &it.memo.id).collect();
    let claims = case.known.iter().flat_map(|it| &it.claims);
    claims.filter_map(Claim::record).filter(move |record| !here.contains(record)).cloned()
}

/// Whether our book has every cancelled unit of an order in view, so that `list` shows it.
fn is_in_view(order: &OrderSnapshot, known: &[Known]) -> bool {
    let in_view = [Course::Waiting, Course::Parked, Course::Skipped];
    let mut cancelled = order.units.iter().filter(|it| it.is_cancelled());
    cancelled.all(|unit| {
        let names =
            |it: &&Known| it.units.iter().any(|id| unit.id.eq_ignore_ascii_case(id.as_str()));
        known.iter().filter(names).any(|it| in_view.contains(&it.course))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_that_never_came_again_is_abandoned_and_what_is_queued_is_not() {
        let (day, limit) = (Duration::from_hours(24), Duration::from_hours(72));
        let table = [
            (State::Working, day, Course::Waiting),
            (State::Working, day * 3, Course::Waiting),
            (State::Working, day * 4, Course::Abandoned),
            (State::Deferred, day * 4, Course::Waiting),
            (State::Parked, day * 4, Course::Parked),
            (State::Skipped, day * 4, Course::Skipped),
            (State::Posted, day * 4, Course::Posted),
        ];
        for (state, waited, expected) in table {
            assert_eq!(course(state, waited, limit), expected, "{state:?} for {waited:?}");
        }
    }
}
