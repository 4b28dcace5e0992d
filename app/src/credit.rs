//! The use case: a cancellation becomes at most one credit memo per unit.
//!
//! The same function runs under the webhook and under the worker. It owns no
//! retry: its outcome says done, wait, park or unavailable, and only those two
//! turn that into an answer or a verdict. Crash anywhere and run it again: every
//! step is a look-up or idempotent.

mod ending;
mod failing;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use domain::{
    Cancellation, Case, Claim, ClaimState, ClosedPeriod, CreditMemo, Decision, Maps, MemoKey,
    Order, Patience, Policy, Reason, RecordId, Stop, Tenant, Timestamp, decide, readiness, sources,
};
use jiff::tz::TimeZone;
use ports::{
    BillingQuery, Clock, Hold, HoldToken, Journal, JournalError, Ledger, LedgerError, Opened,
    Posted, Refusal, Retry, Sending, Step, Storefront, told,
};

use self::ending::Ending;
use crate::{clock::civil_date, dice::Dice, guarded::Guarded, measure};

/// How long a runner that died keeps its order from others.
const HOLD: Duration = Duration::from_secs(10);
/// How often a runner says that it lives.
const RENEWAL: Duration = Duration::from_secs(3);
/// After this a sending without an answer no longer arrives: NetSuite ends a request
/// within 15 minutes; the rest is for clocks that differ, and for a slow journal.
const ARRIVAL: Duration = Duration::from_mins(20);
/// The storefront's name in texts for people.
const STOREFRONT: &str = "NewStore";

/// One retailer: its systems, its choices and its tables.
pub struct Customer {
    /// Its tenant.
    pub tenant: Tenant,
    /// Where its orders live.
    pub storefront: Arc<dyn Storefront>,
    /// Where its memos go.
    pub ledger: Arc<Guarded>,
    /// The choices of its accountants.
    pub policy: Policy,
    /// Its tables.
    pub maps: Maps,
    /// The time zone of its books.
    pub time_zone: TimeZone,
}

/// What the use case needs besides a retailer.
#[derive(Clone)]
pub struct Desk {
    /// Our book.
    pub journal: Arc<dyn Journal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub dice: Dice,
    /// From the first receipt to giving up.
    pub give_up_after: Duration,
}

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// These memos are on record now.
    Posted(Vec<MemoKey>),
    /// Every unit was credited earlier, by whoever.
    AlreadyPosted(Reason),
    /// Nothing to credit.
    Skipped(Reason),
    /// Again later; these memos were posted meanwhile.
    Waiting {
        /// What is missing.
        reason: Reason,
        /// Memos of this attempt.
        posted: Vec<MemoKey>,
        /// Not before this has passed, where somebody said so.
        not_before: Option<Duration>,
    },
    /// Another run works on the order: again when that has ended.
    Busy,
    /// A person must look at it; these memos were posted meanwhile.
    Parked {
        /// Why.
        reason: Reason,
        /// Memos of this attempt.
        posted: Vec<MemoKey>,
    },
    /// The ERP, or our own book, does not work: nothing is decided.
    Unavailable {
        /// What does not work.
        reason: Reason,
        /// Not before this has passed, where somebody said so.
        not_before: Option<Duration>,
    },
}

/// How far an attempt has come, for those who do not wait for its end.
#[derive(Debug, Default)]
pub struct Progress(AtomicBool);

