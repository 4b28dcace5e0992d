//! Calls to the ERP, counted by operation and result.

use async_trait::async_trait;
use domain::{Billing, CreditMemo, LinesToClose, RecordId, Timestamp};
use ports::{
    BillingQuery, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, Rejection, Sending,
};
use tracing::{Instrument, Span, field::Empty};

use super::{InstrumentedSystem, failed};

#[async_trait]
impl Ledger for InstrumentedSystem<dyn Ledger> {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        let span = tracing::info_span!("ledger.billing", class = Empty, otel.status_code = Empty);
        self.watch_ledger("billing", span, self.port.billing(query)).await
    }

    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        let span = tracing::info_span!(
            "ledger.post",
            memo.key = %memo.key,
            sending = name(sending),
            class = Empty,
            otel.status_code = Empty
        );
        self.watch_ledger("post", span, self.port.post(memo, sending)).await
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        let span =
            tracing::info_span!("ledger.close_lines", class = Empty, otel.status_code = Empty);
        self.watch_ledger("close_lines", span, self.port.close_lines(lines)).await
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        let span = tracing::info_span!("ledger.confirm", class = Empty, otel.status_code = Empty);
        self.watch_ledger("confirm", span, self.port.confirm(records)).await
    }

    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError> {
        let span = tracing::info_span!("ledger.memos", class = Empty, otel.status_code = Empty);
        self.watch_ledger("memos", span, self.port.memos(since, place)).await
    }
}

impl<P: ?Sized> InstrumentedSystem<P> {
    pub(super) async fn watch_ledger<T>(
        &self,
        operation: &'static str,
        span: Span,
        call: impl Future<Output = Result<T, LedgerError>>,
    ) -> Result<T, LedgerError> {
        let began = self.clock.instant();
        let result = call.instrument(span.clone()).await;
        let took = self.clock.instant().since(began);
        let class = result.as_ref().map_or_else(class, |_| "ok");
        span.record("class", class);
        if result.is_err() {
            failed(&span);
        }
        let tenant = || self.tenant.clone();
        metrics::counter!("memobridge_erp_calls_total", "tenant" => tenant(), "operation" => operation, "class" => class)
            .increment(1);
        metrics::histogram!("memobridge_erp_call_duration_seconds", "tenant" => tenant(), "operation" => operation)
            .record(took.as_secs_f64());
        result
    }
}

fn name(sending: Sending) -> &'static str {
    match sending {
        Sending::First => "first",
        Sending::Resend => "again",
    }
}

fn class(error: &LedgerError) -> &'static str {
    match error {
        LedgerError::Throttled(_) => "throttled",
        LedgerError::Unavailable(_) => "unavailable",
        LedgerError::Unknown(_) => "unknown",
        LedgerError::Failed { .. } => "failed",
        LedgerError::Unreadable(_) => "unreadable",
        LedgerError::Unauthorized(_) => "auth",
        LedgerError::Forbidden(_) => "permission",
        LedgerError::Conflict { .. } => "conflict",
        LedgerError::Rejected { kind: Rejection::Data, .. } => "data",
        LedgerError::Rejected { kind: Rejection::Period, .. } => "period",
        LedgerError::Rejected { kind: Rejection::Stale, .. } => "stale",
    }
}
