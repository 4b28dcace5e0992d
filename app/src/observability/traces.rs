//! Sends spans to a collector over OTLP, without delaying the service.
//!
//! Finished spans wait in a bounded queue for a dedicated thread. If the collector is slow or down,
//! spans are lost and a log line reports it from time to time.

use std::{
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::Context;
use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{Protocol, RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::{Sampler, SdkTracerProvider, SpanData, SpanExporter},
};
use tokio::runtime::Handle;
use tracing::{Level, Subscriber};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::config;

/// The limit for sending one batch of spans.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The time between two lines about lost spans.
const QUIET: Duration = Duration::from_mins(5);
/// The prefixes of the targets of memobridge's own spans; libraries have other targets.
const OURS: [&str; 2] = ["app", "adapters"];

/// The exporter, if one is configured.
#[derive(Debug)]
pub struct Traces(Option<SdkTracerProvider>);

impl Traces {
    /// Sends the remaining spans, for at most `limit`.
    pub async fn end(self, limit: Duration) {
        let Some(provider) = self.0 else {
            return;
        };
        let ending = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(limit));
        match ending.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "Timed out sending the last spans"),
            Err(error) => tracing::error!(%error, "Failed to send the last spans"),
        }
    }
}

/// The layer that creates spans, and the exporter that sends them.
pub(super) fn start<S>(
    config: Option<&config::Telemetry>,
) -> anyhow::Result<(Traces, Option<impl Layer<S>>)>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    let Some(config) = config else {
        return Ok((Traces(None), None));
    };
    let provider = provider(config)?;
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("memobridge"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    // Events are not exported; they belong to the log.
    let ours =
        filter_fn(|it| it.is_span() && OURS.iter().any(|ours| it.target().starts_with(ours)));
    let layer = layer.with_filter(ours.with_max_level_hint(Level::INFO));
    Ok((Traces(Some(provider)), Some(layer)))
}

fn provider(config: &config::Telemetry) -> anyhow::Result<SdkTracerProvider> {
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let name = config.service_name.clone();
    let resource = Resource::builder().with_service_name(name).with_attribute(version).build();
    // A span without a cancellation, for example of the read-back, belongs to no trace.
    let sampler = Sampler::parent_based(Sampler::AlwaysOff)
        .with_remote_parent_sampled(Sampler::TraceIdRatioBased(config.sample));
    Ok(SdkTracerProvider::builder()
        .with_sampler(sampler)
        .with_batch_exporter(Exporter::new(config, &resource)?)
        .with_resource(resource)
        .build())
}

/// Sends spans on the service's runtime, because the exporting thread has none.
#[derive(Debug)]
struct Exporter {
    collector: Arc<opentelemetry_otlp::SpanExporter>,
    endpoint: String,
    runtime: Handle,
    losses: Mutex<Losses>,
}

impl Exporter {
    fn new(config: &config::Telemetry, resource: &Resource) -> anyhow::Result<Self> {
        let endpoint = &config.otlp_endpoint;
        let mut collector = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(format!("{endpoint}/v1/traces"))
            .with_timeout(TIMEOUT)
            .with_retry_policy(RetryPolicy::disabled())
            .build()
            .with_context(|| format!("traces cannot be sent to {endpoint}"))?;
        collector.set_resource(resource);
        Ok(Self {
            collector: Arc::new(collector),
            endpoint: endpoint.clone(),
            runtime: Handle::current(),
            losses: Mutex::default(),
        })
    }

    fn log_losses(&self, lost: usize, error: &OTelSdkError) {
        let mut losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(spans) = losses.add(lost, Instant::now()) {
            let endpoint = &self.endpoint;
            tracing::warn!(endpoint, spans, %error, "Failed to send spans to collector {endpoint}");
        }
    }
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let collector = Arc::clone(&self.collector);
        let sending = self.runtime.spawn(async move { collector.export(batch).await });
        match sending.await {
            Ok(sent) => sent.inspect_err(|error| self.log_losses(spans, error)),
            // The service has ended; it logged that these were not sent.
            Err(cut_off) => Err(OTelSdkError::InternalFailure(cut_off.to_string())),
        }
    }
}

/// Counts lost spans and reports them from time to time.
#[derive(Debug, Default)]
struct Losses {
    unreported: usize,
    reported_at: Option<Instant>,
}

impl Losses {
    /// Adds lost spans; returns the number to report, if it is time.
    fn add(&mut self, lost: usize, now: Instant) -> Option<usize> {
        self.unreported += lost;
        if self.reported_at.is_some_and(|at| now.duration_since(at) < QUIET) {
            return None;
        }
        self.reported_at = Some(now);
        Some(mem::take(&mut self.unreported))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_spans_are_reported_from_time_to_time() {
        let (mut losses, start) = (Losses::default(), Instant::now());
        // seconds since the start, lost, reported
        let table =
            [(0, 3, Some(3)), (5, 2, None), (299, 1, None), (300, 4, Some(7)), (301, 1, None)];
        for (seconds, lost, reported) in table {
            let now = start + Duration::from_secs(seconds);
            assert_eq!(losses.add(lost, now), reported, "after {seconds} s");
        }
    }
}
