//! One trace per cancellation, across webhook, queue, worker and replicas.
//!
//! The trace id is derived from the cancellation's id, so it need not be transmitted: every attempt
//! at a cancellation adds to the same trace. To compute it by hand: `printf %s can-… | sha256sum |
//! cut -c1-32`.

use domain::{Cancellation, CancellationId};
use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use sha2::{Digest, Sha256};
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use crate::process::{outcome::Outcome, service::AttemptOwner};

/// One delivery of the webhook, until its answer.
pub fn delivery(cancellation: &Cancellation) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "delivery",
        otel.kind = "server",
        otel.status_code = Empty,
        cancellation.id = %cancellation.id(),
        order.id = %cancellation.order,
        tenant = %cancellation.tenant,
        http.response.status_code = Empty,
        outcome = Empty,
        reason = Empty,
    );
    join(&span, cancellation);
    span
}

/// One attempt, which may take longer than the delivery that began it.
pub fn attempt(cancellation: &Cancellation, runner: AttemptOwner) -> Span {
    let span = tracing::info_span!(
        parent: None,
        "attempt",
        otel.status_code = Empty,
        cancellation.id = %cancellation.id(),
        order.id = %cancellation.order,
        tenant = %cancellation.tenant,
        runner = runner.name(),
        outcome = Empty,
        reason = Empty,
    );
    join(&span, cancellation);
    span
}

/// Records the outcome on the attempt's span.
pub fn ended(outcome: &Outcome) {
    let span = Span::current();
    span.record("outcome", outcome.name());
    if let Some(reason) = outcome.reason() {
        span.record("reason", reason.name());
    }
    if let Outcome::Unavailable { .. } = outcome {
        span.record("otel.status_code", "ERROR");
    }
}

/// Makes the span part of the cancellation's trace. All spans of a trace have one parent, which is
/// never sent, because no span is known to be the first.
fn join(span: &Span, cancellation: &Cancellation) {
    if span.is_disabled() {
        return;
    }
    let parent = Context::new().with_remote_span_context(origin(&cancellation.id()));
    // Without an exporter there is no trace to join.
    span.set_parent(parent).ok();
}

fn origin(id: &CancellationId) -> SpanContext {
    let hash = Sha256::digest(id.as_str());
    let (trace, rest) = hash.split_first_chunk::<16>().expect("a hash has 32 bytes");
    let span = rest.first_chunk::<8>().expect("a hash has 32 bytes");
    let (trace, span) = (TraceId::from_bytes(*trace), SpanId::from_bytes(*span));
    SpanContext::new(trace, span, TraceFlags::SAMPLED, true, TraceState::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trace_follows_from_the_cancellation() {
        let origin = origin(&"can-0123456789abcdef0123".parse().unwrap());
        // printf %s can-0123456789abcdef0123 | sha256sum
        assert_eq!(origin.trace_id().to_string(), "940f15b49127a4119368eba9599ae7ca");
        assert_eq!(origin.span_id().to_string(), "bb7be416f40c38ff");
        assert!(origin.is_remote() && origin.is_sampled());
    }
}
