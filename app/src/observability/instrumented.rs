//! Instrumented ports: every call is a span and is counted by its result.
//!
//! An adapter does not know that it is instrumented.

mod jobs;
mod journal;
mod ledger;
mod read_permissions;
mod storefront;

use std::sync::Arc;

use domain::Tenant;
use ports::Clock;
use tracing::Span;

/// The stores whose failed calls are counted.
pub(crate) const OPERATIONS: [(&str, &str); 12] = [
    ("journal", "open"),
    ("journal", "hold"),
    ("journal", "claims"),
    ("journal", "record"),
    ("journal", "find"),
    ("journal", "count"),
    ("queue", "push"),
    ("queue", "receive"),
    ("queue", "extend"),
    ("queue", "ack"),
    ("queue", "defer"),
    ("queue", "count"),
];

/// A system of a customer: its calls take time, and may fail in many ways.
pub struct InstrumentedSystem<P: ?Sized> {
    port: Arc<P>,
    tenant: String,
    clock: Arc<dyn Clock>,
}

/// A store of memobridge: its calls rarely fail.
pub struct InstrumentedStore<P: ?Sized>(Arc<P>);

impl<P: ?Sized> InstrumentedSystem<P> {
    /// Instruments `port`, which belongs to `tenant`.
    #[must_use]
    pub fn new(port: Arc<P>, tenant: &Tenant, clock: Arc<dyn Clock>) -> Self {
        Self { port, tenant: tenant.to_string(), clock }
    }
}

impl<P: ?Sized> InstrumentedStore<P> {
    /// Instruments `port`.
    #[must_use]
    pub fn new(port: Arc<P>) -> Self {
        Self(port)
    }
}

/// Marks a span as failed.
fn failed(span: &Span) {
    span.record("otel.status_code", "ERROR");
}

/// Counts a failed call to a store.
pub(crate) fn store_failed(store: &'static str, operation: &'static str) {
    let labels = [("store", store), ("operation", operation)];
    metrics::counter!("memobridge_store_failures_total", &labels).increment(1);
}
