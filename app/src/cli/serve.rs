//! `serve`: runs the service until it receives a signal.

use std::{sync::Arc, time::Instant};

use ports::Clock;

use crate::{
    config::Config,
    inbound::http_threads::Threads,
    observability::{self, Logs},
    serve::Application,
};

use super::CommandError;

/// Runs the service with this clock.
pub(super) async fn serve(config: Config, clock: Arc<dyn Clock>) -> Result<(), CommandError> {
    let telemetry = observability::start(Logs::OfTheService(config.telemetry.as_ref()))?;
    for fault in config.useless.iter().chain(&config.warnings) {
        tracing::warn!("Configuration: {fault}");
    }
    let (metrics, drain) = (observability::metrics(), config.server.drain);
    let http = Threads::start(|| ())?;
    let application = Application::start(config, clock, metrics, http.handle()).await?;
    application.until_stopped().await?;
    let began = Instant::now();
    let stopped = application.shut_down().await;
    telemetry.traces.end(drain.saturating_sub(began.elapsed())).await;
    drop(telemetry.lines);
    Ok(stopped?)
}
