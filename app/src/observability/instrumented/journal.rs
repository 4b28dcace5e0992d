//! Operations of the journal; failed ones are counted.

use std::time::Duration;

use async_trait::async_trait;
use domain::{Cancellation, CancellationId, Claim, OrderId, Tenant, Timestamp};
use ports::{
    CancellationRecord, Journal, JournalError, LeaseToken, OrderLease, Query, Received, Step,
};
use tracing::{Instrument, Span, field::Empty};

use super::{InstrumentedStore, failed, store_failed};

#[async_trait]
impl Journal for InstrumentedStore<dyn Journal> {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError> {
        let span = tracing::info_span!("journal.open", otel.status_code = Empty);
        watch("open", span, self.0.open(cancellation, now)).await
    }

    async fn acquire(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &LeaseToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OrderLease, JournalError> {
        let span = tracing::info_span!("journal.hold", otel.status_code = Empty);
        watch("hold", span, self.0.acquire(tenant, order, token, now, lease)).await
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        let span = tracing::info_span!("journal.claims", otel.status_code = Empty);
        watch("claims", span, self.0.claims(tenant, order)).await
    }

    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError> {
        let span =
            tracing::info_span!("journal.record", steps = names(steps), otel.status_code = Empty);
        watch("record", span, self.0.record(id, now, steps)).await
    }

    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError> {
        let span = tracing::info_span!("journal.find", otel.status_code = Empty);
        watch("find", span, self.0.find(query)).await
    }
}

async fn watch<T>(
    operation: &'static str,
    span: Span,
    call: impl Future<Output = Result<T, JournalError>>,
) -> Result<T, JournalError> {
    let result = call.instrument(span.clone()).await;
    if let Err(JournalError::Unavailable(_)) = result {
        failed(&span);
        store_failed("journal", operation);
    }
    result
}

fn names(steps: &[Step]) -> String {
    steps.iter().map(name).collect::<Vec<_>>().join(" ")
}

fn name(step: &Step) -> &'static str {
    match step {
        Step::Claimed(_) => "claimed",
        Step::Settled { .. } => "settled",
        Step::ClaimKept { .. } => "not-freed",
        Step::Freed { .. } => "freed",
        Step::RecordGone { .. } => "vanished",
        Step::Confirmed { .. } => "confirmed",
        Step::Failed { .. } => "failed",
        Step::Answered => "answered",
        Step::Flagged(_) => "flagged",
        Step::Note(_) => "noted",
        Step::AttemptEnded { .. } => "ended",
        Step::Retried => "retried",
        Step::Released(_) => "released",
    }
}
