//! The lease of the order that an attempt works on.

use std::{convert::Infallible, time::Duration};

use domain::Cancellation;
use ports::{JournalError, LeaseToken, OrderLease};

use super::Context;

/// How long the order of a crashed attempt stays leased.
const LEASE: Duration = Duration::from_secs(10);
/// How often an attempt renews its lease.
const RENEWAL: Duration = Duration::from_secs(3);

/// Acquires or renews the order's lease. The lease counts from the request. If the journal answers
/// too late, the lease may have ended already, so it is requested again.
pub(super) async fn acquire(
    context: &Context,
    cancellation: &Cancellation,
    token: &LeaseToken,
) -> Result<OrderLease, JournalError> {
    let (tenant, order) = (&cancellation.tenant, &cancellation.order);
    loop {
        let asked = context.clock.instant();
        let answer =
            context.journal.acquire(tenant, order, token, context.clock.now(), LEASE).await?;
        if answer == OrderLease::HeldByOther || context.clock.instant().since(asked) < RENEWAL {
            return Ok(answer);
        }
    }
}

/// Renews the order's lease for as long as it is polled.
pub(super) async fn renew(
    context: &Context,
    cancellation: &Cancellation,
    token: &LeaseToken,
) -> Infallible {
    loop {
        context.clock.sleep(RENEWAL).await;
        // A lost lease cannot cause a double credit, because claims and keys prevent it.
        if !matches!(acquire(context, cancellation, token).await, Ok(OrderLease::Held)) {
            let order = &cancellation.order;
            tracing::warn!(order.id = %order, "Failed to renew the lease of order {order}");
        }
    }
}
