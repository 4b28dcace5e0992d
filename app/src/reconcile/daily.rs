//! The scheduled comparison.
//!
//! One of several replicas runs it. A lease on an order that cannot exist is the schedule: the
//! replica that acquires it compares, and the lease ends when the next comparison is due.

use std::{convert::Infallible, time::Duration};

use domain::{OrderId, Timestamp};
use ports::{JournalError, LeaseToken, OrderLease, Window, error_chain};

use super::{KINDS, OpenMemoIndex, ReconcileError, RepairMode, Report, reconcile};
use crate::{
    config::{self, RepairSetting},
    process::{
        credit::{Context, Customer},
        service::Service,
    },
};

/// No order has this id.
const SCHEDULE: &str = "00000000-0000-0000-0000-000000000000";
/// How often the service checks whether a comparison is due.
const PERIOD: Duration = Duration::from_mins(1);
/// How long a comparison that crashed or failed blocks the next one.
const LEASE: Duration = Duration::from_mins(10);
/// How late an event may arrive after the change that it reports; changes within this time are left
/// for the next comparison.
const GRACE: Duration = Duration::from_hours(1);
/// How often a running comparison renews its lease.
const RENEWAL: Duration = Duration::from_mins(3);

/// The gauges, by kind of finding.
const GAUGES: [(&str, &str); KINDS.len()] = [
    ("memobridge_reconcile_missing", "missing"),
    ("memobridge_reconcile_doubled", "doubled"),
    ("memobridge_reconcile_different", "different"),
    ("memobridge_reconcile_unclear", "unclear"),
    ("memobridge_reconcile_waiting", "waiting"),
    ("memobridge_reconcile_parked", "parked"),
    ("memobridge_reconcile_unexplained", "unexplained"),
];

/// Compares whatever is due, until the service drains.
pub async fn run(service: Service, plan: config::Reconcile, open_index: OpenMemoIndex) {
    let schedule = Schedule { plan, open_index, order: SCHEDULE.parse().expect("it is a UUID") };
    while service.sleep_or_drain(PERIOD).await.is_some() {
        for entry in service.customers.values() {
            let customer = &entry.customer;
            let comparing = schedule.run_when_due(&service, customer);
            if let Some(Err(error)) = service.draining.run_until_cancelled(comparing).await {
                let tenant = &customer.tenant;
                tracing::error!(%tenant, %error, "Failed to compare tenant {tenant}: no journal");
            }
        }
    }
}

struct Schedule {
    plan: config::Reconcile,
    open_index: OpenMemoIndex,
    order: OrderId,
}

impl Schedule {
    /// Runs the comparison if it is due and no other replica runs it.
    async fn run_when_due(
        &self,
        service: &Service,
        customer: &Customer,
    ) -> Result<(), JournalError> {
        let context = &service.context;
        let token = LeaseToken(context.random.name());
        if self.acquire_lease(context, customer, &token, LEASE).await? == OrderLease::HeldByOther {
            return Ok(());
        }
        let began = context.clock.now();
        let start = context.clock.instant();
        let outcome = tokio::select! {
            biased;
            outcome = self.compare(service, customer, began) => outcome,
            never = self.renew_lease(context, customer, &token) => match never {},
        };
        log_report(customer, &outcome, began);
        if outcome.is_ok() {
            let left = self.plan.every.saturating_sub(context.clock.instant().since(start));
            let _ = self.acquire_lease(context, customer, &token, left).await?;
        }
        Ok(())
    }

    async fn compare(
        &self,
        service: &Service,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<Report, ReconcileError> {
        let until = now.before(GRACE);
        let window = Window { since: until.before(self.plan.window), until: Some(until) };
        let repair_mode = match self.plan.repair {
            RepairSetting::Off => RepairMode::Off,
            RepairSetting::On => RepairMode::Queue(&*service.jobs),
        };
        let index = (self.open_index)().map_err(ReconcileError::before_the_first_page)?;
        reconcile(&service.context, customer, window, repair_mode, index).await
    }

    async fn acquire_lease(
        &self,
        context: &Context,
        customer: &Customer,
        token: &LeaseToken,
        lease: Duration,
    ) -> Result<OrderLease, JournalError> {
        context
            .journal
            .acquire(&customer.tenant, &self.order, token, context.clock.now(), lease)
            .await
    }

    /// Renews the lease for as long as it is polled.
    async fn renew_lease(
        &self,
        context: &Context,
        customer: &Customer,
        token: &LeaseToken,
    ) -> Infallible {
        loop {
            context.clock.sleep(RENEWAL).await;
            if !matches!(
                self.acquire_lease(context, customer, token, LEASE).await,
                Ok(OrderLease::Held)
            ) {
                // Two concurrent comparisons find the same and queue it once.
                tracing::warn!(tenant = %customer.tenant, "Failed to renew the lease of the daily comparison");
            }
        }
    }
}

/// Writes one log line and sets the gauges.
fn log_report(customer: &Customer, outcome: &Result<Report, ReconcileError>, now: Timestamp) {
    let tenant = customer.tenant.to_string();
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            metrics::counter!("memobridge_reconcile_failures_total", "tenant" => tenant.clone())
                .increment(1);
            let error = error_chain(error);
            tracing::error!(tenant, error, "The comparison of {tenant} failed: {error}");
            return;
        }
    };
    for (name, kind) in GAUGES {
        let count = u32::try_from(report.tally(kind).count).unwrap_or(u32::MAX);
        metrics::gauge!(name, "tenant" => tenant.clone()).set(count);
    }
    let seconds = u32::try_from(now.as_millis() / 1000).unwrap_or(u32::MAX);
    metrics::gauge!("memobridge_reconcile_last_run_timestamp_seconds", "tenant" => tenant.clone())
        .set(seconds);
    let count = |kind| report.tally(kind).count;
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                tenant,
                orders = report.orders,
                units = report.units,
                memos = report.memos,
                queued = report.queued,
                missing = count("missing"),
                missing_amount = %report.tally("missing"),
                doubled = count("doubled"),
                doubled_amount = %report.tally("doubled"),
                different = count("different"),
                different_amount = %report.tally("different"),
                unclear = count("unclear"),
                waiting = count("waiting"),
                parked = count("parked"),
                unexplained = count("unexplained"),
                "Compared {tenant}: {} missing, {} doubled, {} different",
                count("missing"),
                count("doubled"),
                count("different")
            )
        };
    }
    if report.agrees() {
        line!(info);
    } else {
        line!(error);
    }
}