impl Progress {
    fn asks_the_erp(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn asked_the_erp(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Why there is no answer yet.
    #[must_use]
    pub fn silent(&self) -> Reason {
        if self.asked_the_erp() {
            return Reason::ErpSilent;
        }
        let problem = "no answer within respond_within".to_owned();
        Reason::StorefrontUnavailable { problem }
    }
}

/// An attempt that ended, and what is to be written down of it.
#[must_use]
pub struct Attempt {
    /// How it ended.
    pub outcome: Outcome,
    /// The last steps, none of them in the journal yet: what was posted last, what was
    /// seen, and that the order is free for others.
    pub last: Vec<Step>,
}

/// Credits what `opened` names, at most once however often it is called.
///
/// Until the last steps are written down the order is not let go, and what was posted
/// last counts as sent without an answer.
pub async fn credit(
    desk: &Desk,
    customer: &Customer,
    opened: &Opened,
    progress: &Progress,
) -> Attempt {
    let cancellation = &opened.cancellation;
    let token = HoldToken(desk.dice.name());
    let nothing = |outcome| Attempt { outcome, last: Vec::new() };
    match hold(desk, cancellation, &token).await {
        Ok(Hold::Held) => {}
        Ok(Hold::Elsewhere) => return nothing(Outcome::Busy),
        Err(error) => return nothing(broken(&error)),
    }
    let mut attempt = tokio::select! {
        biased;
        it = attempt(desk, customer, opened, progress) => it,
        never = hold_on(desk, cancellation, &token) => match never {},
    };
    attempt.last.push(Step::Released(token));
    attempt
}

/// Takes or renews the order's lease. It counts from when it was asked for: what a
/// stalled journal grants too late may be over already, and is asked for again.
async fn hold(
    desk: &Desk,
    cancellation: &Cancellation,
    token: &HoldToken,
) -> Result<Hold, JournalError> {
    let (tenant, order) = (&cancellation.tenant, &cancellation.order);
    loop {
        let asked = desk.clock.instant();
        let answer = desk.journal.hold(tenant, order, token, desk.clock.now(), HOLD).await?;
        if answer == Hold::Elsewhere || desk.clock.instant().since(asked) < RENEWAL {
            return Ok(answer);
        }
    }
}

/// Renews the order's lease for as long as it is polled.
async fn hold_on(desk: &Desk, cancellation: &Cancellation, token: &HoldToken) -> Infallible {
    loop {
        desk.clock.sleep(RENEWAL).await;
        // A lost lease doubles nothing: claims and keys stand behind it.
        if !matches!(hold(desk, cancellation, token).await, Ok(Hold::Held)) {
            let order = &cancellation.order;
            tracing::warn!(order.id = %order, "Order {order} could not be held on to");
        }
    }
}

async fn attempt(
    desk: &Desk,
    customer: &Customer,
    opened: &Opened,
    progress: &Progress,
) -> Attempt {
    let ledger = if is_order_bound(opened) {
        Arc::new(customer.ledger.aside())
    } else {
        Arc::clone(&customer.ledger)
    };
    let (posted, unwritten) = (Vec::new(), Vec::new());
    let mut run = Run { desk, customer, ledger, opened, progress, posted, unwritten };
    let result = run.go().await;
    let result = run.judged(result).await;
    let Run { posted, unwritten, .. } = run;
    let outcome = match result {
        Ok(()) => Outcome::Posted(posted),
        Err(Ending::Stop(Stop::Wait(reason))) => {
            Outcome::Waiting { reason, posted, not_before: None }
        }
        Err(Ending::Stop(Stop::Park(reason))) => Outcome::Parked { reason, posted },
        Err(Ending::Stop(Stop::Done(_) | Stop::Skip(_))) if !posted.is_empty() => {
            Outcome::Posted(posted)
        }
        Err(Ending::Stop(Stop::Done(reason))) => Outcome::AlreadyPosted(reason),
        Err(Ending::Stop(Stop::Skip(reason))) => Outcome::Skipped(reason),
        Err(Ending::Later(reason, not_before)) => Outcome::Waiting { reason, posted, not_before },
        Err(Ending::Unavailable(reason, not_before)) => Outcome::Unavailable { reason, not_before },
        Err(Ending::Failing(failing)) => {
            let reason = Reason::ErpUnavailable { problem: failing.problem };
            Outcome::Unavailable { reason, not_before: None }
        }
    };
    Attempt { outcome, last: unwritten }
}

/// What became of a memo before it is sent.
#[derive(Clone, Copy)]
enum Before {
    /// It was decided now.
    Nothing,
    /// It was sent at this moment, and no answer is known.
    Sent(Timestamp),
}

/// One attempt, with what it posted so far.
struct Run<'a> {
    desk: &'a Desk,
    customer: &'a Customer,
    ledger: Arc<Guarded>,
    opened: &'a Opened,
    progress: &'a Progress,
    posted: Vec<MemoKey>,
    /// Steps that need not be durable yet: they share a write with the next that must.
    unwritten: Vec<Step>,
}

impl Run<'_> {
    async fn go(&mut self) -> Result<(), Ending> {
        let claims = self.settle_open_claims().await?;
        let order = self.order().await?;
        let query = BillingQuery {
            existing_memos: self.customer.policy.memos_searched(),
            ours: claims.iter().filter_map(Claim::record).cloned().collect(),
            units: self.opened.cancellation.units.keys().cloned().collect(),
            ..BillingQuery::of(&order, &self.customer.maps)
        };
        self.progress.asks_the_erp();
        let billing = self.ledger.billing(&query).await?;
        let zone = &self.customer.time_zone;
        let published = civil_date(self.opened.cancellation.published_at, zone);
        let mut case = Case {
            cancellation: &self.opened.cancellation,
            order: &order,
            billing: &billing,
            claims: &claims,
            policy: &self.customer.policy,
            maps: &self.customer.maps,
            published,
            not_before: None,
            patience: self.patience(),
            storefront: STOREFRONT,
        };
        let redate = self.customer.policy.closed_period == ClosedPeriod::Today;
        match self.act(&case).await {
            Err(Ending::Stop(Stop::Park(Reason::ClosedPeriod { .. }))) if redate => {
                // What was posted before the closed period was met is a claim now.
                let claims = self.claims().await?;
                case.claims = &claims;
                case.not_before = Some(civil_date(self.desk.clock.now(), zone));
                self.act(&case).await
            }
            result => result,
        }
    }

