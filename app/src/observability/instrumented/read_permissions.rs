//! Looking whether the ERP lets us see what the work depends on: a call to it as any other.

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
