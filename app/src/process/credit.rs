//! The use case: a cancellation becomes at most one credit memo per unit.
//!
//! Webhook and worker run the same function. It does not retry: its outcome is done, wait, park or
//! unavailable, and only webhook and worker turn that into an answer or a verdict. After a crash at
//! any point it can run again: every step is a look-up or idempotent.

mod context;
mod failing;
mod halt;
mod lease;

use std::{
    any::Any,
    panic::AssertUnwindSafe,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use domain::{
    Claim, ClaimState, ClosedPeriod, CreditMemo, Deadline, Decision, DecisionInput, MemoKey, Order,
    Reason, RecordId, Stop, Timestamp, decide, readiness, sources,
};
use futures_util::FutureExt;
use ports::{
    BillingQuery, LeaseToken, Ledger, LedgerError, OrderLease, Posted, Received, Rejection, Retry,
    Sending, Step, error_chain,
};

use crate::{
    background::gauges,
    clock::civil_date,
    ledger::circuit_breaker::CircuitBreakerLedger,
    process::{credit::halt::Halt, elapsed::LATE_ARRIVAL_WINDOW, outcome::Outcome},
};
pub use context::{Context, Customer, wait_key};

/// The storefront's name in texts for people.
const STOREFRONT: &str = "NewStore";

/// The progress of an attempt, for a caller that stops waiting for it.
#[derive(Debug, Default)]
pub struct AttemptProgress(AtomicBool);

impl AttemptProgress {
    fn asks_the_erp(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn asked_the_erp(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Why there is no outcome yet.
    #[must_use]
    pub fn timeout_reason(&self) -> Reason {
        if self.asked_the_erp() {
            return Reason::ErpTimeout;
        }
        let problem = "no answer within respond_within".to_owned();
        Reason::StorefrontUnavailable { problem }
    }
}

/// A finished attempt, and the steps that are still to be recorded.
#[must_use]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// Steps not in the journal yet: the last posted memo, notes, the release of the lease.
    pub last: Vec<Step>,
}

/// Credits the units of `opened`, at most once however often it is called.
///
/// The order's lease is kept until the last steps are recorded, and until then the last posted memo
/// counts as sent without an answer.
pub async fn credit(
    context: &Context,
    customer: &Customer,
    opened: &Received,
    progress: &AttemptProgress,
) -> Attempt {
    let cancellation = &opened.cancellation;
    let token = LeaseToken(context.random.name());
    let nothing = |outcome| Attempt { outcome, last: Vec::new() };
    match lease::acquire(context, cancellation, &token).await {
        Ok(OrderLease::Held) => {}
        Ok(OrderLease::HeldByOther) => return nothing(Outcome::Busy),
        Err(error) => return nothing(store_unavailable(&error)),
    }
    let mut attempt = tokio::select! {
        biased;
        it = attempt(context, customer, opened, progress) => it,
        never = lease::renew(context, cancellation, &token) => match never {},
    };
    attempt.last.push(Step::Released(token));
    attempt
}

async fn attempt(
    context: &Context,
    customer: &Customer,
    opened: &Received,
    progress: &AttemptProgress,
) -> Attempt {
    let ledger = if is_order_bound(opened) {
        Arc::new(customer.ledger.aside())
    } else {
        Arc::clone(&customer.ledger)
    };
    let (posted, unwritten) = (Vec::new(), Vec::new());
    let mut run = Run { context, customer, ledger, opened, progress, posted, unwritten };
    let result = match AssertUnwindSafe(run.execute()).catch_unwind().await {
        Ok(result) => result,
        Err(panic) => Err(run.after_panic(&*panic)),
    };
    let result = run.count_failures(result).await;
    let Run { posted, unwritten, .. } = run;
    let outcome = match result {
        Ok(()) => Outcome::Posted(posted),
        Err(Halt::Stop(Stop::Wait(reason))) => {
            Outcome::Waiting { reason, posted, not_before: None }
        }
        Err(Halt::Stop(Stop::Park(reason))) => Outcome::Parked { reason, posted },
        Err(Halt::Stop(Stop::Done(_) | Stop::Skip(_))) if !posted.is_empty() => {
            Outcome::Posted(posted)
        }
        Err(Halt::Stop(Stop::Done(reason))) => Outcome::AlreadyPosted(reason),
        Err(Halt::Stop(Stop::Skip(reason))) => Outcome::Skipped(reason),
        Err(Halt::Later(reason, not_before)) => Outcome::Waiting { reason, posted, not_before },
        Err(Halt::Unavailable(reason, not_before)) => Outcome::Unavailable { reason, not_before },
        Err(Halt::Failing(failing)) => {
            let reason = Reason::ErpUnavailable { problem: failing.problem };
            Outcome::Unavailable { reason, not_before: None }
        }
    };
    Attempt { outcome, last: unwritten }
}

/// Whether a memo was sent before.
#[derive(Clone, Copy)]
enum PriorSend {
    /// It was decided in this attempt.
    None,
    /// It was sent at this time, without a known answer.
    Sent(Timestamp),
}

/// One attempt, with what it posted so far.
struct Run<'a> {
    context: &'a Context,
    customer: &'a Customer,
    ledger: Arc<CircuitBreakerLedger>,
    opened: &'a Received,
    progress: &'a AttemptProgress,
    posted: Vec<MemoKey>,
    /// Steps that need not be durable yet; the next durable write includes them.
    unwritten: Vec<Step>,
}

impl Run<'_> {
    async fn execute(&mut self) -> Result<(), Halt> {
        let claims = self.settle_open_claims().await?;
        let order = self.order().await?;
        let query = BillingQuery {
            existing_memos: self.customer.policy.memos_searched(),
            own_memos: claims.iter().filter_map(Claim::record).cloned().collect(),
            units: self.opened.cancellation.units.keys().cloned().collect(),
            ..BillingQuery::of(&order, &self.customer.maps)
        };
        self.progress.asks_the_erp();
        let billing = self.ledger.billing(&query).await?;
        let zone = &self.customer.time_zone;
        let published = civil_date(self.opened.cancellation.published_at, zone);
        let mut input = DecisionInput {
            cancellation: &self.opened.cancellation,
            order: &order,
            billing: &billing,
            claims: &claims,
            policy: &self.customer.policy,
            maps: &self.customer.maps,
            published,
            not_before: None,
            deadline: self.deadline_state(),
            storefront: STOREFRONT,
        };
        let redate = self.customer.policy.closed_period == ClosedPeriod::Today;
        match self.act(&input).await {
            Err(Halt::Stop(Stop::Park(Reason::ClosedPeriod { .. }))) if redate => {
                // The memos that were posted before the closed period was met have claims now.
                let claims = self.claims().await?;
                input.claims = &claims;
                input.not_before = Some(civil_date(self.context.clock.now(), zone));
                self.act(&input).await
            }
            result => result,
        }
    }

    async fn order(&mut self) -> Result<Order, Halt> {
        let cancellation = &self.opened.cancellation;
        let snapshot = match self.customer.storefront.order(&cancellation.order).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                let not_before = match error.retry() {
                    Retry::After(wait) => Some(wait),
                    Retry::Later | Retry::Never => None,
                };
                let problem = error_chain(&error);
                return Err(Halt::Later(Reason::StorefrontUnavailable { problem }, not_before));
            }
        };
        let policy = &self.customer.policy;
        let order = readiness(cancellation, snapshot.as_ref(), policy, self.deadline_state())?;
        for kind in &order.unknown_movements {
            if self.context.elapsed.ignored_types.is_first(kind, self.context.clock.instant()) {
                tracing::warn!(
                    order.id = %order.id,
                    transaction.r#type = kind,
                    "Ignored a transaction of order {}: its type is unknown, or it failed or is \
                     pending; further ones of this type are not logged",
                    order.id
                );
            }
        }
        self.unwritten.push(Step::Note(vec![format!("{STOREFRONT} says: {order}")]));
        Ok(order)
    }

    async fn act(&mut self, input: &DecisionInput<'_>) -> Result<(), Halt> {
        let plan = match decide(input) {
            Decision::Act(plan) => plan,
            Decision::Stop(stop) => return Err(stop.into()),
        };
        self.unwritten.extend(plan.flags.into_iter().map(Step::Flagged));
        for (memo, lines) in plan.memos.iter().zip(sources(input, &plan.memos)) {
            self.unwritten.push(Step::Note(lines));
            self.send(memo, PriorSend::None).await?;
        }
        if let Some(lines) = &plan.close {
            self.write_down().await?;
            self.ledger.close_lines(lines).await?;
        }
        plan.rest.map_or(Ok(()), |stop| Err(stop.into()))
    }

    /// Resends memos that were perhaps sent: those that are found are settled, the others are sent
    /// unchanged. Returns the order's claims after that.
    async fn settle_open_claims(&mut self) -> Result<Vec<Claim>, Halt> {
        let claims = self.claims().await?;
        if !claims.iter().any(Claim::is_open) {
            return Ok(claims);
        }
        self.progress.asks_the_erp();
        for Claim { memo, state } in &claims {
            let ClaimState::Unsettled { sent_at } = *state else { continue };
            match self.send(memo, PriorSend::Sent(sent_at)).await {
                // The memo was definitely refused: its units are free, and are decided again below.
                Ok(())
                | Err(Halt::Stop(Stop::Park(
                    Reason::Refused { .. } | Reason::ClosedPeriod { .. },
                ))) => {}
                Err(ending) => return Err(ending),
            }
        }
        self.claims().await
    }

    async fn send(&mut self, memo: &CreditMemo, before: PriorSend) -> Result<(), Halt> {
        self.write_now(Step::Claimed(Box::new(memo.clone()))).await?;
        let sending = match before {
            PriorSend::None => Sending::First,
            PriorSend::Sent(_) => Sending::Resend,
        };
        let unanswered = &self.context.elapsed.unanswered;
        let error = match self.ledger.post(memo, sending).await {
            Ok(posted) => {
                unanswered.forget(&memo.key);
                if let Posted::Voided(record) = posted {
                    return self.stop_at_voided(memo.key.clone(), record);
                }
                self.settle(&memo.key, posted.record());
                return Ok(());
            }
            Err(error) => error,
        };
        if let (
            PriorSend::None,
            LedgerError::Forbidden(rejection) | LedgerError::Unauthorized(rejection),
        ) = (before, &error)
        {
            // The ERP answered and nothing is on record. The missing permission may have hidden a
            // memo from the decision: the next attempt decides again.
            self.write_now(Step::Freed { key: memo.key.clone(), rejection: rejection.clone() })
                .await?;
            return Err(error.into());
        }
        let LedgerError::Rejected { kind, code, message } = error else {
            unanswered.restart(&memo.key, self.context.clock.instant());
            return Err(error.into());
        };
        let key = memo.key.clone();
        let rejection = format!("{code}: {message}");
        if let (PriorSend::Sent(sent_at), Rejection::Stale | Rejection::Period) = (before, kind) {
            // Other rejections were the same when the memo was first sent; these may disappear.
            let known_for = unanswered.known_for(&key, self.context.clock.instant());
            let waited = self.context.certain_now().since(sent_at).min(known_for);
            let rest = LATE_ARRIVAL_WINDOW.saturating_sub(waited);
            if !rest.is_zero() {
                self.write_now(Step::ClaimKept { key: key.clone(), rejection, sent_at }).await?;
                let reason = Reason::OutcomeUnknown { key, code, message };
                // A record that changed meanwhile may be consistent at the next attempt.
                let not_before = (kind != Rejection::Stale).then_some(rest);
                return Err(Halt::Later(reason, not_before));
            }
        }
        unanswered.forget(&key);
        self.write_now(Step::Freed { key, rejection }).await?;
        match kind {
            Rejection::Period => {
                Err(Stop::Park(Reason::ClosedPeriod { date: memo.date, message }).into())
            }
            kind => Err(LedgerError::Rejected { kind, code, message }.into()),
        }
    }

    /// A voided memo has the key: no other memo is made before a person decides.
    fn stop_at_voided(&mut self, key: MemoKey, record: RecordId) -> Result<(), Halt> {
        let memo = record.to_string();
        self.unwritten.push(Step::Settled { key: key.clone(), record });
        Err(Stop::Park(Reason::MemoVoided { key, memo }).into())
    }

    fn settle(&mut self, key: &MemoKey, record: &RecordId) {
        self.unwritten.push(Step::Settled { key: key.clone(), record: record.clone() });
        self.posted.push(key.clone());
    }

    async fn claims(&mut self) -> Result<Vec<Claim>, Halt> {
        self.write_down().await?;
        let cancellation = &self.opened.cancellation;
        Ok(self.context.journal.claims(&cancellation.tenant, &cancellation.order).await?)
    }

    /// Returns once this step and all steps before it are in the journal. If the write fails, the
    /// step is dropped: by a later write another run may have continued from here.
    async fn write_now(&mut self, step: Step) -> Result<(), Halt> {
        self.unwritten.push(step);
        let written = self.write_down().await;
        if written.is_err() {
            self.unwritten.pop();
        }
        written
    }

    async fn write_down(&mut self) -> Result<(), Halt> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let (id, now) = (self.opened.cancellation.id(), self.context.clock.now());
        self.context.journal.record(&id, now, &self.unwritten).await?;
        gauges::written(self.opened, &self.unwritten, now);
        self.unwritten.clear();
        Ok(())
    }

    /// A panic on this order must not block others, nor make the storefront send the event for
    /// ever. The steps in the journal stay; everything else is decided again.
    fn after_panic(&mut self, panic: &(dyn Any + Send)) -> Halt {
        self.unwritten.clear();
        let message = panic.downcast_ref::<&str>().copied();
        let message = message.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        let problem = message.unwrap_or("a panic without a message").to_owned();
        let order = &self.opened.cancellation.order;
        tracing::error!(order.id = %order, error = problem, "Panicked while processing order {order}");
        let reason = Reason::InternalError { problem };
        match self.deadline_state() {
            Deadline::Pending => Stop::Wait(reason).into(),
            Deadline::Passed => Stop::Park(reason).into(),
        }
    }

    fn deadline_state(&self) -> Deadline {
        let has_passed = self.context.time_left(self.opened).is_zero();
        if has_passed { Deadline::Passed } else { Deadline::Pending }
    }
}

/// Whether earlier tries showed that the ERP fails on this order alone.
#[must_use]
pub fn is_order_bound(opened: &Received) -> bool {
    opened.failed.is_some_and(|failed| failed.is_order_bound)
}

/// The outcome while the journal or the queue is unavailable.
pub fn store_unavailable(error: &dyn std::error::Error) -> Outcome {
    let reason = Reason::JournalUnavailable { problem: error_chain(error) };
    Outcome::Unavailable { reason, not_before: None }
}
