//! What is missing, put back into the queue: the service credits it as if its event came again.

use std::time::Duration;

use domain::{
    Cancellation, CancellationId, Cause, Claim, ClaimState, Discrepancy, Finding, Order, Tenant,
    Unit, UnitStatus,
};
use ports::{Jobs, Query, Record, Step};

use super::Broken;
use crate::{credit::Desk, service::job, wiring::webhook};

/// Queues what a finding says is missing; nothing where nothing is, or nothing can be done.
///
/// Done twice it is done once: what was queued waits, and is not missing any more. Cut off
/// anywhere, it is found missing again, or as waiting without a job, which the service takes up.
pub(super) async fn mend(
    desk: &Desk,
    jobs: &dyn Jobs,
    tenant: &Tenant,
    order: &Order,
    finding: &Finding,
) -> Result<Option<CancellationId>, Broken> {
    let Discrepancy::Missing(cause) = &finding.discrepancy else { return Ok(None) };
    let (cancellation, what) = match cause {
        Cause::Vanished { cancellation, key, record } => {
            let Some(found) = known(desk, cancellation).await? else { return Ok(None) };
            // Somebody else may have mended it since it was looked at.
            let is_it = |claim: &Claim| {
                claim.memo.key == *key && claim.state == ClaimState::Settled(record.clone())
            };
            if !found.memos.iter().any(|it| is_it(&it.claim)) {
                return Ok(None);
            }
            let vanished = Step::Vanished { key: key.clone() };
            desk.journal.record(cancellation, desk.clock.now(), &[vanished]).await?;
            (found.cancellation, format!("the ERP no longer has record {record}"))
        }
        Cause::Unrecorded(id) => {
            let Some(found) = known(desk, id).await? else { return Ok(None) };
            (found.cancellation, "the ERP has no memo".to_owned())
        }
        Cause::Unseen => {
            let lost = lost(desk, tenant, order, finding);
            let opened = desk.journal.open(&lost, desk.clock.now()).await?;
            (opened.cancellation, "no event was received".to_owned())
        }
    };
    let (id, amount, code) = (cancellation.id(), finding.amount, order.currency.code());
    let note = Step::Noted(vec![format!("reconciliation: {what}; {amount} {code} is missing")]);
    for step in [note, Step::Retried] {
        desk.journal.record(&id, desk.clock.now(), &[step]).await?;
    }
    jobs.push(&job(&cancellation), Duration::ZERO).await?;
    Ok(Some(id))
}

/// What our book knows now of a cancellation that it knew a moment ago.
async fn known(desk: &Desk, id: &CancellationId) -> Result<Option<Record>, Broken> {
    let query = Query { id: Some(id.clone()), limit: 1, ..Query::default() };
    Ok(desk.journal.find(&query).await?.pop())
}

/// The cancellation whose event was never received, published as of now. Shipping is credited
/// with the last unit: where it alone is missing, it is all that is cancelled.
fn lost(desk: &Desk, tenant: &Tenant, order: &Order, finding: &Finding) -> Cancellation {
    let is_missing = |unit: &&Unit| finding.units.contains(&unit.id);
    let is_cancelled = |unit: &&Unit| unit.status == UnitStatus::Cancelled;
    let mut units: Vec<&Unit> = order.units.iter().filter(is_missing).collect();
    if units.is_empty() {
        units = order.units.iter().filter(is_cancelled).collect();
    }
    Cancellation {
        tenant: tenant.clone(),
        event: webhook::ITEMS_CANCELLED.to_owned(),
        order: order.id.clone(),
        units: units.iter().map(|unit| (unit.id.clone(), unit.reason.clone())).collect(),
        published_at: desk.clock.now(),
    }
}
