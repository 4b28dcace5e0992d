//! Records metrics: the duration of each memo when it is posted, and the contents of the stores
//! twice a minute.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::{Tenant, Timestamp};
use ports::{CancellationState, Depth, OpenCount, Received, Step, error_chain};

use crate::{
    background::stores::Stores,
    observability::instrumented::{OPERATIONS, store_failed},
    process::service::Service,
};

/// The time between two counts of the stores.
const PERIOD: Duration = Duration::from_secs(30);
/// The states of unfinished cancellations.
const UNFINISHED: [CancellationState; 3] =
    [CancellationState::Working, CancellationState::Deferred, CancellationState::Parked];

/// Counts the contents of the stores until the service drains.
pub async fn run(service: Service, stores: Arc<Stores>) {
    begin(&service);
    let mut tenants: BTreeSet<Tenant> = service.customers.keys().cloned().collect();
    loop {
        let now = service.context.clock.now();
        match stores.open_counts().await {
            Ok(found) => {
                tenants.extend(found.iter().map(|it| it.tenant.clone()));
                show_open_counts(&tenants, &found, now);
            }
            Err(error) => log_uncounted("journal", &error),
        }
        match stores.depth().await {
            Ok(depth) => show_depth(depth),
            Err(error) => log_uncounted("queue", &error),
        }
        if service.sleep_or_drain(PERIOD).await.is_none() {
            return;
        }
    }
}

/// Called after steps are in the journal: records the durations of the memos that they settled.
pub fn written(opened: &Received, steps: &[Step], now: Timestamp) {
    let settled = steps.iter().filter(|step| matches!(step, Step::Settled { .. }));
    settled.for_each(|_| posted(opened, now));
}

fn posted(opened: &Received, now: Timestamp) {
    let tenant = || opened.cancellation.tenant.to_string();
    metrics::counter!("memobridge_memos_posted_total", "tenant" => tenant()).increment(1);
    metrics::histogram!("memobridge_event_to_memo_seconds", "tenant" => tenant())
        .record(now.since(opened.cancellation.published_at).as_secs_f64());
    metrics::histogram!("memobridge_receipt_to_memo_seconds", "tenant" => tenant())
        .record(now.since(opened.waiting_since).as_secs_f64());
}

/// Creates counters before their first event, because an alert on the first event, or on the
/// absence of events, needs the zero.
fn begin(service: &Service) {
    metrics::gauge!("memobridge_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1);
    metrics::counter!("memobridge_memo_total_mismatches_total").absolute(0);
    for (store, operation) in OPERATIONS {
        let labels = [("store", store), ("operation", operation)];
        metrics::counter!("memobridge_store_failures_total", &labels).absolute(0);
    }
    for tenant in service.customers.keys() {
        let tenant = || tenant.to_string();
        let labels = [("tenant", tenant()), ("status", "200".into()), ("outcome", "posted".into())];
        metrics::counter!("memobridge_deliveries_total", &labels).absolute(0);
        metrics::counter!("memobridge_memos_posted_total", "tenant" => tenant()).absolute(0);
    }
}

fn show_open_counts(tenants: &BTreeSet<Tenant>, found: &[OpenCount], now: Timestamp) {
    for tenant in tenants {
        for state in UNFINISHED {
            let of_both = |it: &&OpenCount| it.tenant == *tenant && it.state == state;
            let found = found.iter().find(of_both);
            let count = found.map_or(0, |it| it.count);
            let age = found.map(|it| now.since(it.waiting_since)).unwrap_or_default();
            let labels = [("tenant", tenant.to_string()), ("state", state.name().to_owned())];
            metrics::gauge!("memobridge_cancellations", &labels).set(number(count));
            metrics::gauge!("memobridge_cancellations_oldest_age_seconds", &labels)
                .set(age.as_secs_f64());
        }
    }
}

fn show_depth(depth: Depth) {
    for (state, count) in [("waiting", depth.waiting), ("leased", depth.leased)] {
        metrics::gauge!("memobridge_queue_jobs", "state" => state).set(number(count));
    }
    let oldest = depth.oldest_due.unwrap_or_default();
    metrics::gauge!("memobridge_queue_oldest_due_seconds").set(oldest.as_secs_f64());
}

fn log_uncounted(store: &'static str, error: &dyn std::error::Error) {
    store_failed(store, "count");
    tracing::warn!(error = error_chain(error), "Failed to count the {store} for the metrics");
}

fn number(count: u64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
