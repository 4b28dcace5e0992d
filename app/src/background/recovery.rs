//! Recovery after a crash: requeues cancellations with a memo that was perhaps sent, and deferred
//! ones that the queue should have delivered long ago. Cancellations that only a redelivery can
//! bring back are counted.

use std::time::Duration;

use domain::Timestamp;
use ports::{CancellationRecord, CancellationState, Query, Step, error_chain};

use crate::{operator::paging, process::service::Service};

/// How often recovery runs.
const PERIOD: Duration = Duration::from_mins(1);
/// How much longer than the longest delay a deferred job may wait.
const GRACE: Duration = Duration::from_mins(70);

/// Runs at start and every minute until the service drains.
pub async fn run(service: Service, max_delay: Duration) {
    loop {
        let swept = service.draining.run_until_cancelled(sweep(&service, max_delay)).await;
        if let Some(Err(error)) = swept {
            tracing::error!(error, "Failed to requeue unfinished cancellations");
        }
        if service.sleep_or_drain(PERIOD).await.is_none() {
            return;
        }
    }
}

/// Queues every cancellation that has a memo with an unknown outcome and no job, and every deferred
/// one that was not tried for longer than any delay.
async fn sweep(service: &Service, max_delay: Duration) -> Result<(), String> {
    let working = Query { state: Some(CancellationState::Working), ..Query::default() };
    queue_all(service, Query { unsettled: true, ..working.clone() }, |_| true).await?;
    let deferred = Query { state: Some(CancellationState::Deferred), ..Query::default() };
    let now = service.context.certain_now();
    let is_lost = |it: &CancellationRecord| max_delay + GRACE < now.since(it.updated_at);
    queue_all(service, deferred, |it| is_lost(it) && !is_breaker_open(service, it)).await?;
    count_late(service, working, now).await
}

/// While the circuit breaker of its ERP is open, a deferred job waits longer; it is not lost.
fn is_breaker_open(service: &Service, record: &CancellationRecord) -> bool {
    let entry = service.customers.get(&record.cancellation.tenant);
    entry.is_some_and(|it| it.customer.ledger.pause().is_some())
}

async fn count_late(service: &Service, mut query: Query, now: Timestamp) -> Result<(), String> {
    let is_late =
        |it: &&CancellationRecord| service.context.give_up_after < now.since(it.waiting_since);
    let mut late = 0;
    while let Some(page) = next_page(service, &mut query).await? {
        late += page.iter().filter(is_late).count();
    }
    metrics::gauge!("memobridge_cancellations_stalled")
        .set(u32::try_from(late).unwrap_or(u32::MAX));
    Ok(())
}

/// Queues the cancellations and records that they are queued, so that the next round skips them.
async fn queue_all(
    service: &Service,
    mut query: Query,
    wanted: impl Fn(&CancellationRecord) -> bool,
) -> Result<(), String> {
    while let Some(page) = next_page(service, &mut query).await? {
        for record in page.into_iter().filter(&wanted) {
            let pushed = service.push(&record.cancellation, Duration::ZERO).await;
            pushed.map_err(|why| error_chain(&why))?;
            let queued = Step::AttemptEnded {
                state: CancellationState::Deferred,
                reason: record.reason,
                detail: record.detail,
                took: Duration::ZERO,
            };
            let (id, now) = (record.cancellation.id(), service.context.clock.now());
            let noted = service.context.journal.record(&id, now, &[queued]).await;
            noted.map_err(|why| error_chain(&why))?;
        }
    }
    Ok(())
}

async fn next_page(
    service: &Service,
    query: &mut Query,
) -> Result<Option<Vec<CancellationRecord>>, String> {
    paging::next(&*service.context.journal, query).await.map_err(|why| error_chain(&why))
}
