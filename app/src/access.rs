//! Proves at start and every hour that an ERP would show us what it has: a role that
//! lost a right finds nothing, and is not told so.

use std::{sync::Arc, time::Duration};

use ports::{Access, told};

use crate::service::{Member, Service};

/// How often the proof is made.
const PERIOD: Duration = Duration::from_hours(1);
/// How soon one that could not be made is tried again.
const RETRY: Duration = Duration::from_mins(1);

/// Makes the proof until the service drains.
pub async fn run(service: Service, member: Arc<Member>) {
    let customer = &member.customer;
    loop {
        let wait = if customer.ledger.trouble().is_some() {
            // Whoever needs an answer finds out whether it is over: probes are few, and
            // a refused login is not repeated for the sake of a proof.
            RETRY
        } else if let Err(error) = customer.ledger.prove().await {
            let (tenant, problem) = (&customer.tenant, told(&error));
            tracing::warn!(%tenant, problem, "Whether the ERP of {tenant} shows us everything is not proved");
            RETRY
        } else {
            PERIOD
        };
        if service.rest(wait).await.is_none() {
            return;
        }
    }
}
