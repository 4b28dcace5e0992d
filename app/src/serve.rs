//! Starts the service, and stops it without losing anything.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use ports::Clock;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};

use crate::{
    config::Config, confirm, http::Front, measure, recover, service::Service, wiring, worker,
};

/// How often memos are read back.
const CONFIRM_PERIOD: Duration = Duration::from_secs(2);
/// How often metrics are tidied.
const UPKEEP_PERIOD: Duration = Duration::from_secs(5);

/// The service, listening.
pub struct Application {
    service: Service,
    address: SocketAddr,
    drain: Duration,
    server: JoinHandle<io::Result<()>>,
    stop: tokio::sync::watch::Sender<bool>,
}

impl Application {
    /// Opens everything, listens, and starts the worker.
    pub async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        metrics: PrometheusHandle,
    ) -> anyhow::Result<Self> {
        let Config { server, intake, queue, worker, journal, telemetry: _, customers } = config;
        let (service, stores) = wiring::service(customers, &queue, &journal, worker, clock).await?;
        let listen = server.listen;
        let listener = TcpListener::bind(listen)
            .await
            .with_context(|| format!("cannot listen on {listen} (server.listen)"))?;
        let address = listener.local_addr()?;
        let drain = server.drain;
        let front = Front::new(service.clone(), intake, &server, metrics.clone());
        let (stop, mut stopped) = tokio::sync::watch::channel(false);
        let routes = front.router().into_make_service_with_connect_info::<SocketAddr>();
        let server = axum::serve(listener, routes).with_graceful_shutdown(async move {
            // An error means that the application is gone: stop as well.
            stopped.wait_for(|it| *it).await.ok();
        });
        let server = tokio::spawn(server.into_future());
        tokio::spawn(worker::run(service.clone(), worker.concurrency, worker.into()));
        tokio::spawn(confirm::run(service.clone(), CONFIRM_PERIOD));
        tokio::spawn(upkeep(metrics, service.clone()));
        tokio::spawn(measure::run(service.clone(), stores));
        tokio::spawn(recover::run(service.clone(), worker.max_delay));
        tracing::info!(%address, "Listening on {address}");
        Ok(Self { service, address, drain, server, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops taking work and finishes what runs, within the configured time. It
    /// listens meanwhile: events are turned away and health says why.
    pub async fn shut_down(self) {
        tracing::info!("Shutting down");
        self.service.draining.cancel();
        self.service.running.close();
        let finished = async {
            self.service.running.wait().await;
            self.stop.send_replace(true);
            let ended = self.server.await;
            // A call that came just before may have begun something.
            self.service.running.wait().await;
            ended
        };
        match tokio::time::timeout(self.drain, finished).await {
            Ok(Ok(Ok(()))) => tracing::info!("Everything that ran is finished"),
            Ok(Ok(Err(error))) => tracing::error!(%error, "The server ended with an error"),
            Ok(Err(error)) => tracing::error!(%error, "The server did not end"),
            Err(_) => {
                tracing::warn!("Some work was not finished in time; it will be taken up again");
            }
        }
    }
}

/// Keeps what is counted small when nobody reads it.
async fn upkeep(metrics: PrometheusHandle, service: Service) {
    let period = || service.draining.run_until_cancelled(service.desk.clock.sleep(UPKEEP_PERIOD));
    while period().await.is_some() {
        metrics.run_upkeep();
    }
}

/// Runs until SIGTERM or SIGINT; a second signal ends the process at once.
pub async fn until_signal() -> io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut either = async move || {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    either().await;
    tokio::spawn(async move {
        either().await;
        tracing::warn!("A second signal: ending at once");
        std::process::exit(1);
    });
    Ok(())
}
