//! Looking whether the ERP lets us see what the work depends on: a call to it as any other.

use async_trait::async_trait;
use ports::{Access, LedgerError};
use tracing::field::Empty;

use super::System;

#[async_trait]
impl Access for System<dyn Access> {
    async fn prove(&self) -> Result<(), LedgerError> {
        let span = tracing::info_span!("ledger.prove", class = Empty, otel.status_code = Empty);
        self.watch_ledger("prove", span, self.port.prove()).await
    }
}
