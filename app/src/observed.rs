//! Ports with somebody watching: every call is a span and is counted by how it ended.
//!
//! What is watched does not know it; an adapter gets all of this for nothing.

mod access;
mod jobs;
mod journal;
mod ledger;
mod storefront;

use std::sync::Arc;

use domain::Tenant;
use ports::Clock;
use tracing::Span;

/// What may fail in our stores, for those who count it.
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

/// A retailer's system: its calls take time, and may fail in many ways.
pub struct System<P: ?Sized> {
    port: Arc<P>,
    tenant: String,
    clock: Arc<dyn Clock>,
}

/// A store of our own: its calls hardly ever fail.
pub struct Store<P: ?Sized>(Arc<P>);

impl<P: ?Sized> System<P> {
    /// Watches `port`, which is `tenant`'s.
    #[must_use]
    pub fn new(port: Arc<P>, tenant: &Tenant, clock: Arc<dyn Clock>) -> Self {
        Self { port, tenant: tenant.to_string(), clock }
    }
}

impl<P: ?Sized> Store<P> {
    /// Watches `port`.
    #[must_use]
    pub fn new(port: Arc<P>) -> Self {
        Self(port)
    }
}

/// Marks a span as one that failed.
fn failed(span: &Span) {
    span.record("otel.status_code", "ERROR");
}

/// Counts a call to one of our stores that failed.
pub(crate) fn store_failed(store: &'static str, operation: &'static str) {
    let labels = [("store", store), ("operation", operation)];
    metrics::counter!("memobridge_store_failures_total", &labels).increment(1);
}
