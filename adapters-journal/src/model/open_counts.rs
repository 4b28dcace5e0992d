//! Counts unfinished cancellations, with the same query in every database.

use domain::Timestamp;
use ports::{CancellationState, OpenCount};

use super::StoreFailure;

/// Uses only the index `cancellation_unfinished`.
pub(crate) const COUNT: &str = "SELECT tenant, state, count(*) AS count, min(waiting_since) AS since \
     FROM cancellation WHERE state IN ('working', 'deferred', 'parked') GROUP BY state, tenant";

/// Converts a row of [`COUNT`].
pub(crate) fn unfinished(
    tenant: &str,
    state: &str,
    count: i64,
    since: i64,
) -> Result<OpenCount, StoreFailure> {
    let unknown = || StoreFailure::because(format!("{state:?} is no state"));
    Ok(OpenCount {
        tenant: tenant.parse()?,
        state: CancellationState::named(state).ok_or_else(unknown)?,
        count: count.unsigned_abs(),
        waiting_since: Timestamp::from_millis(since),
    })
}
