//! Deletes expired cancellations in small batches while the service runs.

use std::{sync::Arc, time::Duration};

use ports::error_chain;

use crate::{background::stores::Stores, process::service::Service};

/// How often expired cancellations are deleted.
const PERIOD: Duration = Duration::from_hours(1);
/// How many are deleted at once; other writes run in between.
const BATCH: usize = 200;

/// Deletes, every hour, what was finished for longer than `keep`, until the service drains.
pub async fn run(service: Service, stores: Arc<Stores>, keep: Duration) {
    while service.sleep_or_drain(PERIOD).await.is_some() {
        let before = service.context.certain_now().before(keep);
        let mut forgotten = 0;
        let ended = loop {
            match stores.forget(before, BATCH).await {
                Ok(0) => break Ok(()),
                Ok(some) => forgotten += some,
                Err(error) => break Err(error),
            }
            if service.draining.is_cancelled() {
                break Ok(());
            }
        };
        if forgotten != 0 {
            tracing::info!(count = forgotten, "Deleted expired cancellations");
        }
        if let Err(error) = ended {
            let error = error_chain(&error);
            tracing::error!(error, "Failed to delete expired cancellations");
        }
    }
}
