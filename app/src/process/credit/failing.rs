//! Distinguishes an order on which the ERP fails from an ERP that is down, so that it blocks no
//! other order.
//!
//! Three failed tries of an order, in any process, count as the order's own failure if the account
//! answered other calls meanwhile. Such an order waits in the queue. It is parked at its deadline
//! only if the ERP accepted a memo of another order since the first of these tries, so an outage
//! parks nothing. Its claims are kept, because their outcome is unknown.

use domain::{Deadline, Reason, Stop, Timestamp};
use ports::{Query, Step};

use super::{
    Run,
    halt::{Failing, FailureScope, Halt},
};

/// The number of failed tries after which the order counts as the cause; a single failure may be
/// chance.
const MIN_FAILED_TRIES: u32 = 3;

impl Run<'_> {
    /// The result of an attempt once earlier failed tries of the order are counted.
    pub(super) async fn count_failures(&mut self, result: Result<(), Halt>) -> Result<(), Halt> {
        match result {
            Err(Halt::Failing(failing)) => Err(match self.classify(failing).await {
                Ok(ending) | Err(ending) => ending,
            }),
            Ok(()) | Err(Halt::Stop(_)) => {
                if self.opened.failed.is_some() && self.progress.asked_the_erp() {
                    self.unwritten.push(Step::Answered);
                }
                result
            }
            Err(Halt::Later(..) | Halt::Unavailable(..)) => result,
        }
    }

    async fn classify(&mut self, failing: Failing) -> Result<Halt, Halt> {
        let Failing { problem, scope } = failing;
        let (count, since) = self.tries().await?;
        let is_order_bound = match scope {
            FailureScope::Answer => true,
            FailureScope::Write => count >= MIN_FAILED_TRIES,
            FailureScope::Account => {
                count >= MIN_FAILED_TRIES && self.is_account_answering(since).await?
            }
        };
        self.unwritten.push(Step::Failed { is_order_bound });
        if !is_order_bound {
            return Ok(Halt::Unavailable(Reason::ErpUnavailable { problem }, None));
        }
        let reason = Reason::ErpFailsOnOrder { problem };
        // One more failed try after the order counted as the cause, because the last one may have
        // met the end of an outage.
        let is_over =
            self.deadline_state() == Deadline::Passed && super::is_order_bound(self.opened);
        if is_over && self.is_written_beside(since).await? {
            return Ok(Stop::Park(reason).into());
        }
        Ok(Stop::Wait(reason).into())
    }

    /// The consecutive failed tries of the order, this one included, and when they began. All
    /// cancellations of the order count, because they may have met the same memo.
    async fn tries(&self) -> Result<(u32, Timestamp), Halt> {
        let cancellation = &self.opened.cancellation;
        let query = Query {
            tenant: Some(cancellation.tenant.clone()),
            order: Some(cancellation.order.clone()),
            limit: usize::MAX,
            ..Query::default()
        };
        let known = self.context.journal.find(&query).await?;
        let now = self.context.clock.now();
        Ok(known.iter().filter_map(|it| it.failed).fold((1, now), |(count, since), failed| {
            (failed.count.saturating_add(count), failed.since.min(since))
        }))
    }

    /// Whether other calls of the account were answered since then, or one is answered now.
    async fn is_account_answering(&self, since: Timestamp) -> Result<bool, Halt> {
        Ok(self.is_written_beside(since).await? || self.ledger.answers().await)
    }

    /// Whether the ERP accepted a memo of another order of this customer since then.
    async fn is_written_beside(&self, since: Timestamp) -> Result<bool, Halt> {
        let cancellation = &self.opened.cancellation;
        let query = Query {
            tenant: Some(cancellation.tenant.clone()),
            beside: Some(cancellation.order.clone()),
            written_since: Some(since),
            limit: 1,
            ..Query::default()
        };
        Ok(!self.context.journal.find(&query).await?.is_empty())
    }
}
