//! Takes up again what a crash cut off: cancellations with a memo that was
//! perhaps sent, and deferred ones that the queue should have delivered long ago.
//! What only the storefront can bring back is counted.

use std::{sync::atomic::Ordering, time::Duration};

use ports::{Query, Record, State, told};

use crate::{pages, service::Service};

/// How often to look.
const PERIOD: Duration = Duration::from_mins(1);
/// How much longer than the longest delay a deferred job may rest.
const GRACE: Duration = Duration::from_mins(70);

/// Looks at start and every minute until the service drains.
pub async fn run(service: Service, max_delay: Duration) {
    while !service.draining.load(Ordering::Relaxed) {
        if let Err(problem) = sweep(&service, max_delay).await {
            tracing::error!(problem, "Unsettled cancellations could not be taken up again");
        }
        service.desk.clock.sleep(PERIOD).await;
    }
}

/// Queues every cancellation whose memo's outcome is not known, and every
/// deferred one that was not tried for longer than any delay. Parked ones wait
/// for a person.
async fn sweep(service: &Service, max_delay: Duration) -> Result<(), String> {
    let unsettled = Query { unsettled: true, ..Query::default() };
    queue_all(service, unsettled, |it| it.state != State::Parked).await?;
    let deferred = Query { state: Some(State::Deferred), ..Query::default() };
    let now = service.desk.clock.now();
    queue_all(service, deferred, |it| max_delay + GRACE < now.since(it.updated_at)).await?;
    let mut working = Query { state: Some(State::Working), ..Query::default() };
    let is_late = |it: &&Record| service.desk.give_up_after < now.since(it.waiting_since);
    let mut late = 0;
    while let Some(page) = next_page(service, &mut working).await? {
        late += page.iter().filter(is_late).count();
    }
    metrics::gauge!("memobridge_working_too_long").set(u32::try_from(late).unwrap_or(u32::MAX));
    Ok(())
}

async fn queue_all(
    service: &Service,
    mut query: Query,
    wanted: impl Fn(&Record) -> bool,
) -> Result<(), String> {
    while let Some(page) = next_page(service, &mut query).await? {
        for record in page.iter().filter(|it| wanted(it)) {
            let pushed = service.push(&record.cancellation, Duration::ZERO).await;
            pushed.map_err(|why| told(&why))?;
        }
    }
    Ok(())
}

async fn next_page(service: &Service, query: &mut Query) -> Result<Option<Vec<Record>>, String> {
    pages::next(&*service.desk.journal, query).await.map_err(|why| told(&why))
}
