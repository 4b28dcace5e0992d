//! Questions to NewStore, by how they ended.

use async_trait::async_trait;
use domain::{OrderId, OrderSnapshot};
use ports::{Storefront, StorefrontError};
use tracing::{Instrument, field::Empty};

use super::{System, failed};

#[async_trait]
impl Storefront for System<dyn Storefront> {
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError> {
        let span = tracing::info_span!("storefront.order", class = Empty, otel.status_code = Empty);
        let began = self.clock.now();
        let result = self.port.order(id).instrument(span.clone()).await;
        let took = self.clock.now().since(began);
        let class = class(&result);
        span.record("class", class);
        if result.is_err() {
            failed(&span);
        }
        let tenant = || self.tenant.clone();
        metrics::counter!("memobridge_newstore_calls_total", "tenant" => tenant(), "class" => class)
            .increment(1);
        metrics::histogram!("memobridge_newstore_call_seconds", "tenant" => tenant())
            .record(took.as_secs_f64());
        result
    }
}

fn class(result: &Result<Option<OrderSnapshot>, StorefrontError>) -> &'static str {
    match result {
        Ok(Some(_)) => "ok",
        Ok(None) => "absent",
        Err(StorefrontError::Unavailable(_)) => "unavailable",
        Err(StorefrontError::Throttled(_)) => "throttled",
        Err(StorefrontError::Unauthorized(_)) => "auth",
        Err(StorefrontError::Unreadable(_)) => "unreadable",
    }
}
