//! Logs, metrics and traces of the service.

pub mod instrumented;
mod log_writer;
pub mod names;
pub mod spans;
mod traces;

use std::{ffi::OsStr, io::IsTerminal};

use metrics_exporter_prometheus::{
    Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder,
};
use tracing::Level;
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::{Directive, FilterExt, filter_fn},
    fmt::{self, writer::BoxMakeWriter},
    prelude::*,
};

use crate::{config, operator::audit};
use {self::names::Kind, crate::observability::log_writer::Lines};
pub use {self::traces::Traces, crate::observability::log_writer::Flush};

/// The environment variable with the log filter.
const FILTER: &str = "RUST_LOG";

/// The kind of process that logs.
#[derive(Debug, Clone, Copy)]
pub enum Logs<'a> {
    /// A service: a line for every outcome, and traces where the configuration names a collector.
    OfTheService(Option<&'a config::Telemetry>),
    /// A command: only problems and the audit trail, because people read its output.
    OfACommand,
}

/// The telemetry that must be flushed at the end.
#[must_use]
pub struct Telemetry {
    /// Exports spans.
    pub traces: Traces,
    /// Writes log lines; `None` for a command, whose lines are written at once.
    pub lines: Option<Flush>,
}

/// Starts tracing and logging to stderr, as JSON lines or as readable lines on a terminal.
/// `RUST_LOG` sets the level. The audit trail is always written.
pub fn start(logs: Logs<'_>) -> anyhow::Result<Telemetry> {
    let (level, config, lines) = match logs {
        Logs::OfTheService(config) => (Level::INFO, config, Some(Lines::start(std::io::stderr())?)),
        Logs::OfACommand => (Level::ERROR, None, None),
    };
    let (traces, tracing) = traces::start(config)?;
    let (filter, problems) = filter(level, &std::env::var_os(FILTER).unwrap_or_default());
    let audit = format!("{}=info", audit::TARGET).parse().expect("a target and a level");
    let filter = filter.add_directive(audit);
    // Spans are only for traces, and the exporter logs its own problems.
    let shown =
        filter.and(filter_fn(|it| it.is_event() && !it.target().starts_with("opentelemetry")));
    let writer = match &lines {
        // A stalled reader must not block the service.
        Some(lines) => BoxMakeWriter::new(lines.clone()),
        None => BoxMakeWriter::new(std::io::stderr),
    };
    // An error of stderr cannot be reported on stderr.
    let log = fmt::layer().log_internal_errors(false);
    let log = if std::io::stderr().is_terminal() {
        log.with_writer(writer).boxed()
    } else {
        log.json().flatten_event(true).with_writer(writer).boxed()
    };
    let registry = tracing_subscriber::registry().with(tracing).with(log.with_filter(shown));
    if registry.try_init().is_err() {
        tracing::debug!("Logging was started before");
    }
    for error in problems {
        let remedy = "write LEVEL or TARGET=LEVEL, with commas in between";
        tracing::error!(error, remedy, "Ignored what cannot be read in RUST_LOG");
    }
    Ok(Telemetry { traces, lines: lines.map(|lines| lines.flush_at_the_end()) })
}

/// The filter in `RUST_LOG`, and its problems, without its text. A part that
/// cannot be read is left out; `EnvFilter` would print it, and panic where stderr takes nothing.
fn filter(level: Level, text: &OsStr) -> (EnvFilter, Vec<String>) {
    let mut problems = Vec::new();
    let text = text.to_str().unwrap_or_else(|| {
        problems.push("it is not UTF-8".to_owned());
        ""
    });
    let mut parts = Vec::new();
    for (nth, part) in (1..).zip(text.split(',')).filter(|(_, part)| !part.is_empty()) {
        match part.parse::<Directive>() {
            Ok(_) => parts.push(part),
            Err(error) => problems.push(format!("part {nth}: {error}")),
        }
    }
    let builder = EnvFilter::builder().with_default_directive(level.into());
    (builder.parse_lossy(parts.join(",")), problems)
}

/// Starts counting; the handle renders what `/metrics` shows.
#[must_use]
pub fn metrics() -> PrometheusHandle {
    let recorder = recorder();
    let handle = recorder.handle();
    if metrics::set_global_recorder(recorder).is_err() {
        tracing::debug!("Counting was started before");
    }
    handle
}

/// A recorder that knows every declared metric.
#[must_use]
pub fn recorder() -> PrometheusRecorder {
    let mut builder = PrometheusBuilder::new();
    for metric in names::ALL {
        if let Kind::Histogram(bounds) = metric.kind {
            let matcher = Matcher::Full(metric.name.to_owned());
            let built = builder.set_buckets_for_metric(matcher, bounds);
            builder = built.expect("every histogram of the list has bounds");
        }
    }
    let recorder = builder.build_recorder();
    metrics::with_local_recorder(&recorder, || {
        for it in names::ALL {
            match it.kind {
                Kind::Counter => metrics::describe_counter!(it.name, it.unit, it.meaning),
                Kind::Gauge => metrics::describe_gauge!(it.name, it.unit, it.meaning),
                Kind::Histogram(_) => metrics::describe_histogram!(it.name, it.unit, it.meaning),
            }
        }
        // The counter exists before the first line is dropped, so that its rate is known.
        metrics::counter!("memobridge_log_lines_dropped_total").increment(0);
    });
    recorder
}
