//! Logs and metrics: JSON lines on stderr, or readable ones on a terminal.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

/// Starts logging to stderr. The level is `info`, or what `RUST_LOG` says.
pub fn logs() {
    let filter =
        EnvFilter::builder().with_default_directive(tracing::Level::INFO.into()).from_env_lossy();
    let registry = tracing_subscriber::registry().with(filter);
    let terminal = std::io::stderr().is_terminal();
    let begun = if terminal {
        registry.with(fmt::layer().with_writer(std::io::stderr)).try_init()
    } else {
        let lines = fmt::layer().json().flatten_event(true).with_writer(std::io::stderr);
        registry.with(lines).try_init()
    };
    if begun.is_err() {
        tracing::debug!("Logging was started before");
    }
}

/// Starts counting; the handle renders what `/metrics` shows.
#[must_use]
pub fn metrics() -> PrometheusHandle {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("Counting was started before");
    }
    handle
}