    /// The order, once its story is complete.
    async fn order(&mut self) -> Result<Order, Ending> {
        let cancellation = &self.opened.cancellation;
        let snapshot = match self.customer.storefront.order(&cancellation.order).await {
            Ok(snapshot) => snapshot,
            Err(error) => {
                let not_before = match error.retry() {
                    Retry::After(wait) => Some(wait),
                    Retry::Later | Retry::Never => None,
                };
                let problem = told(&error);
                return Err(Ending::Later(Reason::StorefrontUnavailable { problem }, not_before));
            }
        };
        let policy = &self.customer.policy;
        let order = readiness(cancellation, snapshot.as_ref(), policy, self.patience())?;
        for kind in &order.unknown_movements {
            tracing::warn!(
                order.id = %order.id,
                kind,
                "Order {} has a transaction that counts for nothing: its type is unknown, or it \
                 failed or is pending",
                order.id
            );
        }
        self.unwritten.push(Step::Noted(vec![format!("{STOREFRONT} says: {order}")]));
        Ok(order)
    }

    async fn act(&mut self, case: &Case<'_>) -> Result<(), Ending> {
        let plan = match decide(case) {
            Decision::Act(plan) => plan,
            Decision::Stop(stop) => return Err(stop.into()),
        };
        self.unwritten.extend(plan.flags.into_iter().map(Step::Flagged));
        for (memo, told) in plan.memos.iter().zip(sources(case, &plan.memos)) {
            self.unwritten.push(Step::Noted(told));
            self.send(memo, Before::Nothing).await?;
        }
        if let Some(lines) = &plan.close {
            self.write_down().await?;
            self.ledger.close_lines(lines).await?;
        }
        plan.rest.map_or(Ok(()), |stop| Err(stop.into()))
    }

    /// Memos that were perhaps sent come first: found, they are settled; absent,
    /// they are sent unchanged. The order's claims after that.
    async fn settle_open_claims(&mut self) -> Result<Vec<Claim>, Ending> {
        let claims = self.claims().await?;
        if !claims.iter().any(Claim::is_open) {
            return Ok(claims);
        }
        self.progress.asks_the_erp();
        for Claim { memo, state } in &claims {
            let ClaimState::Unsettled { sent_at } = *state else { continue };
            match self.send(memo, Before::Sent(sent_at)).await {
                // Refused for good: its units are free, and are decided anew below.
                Ok(())
                | Err(Ending::Stop(Stop::Park(
                    Reason::Refused { .. } | Reason::ClosedPeriod { .. },
                ))) => {}
                Err(ending) => return Err(ending),
            }
        }
        self.claims().await
    }

