//! Verifies at start and every hour that the ERP shows existing records: a role that lost a
//! permission finds nothing and gets no error.

use std::{sync::Arc, time::Duration};

use ports::{ReadPermissions, error_chain};

use crate::process::service::{CustomerEntry, Service};

/// How often permissions are verified.
const PERIOD: Duration = Duration::from_hours(1);
/// The wait before a failed verification is repeated.
const RETRY: Duration = Duration::from_mins(1);

/// Verifies permissions until the service drains.
pub async fn run(service: Service, entry: Arc<CustomerEntry>) {
    let customer = &entry.customer;
    let draining = &service.draining;
    loop {
        let wait = if customer.ledger.cause().is_some() {
            // Attempts detect the end of an outage by themselves. The probe makes few calls and
            // does not repeat a refused login.
            RETRY
        } else if let Some(Err(error)) =
            draining.run_until_cancelled(customer.ledger.verify()).await
        {
            let (tenant, error) = (&customer.tenant, error_chain(&error));
            tracing::warn!(%tenant, error, "Could not verify read permissions in the ERP of {tenant}");
            RETRY
        } else {
            PERIOD
        };
        if service.sleep_or_drain(wait).await.is_none() {
            return;
        }
    }
}
