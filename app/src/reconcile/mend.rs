//! What is missing, put back into the queue: the service credits it as if its event came again.

use std::time::Duration;

use domain::{Cancellation, CancellationId, Cause, Discrepancy, Finding, Order, Tenant};
use ports::{Jobs, Query, Step};

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
    let cancellation = match cause {
        Cause::Vanished { cancellation, .. } | Cause::Unrecorded(cancellation) => {
            known(desk, cancellation).await?
        }
        Cause::Unseen => {
            let lost = lost(desk, tenant, order, finding);
            Some(desk.journal.open(&lost, desk.clock.now()).await?.cancellation)
        }
    };
    let Some(cancellation) = cancellation else { return Ok(None) };
    let what = match cause {
        Cause::Vanished { key, record, .. } => {
            let vanished = Step::Vanished { key: key.clone() };
            desk.journal.record(&cancellation.id(), desk.clock.now(), &vanished).await?;
            format!("the ERP no longer has record {record}")
        }
        Cause::Unrecorded(_) => "the ERP has no memo".to_owned(),
        Cause::Unseen => "no event was received".to_owned(),
    };
    let (id, amount, code) = (cancellation.id(), finding.amount, order.currency.code());
    let note = Step::Noted(vec![format!("reconciliation: {what}; {amount} {code} is missing")]);
    for step in [note, Step::Retried] {
        desk.journal.record(&id, desk.clock.now(), &step).await?;
    }
    jobs.push(&job(&cancellation), Duration::ZERO).await?;
    Ok(Some(id))
}

/// A cancellation that our book knew a moment ago.
async fn known(desk: &Desk, id: &CancellationId) -> Result<Option<Cancellation>, Broken> {
    let query = Query { id: Some(id.clone()), limit: 1, ..Query::default() };
    Ok(desk.journal.find(&query).await?.pop().map(|it| it.cancellation))
}

/// The cancellation that nobody told us of. Nobody knows when it was published: it counts as of now.
fn lost(desk: &Desk, tenant: &Tenant, order: &Order, finding: &Finding) -> Cancellation {
    let units = finding.units.iter().filter_map(|id| order.unit(id));
    Cancellation {
        tenant: tenant.clone(),
        event: webhook::ITEMS_CANCELLED.to_owned(),
        order: order.id.clone(),
        units: units.map(|it| (it.id.clone(), it.reason.clone())).collect(),
        published_at: desk.clock.now(),
    }
}
