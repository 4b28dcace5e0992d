//! Logs and metrics: JSON lines on stderr, or readable ones on a terminal.

use std::io::IsTerminal;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing::Level;
use tracing_subscriber::{EnvFilter, fmt, prelude::*};

use crate::audit;

/// Whose log it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Logs {
    /// A line for every outcome.
    OfTheService,
    /// Its output is what people look at: only what is wrong, and the audit trail.
    OfACommand,
}

/// Starts logging to stderr, at the level that `RUST_LOG` says where it says one.
/// The audit trail is written in any case.
pub fn logs(logs: Logs) {
    let level = match logs {
        Logs::OfTheService => Level::INFO,
        Logs::OfACommand => Level::ERROR,
    };
    let filter = EnvFilter::builder().with_default_directive(level.into()).from_env_lossy();
    let audit = format!("{}=info", audit::TARGET).parse().expect("a target and a level");
    let filter = filter.add_directive(audit);
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
