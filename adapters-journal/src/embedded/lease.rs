//! Order leases: one attempt at a time.

use std::time::Duration;

use domain::{Cancellation, OrderId, Tenant, Timestamp};
use ports::{LeaseToken, OrderLease};
use rusqlite::{Connection, OptionalExtension, named_params};

use crate::model::StoreFailure;

/// Acquires or renews the lease, unless another token's lease has not ended.
///
/// A lease whose start is in the future was acquired before the clock was set back. It restarts
/// now, because its owner may be alive and renew it. The lease of a dead owner ends after one more
/// term.
pub(super) fn acquire(
    db: &Connection,
    tenant: &Tenant,
    order: &OrderId,
    token: &LeaseToken,
    now: Timestamp,
    lease: Duration,
) -> Result<OrderLease, StoreFailure> {
    let mut statement = db.prepare_cached(
        "INSERT INTO hold (tenant, order_id, token, taken_at, until) \
         VALUES (:tenant, :order, :token, :now, :until) \
         ON CONFLICT (tenant, order_id) DO UPDATE SET \
             token = iif(token = :token OR until <= :now, :token, token), \
             until = iif(token = :token OR until <= :now, :until, :now + until - taken_at), \
             taken_at = :now \
         WHERE token = :token OR until <= :now OR :now < taken_at \
         RETURNING token",
    )?;
    let parameters = named_params! {
        ":tenant": tenant.as_str(),
        ":order": order.as_str(),
        ":token": token.0,
        ":now": now.as_millis(),
        ":until": now.after(lease).as_millis(),
    };
    let holder = statement.query_row(parameters, |row| row.get::<_, String>(0)).optional()?;
    Ok(if holder.as_ref() == Some(&token.0) { OrderLease::Held } else { OrderLease::HeldByOther })
}

/// Ends the order's lease, if this token still has it.
pub(super) fn release(
    db: &Connection,
    cancellation: &Cancellation,
    token: &LeaseToken,
) -> Result<(), StoreFailure> {
    let Cancellation { tenant, order, .. } = cancellation;
    let mut statement =
        db.prepare_cached("DELETE FROM hold WHERE tenant = ?1 AND order_id = ?2 AND token = ?3")?;
    statement.execute([tenant.as_str(), order.as_str(), &token.0])?;
    Ok(())
}
