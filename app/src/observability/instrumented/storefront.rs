//! Calls to NewStore, counted by operation and result.

use async_trait::async_trait;
use domain::{OrderId, OrderSnapshot};
use ports::{CancelledPage, Cursor, Storefront, StorefrontError, Window};
use tracing::{Instrument, Span, field::Empty};

use super::{InstrumentedSystem, failed};

#[async_trait]
impl Storefront for InstrumentedSystem<dyn Storefront> {
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError> {
        let span = tracing::info_span!("storefront.order", class = Empty, otel.status_code = Empty);
        let answer = |it: &Option<_>| if it.is_some() { "ok" } else { "absent" };
        self.watch("order", span, self.port.order(id), answer).await
    }

    async fn cancelled(
        &self,
        window: Window,
        place: &Cursor,
    ) -> Result<CancelledPage, StorefrontError> {
        let span =
            tracing::info_span!("storefront.cancelled", class = Empty, otel.status_code = Empty);
        self.watch("cancelled", span, self.port.cancelled(window, place), |_| "ok").await
    }
}

impl InstrumentedSystem<dyn Storefront> {
    async fn watch<T>(
        &self,
        operation: &'static str,
        span: Span,
        call: impl Future<Output = Result<T, StorefrontError>>,
        answer: impl FnOnce(&T) -> &'static str,
    ) -> Result<T, StorefrontError> {
        let began = self.clock.instant();
        let result = call.instrument(span.clone()).await;
        let took = self.clock.instant().since(began);
        let class = result.as_ref().map_or_else(class, answer);
        span.record("class", class);
        if result.is_err() {
            failed(&span);
        }
        let tenant = || self.tenant.clone();
        metrics::counter!("memobridge_newstore_calls_total", "tenant" => tenant(), "operation" => operation, "class" => class)
            .increment(1);
        metrics::histogram!("memobridge_newstore_call_duration_seconds", "tenant" => tenant(), "operation" => operation)
            .record(took.as_secs_f64());
        result
    }
}

fn class(error: &StorefrontError) -> &'static str {
    match error {
        StorefrontError::Unavailable(_) => "unavailable",
        StorefrontError::Throttled(_) => "throttled",
        StorefrontError::Unauthorized(_) => "auth",
        StorefrontError::Unreadable(_) => "unreadable",
    }
}
