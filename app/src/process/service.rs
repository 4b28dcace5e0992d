//! The service: processes a cancellation from its arrival to its outcome.
//!
//! Webhook and worker both run an attempt through the use case. This module has what they share:
//! the customers, the queue, and how an outcome is recorded, logged and counted.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use domain::{Cancellation, CancellationId, Reason, Tenant};
use ports::{CancellationState, Job, Jobs, JobsError, JournalError, Known, Query, Received, Step};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::Instrument;

use crate::{
    background::gauges,
    inbound::keys::Keys,
    observability::spans,
    process::{
        credit::{
            Attempt, AttemptProgress, Context, Customer, credit, is_order_bound, store_unavailable,
            wait_key,
        },
        job_codec,
        outcome::Outcome,
    },
};

/// The running service: its customers and everything they share.
#[derive(Clone)]
pub struct Service {
    /// The customers by tenant.
    pub customers: Arc<BTreeMap<Tenant, Arc<CustomerEntry>>>,
    /// Journal, clock and random numbers.
    pub context: Context,
    /// The queue.
    pub jobs: Arc<dyn Jobs>,
    /// The delay of the first deferral.
    pub first_delay: Duration,
    /// Everything that must finish before the process ends.
    pub running: TaskTracker,
    /// Cancelled when the service accepts no more work.
    pub draining: CancellationToken,
}

/// A customer and the keys of its webhook.
pub struct CustomerEntry {
    /// The customer.
    pub customer: Customer,
    /// The keys that its webhook calls may carry.
    pub keys: Keys,
}

impl Service {
    /// Runs one attempt and records its outcome. A wait is durably in the queue before it is
    /// recorded.
    pub async fn attempt(
        &self,
        entry: &CustomerEntry,
        opened: &Received,
        runner: AttemptOwner,
        progress: &AttemptProgress,
    ) -> Outcome {
        let span = spans::attempt(&opened.cancellation, runner);
        self.run(entry, opened, runner, progress).instrument(span).await
    }

    async fn run(
        &self,
        entry: &CustomerEntry,
        opened: &Received,
        runner: AttemptOwner,
        progress: &AttemptProgress,
    ) -> Outcome {
        let began = self.context.clock.instant();
        let Attempt { mut outcome, mut last } =
            credit(&self.context, &entry.customer, opened, progress).await;
        if runner == AttemptOwner::Webhook {
            outcome = self.kept(opened, outcome).await;
        }
        let took = self.context.clock.instant().since(began);
        if (&outcome, runner) == (&Outcome::Busy, AttemptOwner::Worker) && is_deferred(opened) {
            // Nothing has changed, and this may happen every second.
            return outcome;
        }
        if outcome.is_final() {
            self.context.elapsed.waiting.forget(&wait_key(opened));
        }
        last.push(ended(&outcome, runner, took));
        let (id, now) = (opened.cancellation.id(), self.context.clock.now());
        match self.context.journal.record(&id, now, &last).await {
            Ok(()) => gauges::written(opened, &last, now),
            Err(error) => outcome = store_unavailable(&error),
        }
        report(&opened.cancellation, &outcome, took);
        spans::ended(&outcome);
        outcome
    }

    /// Queues a wait durably and returns the outcome for the webhook's answer.
    async fn kept(&self, opened: &Received, outcome: Outcome) -> Outcome {
        let is_in_queue = is_deferred(opened);
        let delay = match outcome {
            // Its job has a delay that a delivery must not shorten.
            Outcome::Waiting { .. } | Outcome::Busy if is_in_queue => return outcome,
            Outcome::Unavailable { reason, not_before }
                if is_in_queue && is_order_bound(opened) =>
            {
                return Outcome::Waiting { reason, posted: Vec::new(), not_before };
            }
            Outcome::Waiting { not_before, .. } => {
                not_before.unwrap_or_default().max(self.first_delay)
            }
            Outcome::Busy => self.first_delay.min(BUSY),
            _ => return outcome,
        };
        match self.push(&opened.cancellation, delay).await {
            Ok(()) => outcome,
            Err(error) => store_unavailable(&error),
        }
    }

    /// Sleeps until the next round of a periodic task; `None` when the service drains.
    pub async fn sleep_or_drain(&self, wait: Duration) -> Option<()> {
        self.draining.run_until_cancelled(self.context.clock.sleep(wait)).await
    }

