//! The comparison that the service makes by itself, every day or so.
//!
//! Of several replicas one makes it. The lease of an order that cannot exist is the schedule:
//! whoever gets it compares, and it ends when the next comparison is due.

use std::{convert::Infallible, time::Duration};

use domain::{OrderId, Timestamp};
use ports::{Hold, HoldToken, JournalError, Window, told};

use super::{Interrupted, KINDS, Mending, Report, reconcile};
use crate::{
    config::{self, Repair},
    credit::{Customer, Desk},
    service::Service,
};

/// No order has this id.
const SCHEDULE: &str = "00000000-0000-0000-0000-000000000000";
/// How often to see whether a comparison is due.
const PERIOD: Duration = Duration::from_mins(1);
/// How long a comparison that died, or failed, keeps the next from beginning.
const LEASE: Duration = Duration::from_mins(10);
/// Events may come so much later than what they tell: what changed since then is left for the
/// next comparison.
const GRACE: Duration = Duration::from_hours(1);
/// How often one under way says that it lives.
const RENEWAL: Duration = Duration::from_mins(3);

/// What is shown of each kind of finding.
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
pub async fn run(service: Service, plan: config::Reconcile) {
    let schedule = Schedule { plan, order: SCHEDULE.parse().expect("it is a UUID") };
    while service.rest(PERIOD).await.is_some() {
        for member in service.customers.values() {
            let customer = &member.customer;
            if let Err(error) = schedule.turn(&service, customer).await {
                let tenant = &customer.tenant;
                tracing::error!(%tenant, %error, "Tenant {tenant} cannot be compared: no journal");
            }
        }
    }
}

struct Schedule {
    plan: config::Reconcile,
    order: OrderId,
}

impl Schedule {
    /// Compares, if it is due and nobody else does.
    async fn turn(&self, service: &Service, customer: &Customer) -> Result<(), JournalError> {
        let desk = &service.desk;
        let token = HoldToken(desk.dice.name());
        if self.hold(desk, customer, &token, LEASE).await? == Hold::Elsewhere {
            return Ok(());
        }
        let began = desk.clock.now();
        let start = desk.clock.instant();
        let outcome = tokio::select! {
            biased;
            outcome = self.compare(service, customer, began) => outcome,
            never = self.hold_on(desk, customer, &token) => match never {},
        };
        tell(customer, &outcome, began);
        if outcome.is_ok() {
            let left = self.plan.every.saturating_sub(desk.clock.instant().since(start));
            let _ = self.hold(desk, customer, &token, left).await?;
        }
        Ok(())
    }

    async fn compare(
        &self,
        service: &Service,
        customer: &Customer,
        now: Timestamp,
    ) -> Result<Report, Interrupted> {
        let until = now.before(GRACE);
        let window = Window { since: until.before(self.plan.window), until: Some(until) };
        let mending = match self.plan.repair {
            Repair::Off => Mending::Off,
            Repair::On => Mending::Queue(&*service.jobs),
        };
        reconcile(&service.desk, customer, window, mending).await
    }

    async fn hold(
        &self,
        desk: &Desk,
        customer: &Customer,
        token: &HoldToken,
        lease: Duration,
    ) -> Result<Hold, JournalError> {
        desk.journal.hold(&customer.tenant, &self.order, token, desk.clock.now(), lease).await
    }

    /// Renews the lease for as long as it is polled.
    async fn hold_on(&self, desk: &Desk, customer: &Customer, token: &HoldToken) -> Infallible {
        loop {
            desk.clock.sleep(RENEWAL).await;
            if !matches!(self.hold(desk, customer, token, LEASE).await, Ok(Hold::Held)) {
                // Two comparisons at once tell the same, and queue it once.
                tracing::warn!(tenant = %customer.tenant, "The comparison's turn could not be kept");
            }
        }
    }
}

/// One line in the log, and the gauges.
fn tell(customer: &Customer, outcome: &Result<Report, Interrupted>, now: Timestamp) {
    let tenant = customer.tenant.to_string();
    let report = match outcome {
        Ok(report) => report,
        Err(error) => {
            metrics::counter!("memobridge_reconcile_failures_total", "tenant" => tenant.clone())
                .increment(1);
            let problem = told(error);
            tracing::error!(tenant, problem, "The comparison of {tenant} failed: {problem}");
            return;
        }
    };
    for (name, kind) in GAUGES {
        let count = u32::try_from(report.tally(kind).count).unwrap_or(u32::MAX);
        metrics::gauge!(name, "tenant" => tenant.clone()).set(count);
    }
    let seconds = u32::try_from(now.as_millis() / 1000).unwrap_or(u32::MAX);
    metrics::gauge!("memobridge_reconcile_last_run_seconds", "tenant" => tenant.clone())
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
