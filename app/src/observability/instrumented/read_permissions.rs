//! The permission probe, counted like any other call to the ERP.

use async_trait::async_trait;
use ports::{LedgerError, ReadPermissions};
use tracing::field::Empty;

use super::InstrumentedSystem;

#[async_trait]
impl ReadPermissions for InstrumentedSystem<dyn ReadPermissions> {
    async fn verify(&self) -> Result<(), LedgerError> {
        let span = tracing::info_span!("ledger.prove", class = Empty, otel.status_code = Empty);
        self.watch_ledger("prove", span, self.port.verify()).await
    }
}