    /// Queues a cancellation durably and records that. The error is the outcome to answer when that
    /// is not possible.
    pub async fn defer(
        &self,
        cancellation: &Cancellation,
        delay: Duration,
        reason: Option<&Reason>,
    ) -> Result<(), Outcome> {
        self.push(cancellation, delay).await.map_err(|error| store_unavailable(&error))?;
        let step = Step::AttemptEnded {
            state: CancellationState::Deferred,
            reason: reason.map(|it| it.name().to_owned()),
            detail: reason.map(ToString::to_string),
            took: Duration::ZERO,
        };
        let (id, now) = (cancellation.id(), self.context.clock.now());
        self.context
            .journal
            .record(&id, now, &[step])
            .await
            .map_err(|error| store_unavailable(&error))
    }

    /// Queues a cancellation durably.
    pub async fn push(
        &self,
        cancellation: &Cancellation,
        delay: Duration,
    ) -> Result<(), JobsError> {
        self.jobs.push(&job(cancellation), delay).await
    }

    /// The journal's record of a cancellation, without recording a delivery.
    pub async fn known(
        &self,
        id: &CancellationId,
    ) -> Result<Option<ports::CancellationRecord>, JournalError> {
        let query = Query { id: Some(id.clone()), limit: 1, ..Query::default() };
        Ok(self.context.journal.find(&query).await?.pop())
    }
}

/// The wait before the retry of an order that another run processes.
pub const BUSY: Duration = Duration::from_secs(1);

/// Whether its job is in the queue.
#[must_use]
pub fn is_deferred(opened: &Received) -> bool {
    matches!(opened.known, Known::SeenBefore { state: CancellationState::Deferred, .. })
}

/// The queue's job for a cancellation.
#[must_use]
pub fn job(cancellation: &Cancellation) -> Job {
    Job {
        id: cancellation.id(),
        order: cancellation.order.clone(),
        attempts: 0,
        body: job_codec::encode(cancellation),
    }
}

/// The caller of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOwner {
    /// The webhook: the event is in no queue yet.
    Webhook,
    /// The worker: the event is a job of the queue.
    Worker,
}

impl AttemptOwner {
    /// The name in traces.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Worker => "worker",
        }
    }
}

fn ended(outcome: &Outcome, runner: AttemptOwner, took: Duration) -> Step {
    let state = match (outcome, runner) {
        (Outcome::Posted(_) | Outcome::AlreadyPosted(_), _) => CancellationState::Posted,
        (Outcome::Skipped(_), _) => CancellationState::Skipped,
        (Outcome::Parked { .. }, _) => CancellationState::Parked,
        (Outcome::Waiting { .. } | Outcome::Busy, _)
        | (Outcome::Unavailable { .. }, AttemptOwner::Worker) => CancellationState::Deferred,
        (Outcome::Unavailable { .. }, AttemptOwner::Webhook) => CancellationState::Working,
    };
    Step::AttemptEnded {
        state,
        reason: outcome.reason().map(|it| it.name().to_owned()),
        detail: outcome.reason().map(ToString::to_string),
        took,
    }
}

fn report(cancellation: &Cancellation, outcome: &Outcome, took: Duration) {
    let (name, order) = (outcome.name(), &cancellation.order);
    let reason = outcome.reason().map_or("", Reason::name);
    let detail = outcome.reason().map(Reason::redacted).unwrap_or_default();
    let tenant = cancellation.tenant.to_string();
    let labels = [("tenant", tenant.clone()), ("outcome", name.into()), ("reason", reason.into())];
    metrics::counter!("memobridge_outcomes_total", &labels).increment(1);
    metrics::histogram!("memobridge_attempt_duration_seconds", "tenant" => tenant.clone())
        .record(took.as_secs_f64());
    let memos = outcome.memos().iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                cancellation.id = %cancellation.id(),
                order.id = %order,
                tenant,
                outcome = name,
                reason,
                detail,
                memos,
                duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "Order {order}: {name} {reason}"
            )
        };
    }
    match outcome {
        Outcome::Unavailable {
            reason:
                Reason::ErpCredentials { .. }
                | Reason::ErpPermission { .. }
                | Reason::JournalUnavailable { .. },
            ..
        } => line!(error),
        Outcome::Parked { .. } | Outcome::Unavailable { .. } => line!(warn),
        _ => line!(info),
    }
}
