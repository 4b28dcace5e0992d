//! A failing order is told from a failing ERP, so that it stops no other order.
//!
//! Three failed tries of an order, whatever process made them, are its own failure when
//! the account answered other calls meanwhile. Such an order waits in the queue. It is
//! parked at its deadline only when the ERP took a memo of another order since the first
//! of these tries: an outage parks nothing. Its claims stay, as their outcome is unknown.

use domain::{Patience, Reason, Stop, Timestamp};
use ports::{Query, Step};

use super::{
    Run,
    ending::{About, Ending, Failing},
};

/// So many tries of an order fail before it counts as the cause; one may be chance.
const TRIES: u32 = 3;

impl Run<'_> {
    /// What an attempt's end means once earlier tries of the order are counted.
    pub(super) async fn judged(&mut self, result: Result<(), Ending>) -> Result<(), Ending> {
        match result {
            Err(Ending::Failing(failing)) => Err(match self.judge(failing).await {
                Ok(ending) | Err(ending) => ending,
            }),
            Ok(()) | Err(Ending::Stop(_)) => {
                if self.opened.failed.is_some() && self.progress.asked_the_erp() {
                    self.unwritten.push(Step::Answered);
                }
                result
            }
            Err(Ending::Later(..) | Ending::Unavailable(..)) => result,
        }
    }

    async fn judge(&mut self, failing: Failing) -> Result<Ending, Ending> {
        let Failing { problem, about } = failing;
        let (count, since) = self.tries().await?;
        let is_order_bound = match about {
            About::Answer => true,
            About::Write => TRIES <= count,
            About::Account => TRIES <= count && self.is_account_answering(since).await?,
        };
        self.unwritten.push(Step::Failed { is_order_bound });
        if !is_order_bound {
            return Ok(Ending::Unavailable(Reason::ErpUnavailable { problem }, None));
        }
        let reason = Reason::ErpFailsOnOrder { problem };
        // One more failed try after the order was known as the cause: the last one may
        // have met the end of an outage.
        let is_over = self.patience() == Patience::Exhausted && super::is_order_bound(self.opened);
        if is_over && self.is_written_beside(since).await? {
            return Ok(Stop::Park(reason).into());
        }
        Ok(Stop::Wait(reason).into())
    }

    /// The failed tries of the order in a row, this one included, and when they began:
    /// each of its cancellations may have met the same memo.
    async fn tries(&self) -> Result<(u32, Timestamp), Ending> {
        let cancellation = &self.opened.cancellation;
        let query = Query {
            tenant: Some(cancellation.tenant.clone()),
            order: Some(cancellation.order.clone()),
            limit: usize::MAX,
            ..Query::default()
        };
        let known = self.desk.journal.find(&query).await?;
        let now = self.desk.clock.now();
        Ok(known.iter().filter_map(|it| it.failed).fold((1, now), |(count, since), failed| {
            (failed.count.saturating_add(count), failed.since.min(since))
        }))
    }

    /// Whether other calls of the account were answered since then, or one is now.
    async fn is_account_answering(&self, since: Timestamp) -> Result<bool, Ending> {
        Ok(self.is_written_beside(since).await? || self.ledger.answers().await)
    }

    /// Whether the ERP took a memo of another order of this customer since then.
    async fn is_written_beside(&self, since: Timestamp) -> Result<bool, Ending> {
        let cancellation = &self.opened.cancellation;
        let query = Query {
            tenant: Some(cancellation.tenant.clone()),
            beside: Some(cancellation.order.clone()),
            written_since: Some(since),
            limit: 1,
            ..Query::default()
        };
        Ok(!self.desk.journal.find(&query).await?.is_empty())
    }
}
