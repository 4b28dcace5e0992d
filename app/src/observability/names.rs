//! Declares every metric of the product; `/metrics` shows no others.
//!
//! Code names a metric where it counts, and adapters use the same facade; tests compare this list
//! and docs/METRICS.md with what the service shows. No label contains an id: label values are
//! tenants, accounts and fixed words of memobridge.

use metrics::Unit;

/// One metric.
#[derive(Debug, Clone, Copy)]
pub struct Metric {
    /// The name in Prometheus, without the suffixes of a histogram.
    pub name: &'static str,
    /// Its kind.
    pub kind: Kind,
    /// Its unit.
    pub unit: Unit,
    /// Its labels, except `le` of a histogram's buckets.
    pub labels: &'static [&'static str],
    /// The description in docs/METRICS.md.
    pub meaning: &'static str,
    /// When the metric exists.
    pub shown: Shown,
}

/// The kind of a metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// A value that only grows.
    Counter,
    /// A value that rises and falls.
    Gauge,
    /// A histogram with these bounds.
    Histogram(&'static [f64]),
}

impl Kind {
    /// The name of the kind in Prometheus.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

/// When a metric exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// After its first event.
    Always,
    /// Only with this section of the configuration.
    With(&'static str),
}

/// From the duration of a call to that of an attempt with several calls.
const CALL: &[f64] = &[0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0];
/// From an answer within the webhook call to a wait of days.
const WHOLE_WAY: &[f64] = &[
    0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3_600.0, 14_400.0, 43_200.0, 86_400.0,
    259_200.0,
];

/// All metrics, in the order of docs/METRICS.md.
pub const ALL: &[Metric] = &[
    gauge(
        "memobridge_build_info",
        Unit::Count,
        &["version"],
        "1, labelled with the running version",
    ),
    counter("memobridge_log_lines_dropped_total", &[], "log lines that were not read in time"),
    counter(
        "memobridge_deliveries_total",
        &["tenant", "status", "outcome"],
        "calls of the webhook by their answer; no tenant where the call was rejected",
    ),
    counter(
        "memobridge_refused_requests_total",
        &["method", "cause"],
        "requests answered 4xx by cause, without those of the admin API",
    ),
    counter(
        "memobridge_admin_calls_total",
        &["status"],
        "calls of the admin API by the status of their answer",
    )
    .with("server.admin_token"),
    counter(
        "memobridge_outcomes_total",
        &["tenant", "outcome", "reason"],
        "attempts, of webhook and worker, by outcome",
    ),
    seconds("memobridge_attempt_duration_seconds", CALL, &["tenant"], "how long an attempt took"),
    counter("memobridge_memos_posted_total", &["tenant"], "credit memos posted"),
    seconds(
        "memobridge_event_to_memo_seconds",
        WHOLE_WAY,
        &["tenant"],
        "from the event's publication to each of its memos on record",
    ),
    seconds(
        "memobridge_receipt_to_memo_seconds",
        WHOLE_WAY,
        &["tenant"],
        "from the first receipt, or a person's retry, to each memo on record",
    ),
    counter(
        "memobridge_memo_total_mismatches_total",
        &[],
        "memos whose total in the ERP, read back, differs from the expected total",
    ),
    gauge(
        "memobridge_cancellations",
        Unit::Count,
        &["tenant", "state"],
        "unfinished cancellations: working, deferred, parked",
    ),
    gauge(
        "memobridge_cancellations_oldest_age_seconds",
        Unit::Seconds,
        &["tenant", "state"],
        "how long the oldest of them has waited; 0 when there is none",
    ),
    gauge(
        "memobridge_cancellations_stalled",
        Unit::Count,
        &[],
        "cancellations answered 500 that never came again, older than give_up_after",
    ),
    gauge("memobridge_queue_jobs", Unit::Count, &["state"], "jobs of the queue: waiting, leased"),
    gauge(
        "memobridge_queue_oldest_due_seconds",
        Unit::Seconds,
        &[],
        "how long the longest due job has been due; 0 when none is due or the queue does not report it",
    ),
    gauge("memobridge_worker_jobs_running", Unit::Count, &["tenant"], "jobs being processed"),
    gauge(
        "memobridge_worker_jobs_waiting",
        Unit::Count,
        &["tenant"],
        "received jobs that wait for a permit",
    ),
    counter(
        "memobridge_store_failures_total",
        &["store", "operation"],
        "failed calls to the journal or the queue",
    ),
    counter(
        "memobridge_erp_calls_total",
        &["tenant", "operation", "class"],
        "calls to the ERP by result; none are made while the circuit breaker is open",
    ),
    seconds(
        "memobridge_erp_call_duration_seconds",
        CALL,
        &["tenant", "operation"],
        "how long they took",
    ),
    gauge(
        "memobridge_circuit_breaker_open",
        Unit::Count,
        &["tenant", "cause"],
        "1 while calls to the ERP are suspended for this cause: unavailable, permission, credentials",
    ),
    gauge(
        "memobridge_erp_concurrency_limit",
        Unit::Count,
        &["account"],
        "calls to the account that may be in flight at once",
    ),
    gauge("memobridge_erp_requests_in_flight", Unit::Count, &["account"], "calls in flight"),
    gauge(
        "memobridge_erp_requests_waiting",
        Unit::Count,
        &["account"],
        "calls that wait for a slot",
    ),
    counter("memobridge_erp_slot_waits_total", &["account"], "calls that had to wait for a slot"),
    seconds("memobridge_erp_slot_wait_seconds", CALL, &["account"], "how long they waited"),
    counter("memobridge_erp_throttled_total", &["account"], "calls that the ERP throttled"),
    counter(
        "memobridge_newstore_calls_total",
        &["tenant", "operation", "class"],
        "calls to NewStore by result",
    ),
    seconds(
        "memobridge_newstore_call_duration_seconds",
        CALL,
        &["tenant", "operation"],
        "how long they took",
    ),
    gauge(
        "memobridge_newstore_token_expires_timestamp_seconds",
        Unit::Seconds,
        &["tenant"],
        "when the latest access token expires, in seconds since 1970",
    ),
    gauge(
        "memobridge_stream_running",
        Unit::Count,
        &["tenant"],
        "1 while NewStore's event stream runs, 0 when it was found stopped",
    )
    .with("[customer.stream]"),
    counter("memobridge_stream_restarts_total", &["tenant"], "restarts of a stopped stream")
        .with("[customer.stream]"),
    reconciled(
        "memobridge_reconcile_missing",
        "findings of the last comparison: cancelled units on no memo",
    ),
    reconciled(
        "memobridge_reconcile_doubled",
        "findings of the last comparison: memos that credit what another one credits",
    ),
    reconciled(
        "memobridge_reconcile_different",
        "findings of the last comparison: memos whose total differs from the expected total",
    ),
    reconciled(
        "memobridge_reconcile_unclear",
        "findings of the last comparison: orders that could not be compared",
    ),
    reconciled(
        "memobridge_reconcile_waiting",
        "findings of the last comparison: units whose cancellation is being processed",
    ),
    reconciled(
        "memobridge_reconcile_parked",
        "findings of the last comparison: units whose cancellation needs manual action",
    ),
    reconciled(
        "memobridge_reconcile_unexplained",
        "findings of the last comparison: memos for items that are neither cancelled nor returned",
    ),
    gauge(
        "memobridge_reconcile_last_run_timestamp_seconds",
        Unit::Seconds,
        &["tenant"],
        "start of the last finished comparison, in seconds since 1970",
    )
    .with("[reconcile]"),
    counter("memobridge_reconcile_failures_total", &["tenant"], "comparisons that failed")
        .with("[reconcile]"),
];

impl Metric {
    const fn with(self, configuration: &'static str) -> Self {
        Self { shown: Shown::With(configuration), ..self }
    }
}

const fn metric(
    name: &'static str,
    kind: Kind,
    unit: Unit,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    Metric { name, kind, unit, labels, meaning, shown: Shown::Always }
}

const fn counter(
    name: &'static str,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    metric(name, Kind::Counter, Unit::Count, labels, meaning)
}

const fn gauge(
    name: &'static str,
    unit: Unit,
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    metric(name, Kind::Gauge, unit, labels, meaning)
}

const fn seconds(
    name: &'static str,
    bounds: &'static [f64],
    labels: &'static [&'static str],
    meaning: &'static str,
) -> Metric {
    metric(name, Kind::Histogram(bounds), Unit::Seconds, labels, meaning)
}

const fn reconciled(name: &'static str, meaning: &'static str) -> Metric {
    gauge(name, Unit::Count, &["tenant"], meaning).with("[reconcile]")
}