    /// Claims a memo's units, sends it and writes down what became of it.
    async fn send(&mut self, memo: &CreditMemo, before: Before) -> Result<(), Ending> {
        self.write_now(Step::Claimed(Box::new(memo.clone()))).await?;
        let sending = match before {
            Before::Nothing => Sending::First,
            Before::Sent(_) => Sending::Again,
        };
        let error = match self.ledger.post(memo, sending).await {
            Ok(Posted::Voided(record)) => return self.stop_at_voided(memo.key.clone(), record),
            Ok(posted) => {
                self.settle(&memo.key, posted.record());
                return Ok(());
            }
            Err(error) => error,
        };
        if let (Before::Nothing, LedgerError::Forbidden(why) | LedgerError::Unauthorized(why)) =
            (before, &error)
        {
            // The ERP answered and nothing is on record. The missing permission may have hidden
            // a memo from the decision: the next attempt decides again.
            self.write_now(Step::Freed { key: memo.key.clone(), why: why.clone() }).await?;
            return Err(error.into());
        }
        let LedgerError::Refused { kind, code, message } = error else {
            return Err(error.into());
        };
        let (key, why) = (memo.key.clone(), format!("{code}: {message}"));
        if let (Before::Sent(sent_at), Refusal::Stale | Refusal::Period) = (before, kind) {
            // Others that are refused now were refused then; these may pass by.
            let rest = ARRIVAL.saturating_sub(self.desk.certain_now().since(sent_at));
            if !rest.is_zero() {
                self.write_now(Step::NotFreed { key: key.clone(), why, sent_at }).await?;
                let reason = Reason::SendingUnanswered { key, code, message };
                // What changed meanwhile may be as it should by the next attempt.
                let not_before = (kind != Refusal::Stale).then_some(rest);
                return Err(Ending::Later(reason, not_before));
            }
        }
        self.write_now(Step::Freed { key, why }).await?;
        match kind {
            Refusal::Period => {
                Err(Stop::Park(Reason::ClosedPeriod { date: memo.date, message }).into())
            }
            kind => Err(LedgerError::Refused { kind, code, message }.into()),
        }
    }

    /// A memo that credits nothing has the key: no other is made before a person decides.
    fn stop_at_voided(&mut self, key: MemoKey, record: RecordId) -> Result<(), Ending> {
        let memo = record.to_string();
        self.unwritten.push(Step::Settled { key: key.clone(), record });
        Err(Stop::Park(Reason::MemoVoided { key, memo }).into())
    }

    fn settle(&mut self, key: &MemoKey, record: &RecordId) {
        self.unwritten.push(Step::Settled { key: key.clone(), record: record.clone() });
        self.posted.push(key.clone());
    }

    /// The order's claims, as all that happened so far left them.
    async fn claims(&mut self) -> Result<Vec<Claim>, Ending> {
        self.write_down().await?;
        let cancellation = &self.opened.cancellation;
        Ok(self.desk.journal.claims(&cancellation.tenant, &cancellation.order).await?)
    }

    /// Returns once this step and everything so far is in the journal. Where it is not,
    /// the step is not written later: by then another run may have gone on from here.
    async fn write_now(&mut self, step: Step) -> Result<(), Ending> {
        self.unwritten.push(step);
        let written = self.write_down().await;
        if written.is_err() {
            self.unwritten.pop();
        }
        written
    }

    /// Returns once everything so far is in the journal.
    async fn write_down(&mut self) -> Result<(), Ending> {
        if self.unwritten.is_empty() {
            return Ok(());
        }
        let (id, now) = (self.opened.cancellation.id(), self.desk.clock.now());
        self.desk.journal.record(&id, now, &self.unwritten).await?;
        measure::written(self.opened, &self.unwritten, now);
        self.unwritten.clear();
        Ok(())
    }

    fn patience(&self) -> Patience {
        let has_passed = deadline(self.opened, self.desk) <= self.desk.certain_now();
        if has_passed { Patience::Exhausted } else { Patience::Left }
    }
}

/// Whether earlier tries showed that the ERP fails on this order alone.
#[must_use]
pub fn is_order_bound(opened: &Opened) -> bool {
    opened.failed.is_some_and(|failed| failed.is_order_bound)
}

/// When there is no time left to wait.
#[must_use]
pub fn deadline(opened: &Opened, desk: &Desk) -> Timestamp {
    opened.waiting_since.after(desk.give_up_after)
}

/// Our own book cannot be used.
pub fn broken(error: &dyn std::error::Error) -> Outcome {
    let reason = Reason::JournalUnavailable { problem: told(error) };
    Outcome::Unavailable { reason, not_before: None }
}
