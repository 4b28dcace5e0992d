//! Forgets what is long over, a little at a time, beside everything else.

use std::{sync::Arc, time::Duration};

use ports::told;

use crate::{service::Service, wiring::Stores};

/// How often to look for what may be forgotten.
const PERIOD: Duration = Duration::from_hours(1);
/// How many are forgotten at once: others write in between.
const BATCH: usize = 200;

/// Forgets every hour what was over for longer than `keep`, until the service drains.
pub async fn run(service: Service, stores: Arc<Stores>, keep: Duration) {
    while service.rest(PERIOD).await.is_some() {
        let before = service.desk.certain_now().before(keep);
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
            tracing::info!(forgotten, "Cancellations that were long over are forgotten");
        }
        if let Err(error) = ended {
            let why = told(&error);
            tracing::error!(why, "What is long over could not be forgotten");
        }
    }
}
