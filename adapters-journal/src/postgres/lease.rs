//! Order leases: one attempt at a time, over all machines.

use std::time::Duration;

use domain::{CancellationId, OrderId, Tenant, Timestamp};
use ports::{LeaseToken, OrderLease};
use sqlx::PgConnection;

use crate::model::StoreFailure;

/// Acquires or renews the lease, unless another token's lease has not ended.
///
/// A lease whose start is in the future was acquired before the clock was set back. It restarts
/// now, because its owner may be alive and renew it. The lease of a dead owner ends after one more
/// term.
pub(super) async fn acquire(
    db: &mut PgConnection,
    tenant: &Tenant,
    order: &OrderId,
    token: &LeaseToken,
    now: Timestamp,
    lease: Duration,
) -> Result<OrderLease, StoreFailure> {
    let until = now.after(lease);
    let hold = sqlx::query_scalar(
        "INSERT INTO hold (tenant, order_id, token, until, taken_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant, order_id) DO UPDATE SET \
             token = CASE WHEN hold.token = $3 OR hold.until <= $5 THEN $3 ELSE hold.token END, \
             until = CASE WHEN hold.token = $3 OR hold.until <= $5 THEN $4 \
                          ELSE $5 + hold.until - hold.taken_at END, \
             taken_at = $5 \
         WHERE hold.token = $3 OR hold.until <= $5 OR $5 < hold.taken_at \
         RETURNING token",
    );
    let hold = hold.bind(tenant.as_str()).bind(order.as_str()).bind(&token.0);
    let hold = hold.bind(until.as_millis()).bind(now.as_millis());
    let holder: Option<String> = hold.fetch_optional(db).await?;
    Ok(if holder.as_ref() == Some(&token.0) { OrderLease::Held } else { OrderLease::HeldByOther })
}

/// Ends the order's lease, if this token still has it.
pub(super) async fn release(
    db: &mut PgConnection,
    id: &CancellationId,
    token: &LeaseToken,
) -> Result<(), StoreFailure> {
    let released = sqlx::query_scalar(
        "WITH known AS (SELECT tenant, order_id FROM cancellation WHERE id = $1), \
              released AS (DELETE FROM hold USING known \
                           WHERE hold.tenant = known.tenant \
                             AND hold.order_id = known.order_id AND token = $2) \
         SELECT count(*) FROM known",
    );
    match released.bind(id.as_str()).bind(&token.0).fetch_one(db).await? {
        0i64 => Err(StoreFailure::never_opened(id)),
        _ => Ok(()),
    }
}
