//! Leases on orders: one runner at a time.

use std::time::Duration;

use domain::{Cancellation, OrderId, Tenant, Timestamp};
use ports::{Hold, HoldToken};
use rusqlite::{Connection, params};

use crate::book::Failure;

/// Takes or renews the lease, unless another token's is still running.
pub(super) fn take(
    db: &Connection,
    tenant: &Tenant,
    order: &OrderId,
    token: &HoldToken,
    now: Timestamp,
    lease: Duration,
) -> Result<Hold, Failure> {
    let mut statement = db.prepare_cached(
        "INSERT INTO hold (tenant, order_id, token, until) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT (tenant, order_id) DO UPDATE SET token = excluded.token, \
                                                      until = excluded.until \
         WHERE token = excluded.token OR until <= ?5",
    )?;
    let until = now.after(lease).as_millis();
    let changed = statement.execute(params![
        tenant.as_str(),
        order.as_str(),
        token.0,
        until,
        now.as_millis()
    ])?;
    Ok(if changed == 1 { Hold::Held } else { Hold::Elsewhere })
}

/// Ends the order's lease, if it is still this token's.
pub(super) fn release(
    db: &Connection,
    cancellation: &Cancellation,
    token: &HoldToken,
) -> Result<(), Failure> {
    let Cancellation { tenant, order, .. } = cancellation;
    let mut statement =
        db.prepare_cached("DELETE FROM hold WHERE tenant = ?1 AND order_id = ?2 AND token = ?3")?;
    statement.execute([tenant.as_str(), order.as_str(), &token.0])?;
    Ok(())
}
