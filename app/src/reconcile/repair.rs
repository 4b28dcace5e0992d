//! Queues missing credits: the service credits them as if their event came again.

use std::time::Duration;

use domain::{
    Cancellation, CancellationId, Claim, ClaimState, Discrepancy, ITEMS_CANCELLED, MissingCause,
    Order, ReconcileFinding, Tenant, Unit, UnitStatus,
};
use ports::{CancellationRecord, Jobs, Query, Step};

use super::ReconcileErrorSource;
use crate::process::{credit::Context, service::job};

/// Queues the credit that a finding reports as missing; does nothing for other findings or where
/// nothing can be done.
///
/// Repeating it changes nothing: a queued cancellation waits and is no longer missing. After a
/// crash at any point the credit is found missing again, or as waiting without a job, which
/// recovery requeues.
pub(super) async fn repair(
    context: &Context,
    jobs: &dyn Jobs,
    tenant: &Tenant,
    order: &Order,
    finding: &ReconcileFinding,
) -> Result<Option<CancellationId>, ReconcileErrorSource> {
    let Discrepancy::Missing(cause) = &finding.discrepancy else { return Ok(None) };
    let (cancellation, what) = match cause {
        MissingCause::RecordDeleted { cancellation, key, record } => {
            let Some(found) = known(context, cancellation).await? else { return Ok(None) };
            // It may have been repaired since it was read.
            let is_it = |claim: &Claim| {
                claim.memo.key == *key && claim.state == ClaimState::Settled(record.clone())
            };
            if !found.memos.iter().any(|memo| is_it(&memo.claim)) {
                return Ok(None);
            }
            let vanished = Step::RecordGone { key: key.clone() };
            context.journal.record(cancellation, context.clock.now(), &[vanished]).await?;
            (found.cancellation, format!("the ERP no longer has record {record}"))
        }
        MissingCause::NotRecorded(id) => {
            let Some(found) = known(context, id).await? else { return Ok(None) };
            (found.cancellation, "the ERP has no memo".to_owned())
        }
        MissingCause::NoEvent => {
            let lost = lost(context, tenant, order, finding);
            let opened = context.journal.open(&lost, context.clock.now()).await?;
            (opened.cancellation, "no event was received".to_owned())
        }
    };
    let (id, amount, code) = (cancellation.id(), finding.amount, order.currency.code());
    let note = Step::Note(vec![format!("reconciliation: {what}; {amount} {code} is missing")]);
    for step in [note, Step::Retried] {
        context.journal.record(&id, context.clock.now(), &[step]).await?;
    }
    jobs.push(&job(&cancellation), Duration::ZERO).await?;
    Ok(Some(id))
}

/// The journal's current record of a cancellation.
async fn known(
    context: &Context,
    id: &CancellationId,
) -> Result<Option<CancellationRecord>, ReconcileErrorSource> {
    let query = Query { id: Some(id.clone()), limit: 1, ..Query::default() };
    Ok(context.journal.find(&query).await?.pop())
}

/// A cancellation for units whose event was never received, published as of now. Shipping is
/// credited with the last unit; where it alone is missing, it is the only cancelled unit.
fn lost(
    context: &Context,
    tenant: &Tenant,
    order: &Order,
    finding: &ReconcileFinding,
) -> Cancellation {
    let is_missing = |unit: &&Unit| finding.units.contains(&unit.id);
    let is_cancelled = |unit: &&Unit| unit.status == UnitStatus::Cancelled;
    let mut units: Vec<&Unit> = order.units.iter().filter(is_missing).collect();
    if units.is_empty() {
        units = order.units.iter().filter(is_cancelled).collect();
    }
    Cancellation {
        tenant: tenant.clone(),
        event: ITEMS_CANCELLED.to_owned(),
        order: order.id.clone(),
        units: units.iter().map(|unit| (unit.id.clone(), unit.reason.clone())).collect(),
        published_at: context.clock.now(),
    }
}
