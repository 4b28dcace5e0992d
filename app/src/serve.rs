//! Starts the service, and stops it without losing anything.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use ports::Clock;
use tokio::{
    net::TcpListener,
    runtime::Handle,
    signal::unix::{SignalKind, signal},
    task::JoinHandle,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    background::{gauges, permission_probe, read_back, recovery, retention, stream, worker},
    config::Config,
    inbound::{HttpState, listen},
    process::service::Service,
    reconcile, wiring,
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
    server: JoinHandle<()>,
    stop: DropGuard,
}

impl Application {
    /// Opens everything, listens, and starts the worker. HTTP is served by `http` and nothing
    /// else is; all work is done where this is called.
    pub async fn start(
        config: Config,
        clock: Arc<dyn Clock>,
        metrics: PrometheusHandle,
        http: &Handle,
    ) -> anyhow::Result<Self> {
        let Config {
            server, intake, queue, worker, journal, reconcile: plan, keep, customers, ..
        } = config;
        let streams = wiring::streams(&customers, &clock)?;
        let (service, stores) = wiring::service(customers, &queue, &journal, worker, clock).await?;
        let listen = server.listen;
        // Who opens a connection's sockets also waits for what comes in.
        let listener = http
            .spawn(TcpListener::bind(listen))
            .await?
            .with_context(|| format!("cannot listen on {listen} (server.listen)"))?;
        let address = listener.local_addr()?;
        let drain = server.drain;
        let front = HttpState::new(service.clone(), intake, &server, metrics.clone());
        let stop = CancellationToken::new();
        let most = server.max_connections;
        let refusals = front.refusals();
        let listening = listen::serve(listener, front.router(), refusals, most, stop.clone());
        let server = http.spawn(listening);
        let stop = stop.drop_guard();
        tokio::spawn(worker::run(service.clone(), worker.concurrency, worker.into()));
        tokio::spawn(read_back::run(service.clone(), CONFIRM_PERIOD));
        tokio::spawn(upkeep(metrics, service.clone()));
        let stores = Arc::new(stores);
        tokio::spawn(gauges::run(service.clone(), Arc::clone(&stores)));
        tokio::spawn(retention::run(service.clone(), stores, keep));
        tokio::spawn(recovery::run(service.clone(), worker.max_delay));
        for entry in service.customers.values() {
            tokio::spawn(permission_probe::run(service.clone(), Arc::clone(entry)));
        }
        for it in streams {
            tokio::spawn(stream::watch(it, service.clone()));
        }
        if let Some(plan) = plan {
            tokio::spawn(reconcile::daily::run(service.clone(), plan, wiring::memo_index));
        }
        tracing::info!(%address, "Listening on {address}");
        Ok(Self { service, address, drain, server, stop })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops taking work and finishes what runs, within the configured time. The listener stays
    /// open meanwhile: events are rejected and the health check says why.
    pub async fn shut_down(self) {
        tracing::info!("Shutting down");
        self.service.draining.cancel();
        self.service.running.close();
        let finished = async {
            self.service.running.wait().await;
            drop(self.stop);
            let ended = self.server.await;
            // A call that came just before may have begun something.
            self.service.running.wait().await;
            ended
        };
        match tokio::time::timeout(self.drain, finished).await {
            Ok(Ok(())) => tracing::info!("Finished all running work"),
            Ok(Err(error)) => tracing::error!(%error, "Failed to stop the server"),
            Err(_) => {
                tracing::warn!("Stopped before all work was finished; it will be recovered");
            }
        }
    }
}

/// Keeps the recorded samples small while nothing scrapes them.
async fn upkeep(metrics: PrometheusHandle, service: Service) {
    while service.sleep_or_drain(UPKEEP_PERIOD).await.is_some() {
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
        tracing::warn!("Received a second signal; exiting at once");
        std::process::exit(1);
    });
    Ok(())
}
