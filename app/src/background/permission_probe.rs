//! Proves at start and every hour that an ERP would show us what it has: a role that
//! lost a right finds nothing, and is not told so.

use std::{sync::Arc, time::Duration};

use ports::{ReadPermissions, error_chain};

use crate::process::service::{CustomerEntry, Service};

/// How often the proof is made.
const PERIOD: Duration = Duration::from_hours(1);
/// How soon one that could not be made is tried again.
const RETRY: Duration = Duration::from_mins(1);

/// Makes the proof until the service drains.
pub async fn run(service: Service, entry: Arc<CustomerEntry>) {
    let customer = &entry.customer;
    let draining = &service.draining;
    loop {
        let wait = if customer.ledger.cause().is_some() {
            // Whoever needs an answer finds out whether it is over: probes are few, and
            // a refused login is not repeated for the sake of a proof.
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
