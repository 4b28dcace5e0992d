//! Leases on orders: one runner at a time, whatever machine it is on.

use std::time::Duration;

use domain::{CancellationId, OrderId, Tenant, Timestamp};
use ports::{Hold, HoldToken};
use sqlx::PgConnection;

use crate::book::Failure;

/// Takes or renews the lease, unless another token's is still running.
pub(super) async fn take(
    db: &mut PgConnection,
    tenant: &Tenant,
    order: &OrderId,
    token: &HoldToken,
    now: Timestamp,
    lease: Duration,
) -> Result<Hold, Failure> {
    let until = now.after(lease);
    let hold = sqlx::query(
        "INSERT INTO hold (tenant, order_id, token, until) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (tenant, order_id) DO UPDATE SET token = excluded.token, \
                                                      until = excluded.until \
         WHERE hold.token = excluded.token OR hold.until <= $5",
    );
    let hold = hold.bind(tenant.as_str()).bind(order.as_str()).bind(&token.0);
    let hold = hold.bind(until.as_millis()).bind(now.as_millis());
    let changed = hold.execute(db).await?.rows_affected();
    Ok(if changed == 1 { Hold::Held } else { Hold::Elsewhere })
}

/// Ends the order's lease, if it is still this token's.
pub(super) async fn release(
    db: &mut PgConnection,
    id: &CancellationId,
    token: &HoldToken,
) -> Result<(), Failure> {
    let released = sqlx::query_scalar(
        "WITH known AS (SELECT tenant, order_id FROM cancellation WHERE id = $1), \
              released AS (DELETE FROM hold USING known \
                           WHERE hold.tenant = known.tenant \
                             AND hold.order_id = known.order_id AND token = $2) \
         SELECT count(*) FROM known",
    );
    match released.bind(id.as_str()).bind(&token.0).fetch_one(db).await? {
        0i64 => Err(Failure::never_opened(id)),
        _ => Ok(()),
    }
}
