//! Takes up again what a crash cut off: cancellations with a memo that was perhaps sent.

use std::{sync::atomic::Ordering, time::Duration};

use ports::{Query, State};

use crate::service::Service;

/// How often to look.
const PERIOD: Duration = Duration::from_mins(1);

/// Looks at start and every minute until the service drains.
pub async fn run(service: Service) {
    while !service.draining.load(Ordering::Relaxed) {
        if let Err(problem) = sweep(&service).await {
            tracing::error!(problem, "Unsettled memos could not be taken up again");
        }
        service.desk.clock.sleep(PERIOD).await;
    }
}

/// Queues every cancellation whose memo's outcome is not known. Parked ones
/// wait for a person.
async fn sweep(service: &Service) -> Result<(), String> {
    let mut query = Query { unsettled: true, limit: 500, ..Query::default() };
    loop {
        let found = service.desk.journal.find(&query).await.map_err(|why| why.to_string())?;
        let Some(last) = found.last() else {
            return Ok(());
        };
        query.after = Some(last.place);
        for record in found.iter().filter(|it| it.state != State::Parked) {
            let pushed = service.push(&record.cancellation, Duration::ZERO).await;
            pushed.map_err(|why| why.to_string())?;
        }
    }
}
