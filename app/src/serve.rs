//! Starts the service, and stops it without losing work.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use metrics_exporter_prometheus::PrometheusHandle;
use ports::Clock;
use tokio::{
    net::TcpListener,
    runtime::Handle,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    background::{
        gauges, permission_probe, read_back, recovery, retention, stream,
        supervisor::{Supervisor, TaskError},
        worker,
    },
    config::Config,
    inbound::{HttpState, listen},
    process::service::Service,
    reconcile, wiring,
};

/// How often memos are read back.
const CONFIRM_PERIOD: Duration = Duration::from_secs(2);
/// How often old metric samples are removed.
const UPKEEP_PERIOD: Duration = Duration::from_secs(5);

/// The service, listening.
pub struct Application {
    service: Service,
    address: SocketAddr,
    drain: Duration,
    tasks: Supervisor,
    stop_http: DropGuard,
}

impl Application {
    /// Opens the stores, listens, and starts the background tasks. The runtime `http` only serves
    /// HTTP; all other work runs on the runtime that calls this function.
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
        // The runtime that binds the listener also polls its connections.
        let listener = http
            .spawn(TcpListener::bind(listen))
            .await?
            .with_context(|| format!("cannot listen on {listen} (server.listen)"))?;
        let address = listener.local_addr()?;
        let drain = server.drain;
        let tasks = Supervisor::new(service.draining.clone());
        let front = HttpState::new(
            service.clone(),
            wiring::event_decoder(),
            intake,
            &server,
            metrics.clone(),
            tasks.clone(),
        );
        let stop = CancellationToken::new();
        let most = server.max_connections;
        let refusals = front.refusals();
        let listening = listen::serve(listener, front.router(), refusals, most, stop.clone());
        tasks.run_until("http", stop.clone(), http.spawn(listening));
        let stop_http = stop.drop_guard();
        let work = worker::run(service.clone(), worker.concurrency, worker.into());
        tasks.run("worker", work);
        tasks.run("read-back", read_back::run(service.clone(), CONFIRM_PERIOD));
        tasks.run("metrics-upkeep", upkeep(metrics, service.clone()));
        let stores = Arc::new(stores);
        tasks.run("gauges", gauges::run(service.clone(), Arc::clone(&stores)));
        tasks.run("retention", retention::run(service.clone(), stores, keep));
        tasks.run("recovery", recovery::run(service.clone(), worker.max_delay));
        for (tenant, entry) in &*service.customers {
            let probe = permission_probe::run(service.clone(), Arc::clone(entry));
            tasks.run(format!("permission-probe {tenant}"), probe);
        }
        for stream in streams {
            let task = format!("stream-watch {}", stream.tenant);
            tasks.run(task, stream::watch(stream, service.clone()));
        }
        if let Some(plan) = plan {
            let comparison = reconcile::daily::run(service.clone(), plan, wiring::memo_index);
            tasks.run("reconciliation", comparison);
        }
        tracing::info!(%address, "Listening on {address}");
        Ok(Self { service, address, drain, tasks, stop_http })
    }

    /// Its address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Runs until SIGTERM, SIGINT or the failure of a background task. A second signal ends the
    /// process at once.
    pub async fn until_stopped(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut either = async move || {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        };
        let signalled = CancellationToken::new();
        let signalled_ = signalled.clone();
        tokio::spawn(async move {
            either().await;
            signalled_.cancel();
            either().await;
            tracing::warn!("Received a second signal; exiting at once");
            std::process::exit(1);
        });
        tokio::select! {
            () = signalled.cancelled() => {}
            () = self.tasks.failed() => {}
        }
        Ok(())
    }

    /// Accepts no more work, stops all tasks and finishes running work, within the configured time.
    /// The listener stays open meanwhile: events are rejected, and the health check gives the
    /// reason. An error is the background task that failed.
    pub async fn shut_down(self) -> Result<(), TaskError> {
        tracing::info!("Shutting down");
        self.service.draining.cancel();
        self.service.running.close();
        let finished = async {
            self.service.running.wait().await;
            drop(self.stop_http);
            self.tasks.join().await;
            // A call just before the end may have started work.
            self.service.running.wait().await;
        };
        match tokio::time::timeout(self.drain, finished).await {
            Ok(()) => tracing::info!("Finished all running work"),
            Err(_) => {
                tracing::warn!("Stopped before all work was finished; it will be recovered");
            }
        }
        self.tasks.failure().map_or(Ok(()), Err)
    }
}

/// Limits the memory of recorded samples while no scraper reads them.
async fn upkeep(metrics: PrometheusHandle, service: Service) {
    while service.sleep_or_drain(UPKEEP_PERIOD).await.is_some() {
        metrics.run_upkeep();
    }
}
