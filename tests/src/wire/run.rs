//! Plays a seed's plan until everything has come to rest.

use std::{
    collections::VecDeque,
    ops::{ControlFlow, Range},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use app::process::elapsed::LATE_ARRIVAL_WINDOW;
use ports::{CancellationRecord, CancellationState};
use serde_json::json;
use tokio::{runtime::Runtime, task::JoinSet};

use super::{
    audit,
    context::{Log, WireContext},
    delivery, erp,
    mutation::Mutation,
    plan::{Call, Moment, Plan, Step},
    storefront,
};
use crate::{
    Service,
    simulation::{Report, SimulatedFault},
};

/// Seeds at once, as most of a seed's time is waiting; few where the first may be the last.
const AT_ONCE: usize = 12;
const AT_ONCE_WITH_A_BUG: usize = 3;
/// How long a crash waits for its moment.
const CRASH_WAITS: Duration = Duration::from_secs(12);
/// How long everything may take to come to rest: a send that nobody answered is waited for, twice
/// where a process took over, and its memo is then read back.
const REST: Duration = LATE_ARRIVAL_WINDOW.saturating_mul(3);
/// The same with a bug, which may well keep everything from settling: enough for all but such a send.
const REST_WITH_A_BUG: Duration = LATE_ARRIVAL_WINDOW;
/// From the first receipt to giving up, as configured, and a little more.
const GIVEN_UP: Duration = Duration::from_hours(73);
/// The last day of closed books: after every event, before today.
const CLOSED_UNTIL: &str = "2026-11-22";

/// Plays seeds, some at once, and hands out what came of each in their order.
pub fn run_each(
    seeds: Range<u64>,
    mutation: Option<Mutation>,
    mut seen: impl FnMut(u64, Report) -> ControlFlow<()>,
) {
    let runtime = Runtime::new().expect("there are threads");
    let at_once = if mutation.is_some() { AT_ONCE_WITH_A_BUG } else { AT_ONCE };
    let mut playing = VecDeque::new();
    let mut next = seeds.clone();
    for seed in seeds {
        playing.extend(
            next.by_ref()
                .take(at_once - playing.len())
                .map(|it| runtime.spawn(run_plan(it, mutation))),
        );
        let first = playing.pop_front().expect("every seed is played");
        let report = runtime.block_on(first).expect("what panics is reported");
        if seen(seed, report).is_break() {
            break;
        }
    }
    runtime.shutdown_background();
}

/// Plays a seed.
async fn run_plan(seed: u64, mutation: Option<Mutation>) -> Report {
    let plan = Plan::drawn(seed);
    let log = Arc::new(Log::default());
    let (events, schedule) = (plan.events.len() as u64, plan.to_string());
    let playing = tokio::spawn(run(plan, mutation, Arc::clone(&log)));
    let mut report = match playing.await {
        Ok(report) => Report { violation: log.violation(), ..report },
        Err(error) => Report { violation: Some(panicked(error)), ..Report::default() },
    };
    report.trace = format!("{schedule}{}", log.lines());
    report.events = events;
    report.faults = log.faults().clone();
    report
}

fn panicked(error: tokio::task::JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else {
        return "it was not played to its end".to_owned();
    };
    let words = panic.downcast_ref::<String>().cloned();
    let words = words.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
    format!("something panicked: {}", words.unwrap_or_default())
}

async fn run(plan: Plan, mutation: Option<Mutation>, log: Arc<Log>) -> Report {
    let steps = plan.steps.clone();
    let replicas = plan.terms.replicas;
    let context = Arc::new(WireContext::new(plan, mutation, log).await);
    let mut life = WireRun {
        services: (0..replicas).map(|_| None).collect(),
        context,
        deliveries: JoinSet::new(),
        erp: None,
        storefront: None,
        crashes: 0,
        paused: Duration::ZERO,
    };
    for replica in 0..replicas {
        life.start(replica).await;
    }
    for (at, step) in steps {
        life.context.pass_until(at + life.paused).await;
        if life.context.is_violated() {
            break;
        }
        life.act(at, step).await;
    }
    life.comes_to_rest().await;
    life.end().await
}

/// A plan being played.
struct WireRun {
    context: Arc<WireContext>,
    services: Vec<Option<Service>>,
    deliveries: JoinSet<()>,
    erp: Option<erp::Lasting>,
    storefront: Option<storefront::Lasting>,
    crashes: u64,
    /// For how long the plan stood still, until the moment of a crash had come.
    paused: Duration,
}

impl WireRun {
    /// Does what is planned for an instant.
    async fn act(&mut self, at: Duration, step: Step) {
        let context = Arc::clone(&self.context);
        let world = &context.world;
        match step {
            Step::Deliver { event, replica, first_call } => {
                self.deliveries.spawn(delivery::deliver(context, event, replica, first_call));
                return;
            }
            Step::Show(order) => {
                if let Some(sale) = context.plan.orders[order].shown(at) {
                    sale.install_newstore(&world.tenant);
                }
            }
            Step::Bill(order) => context.plan.orders[order].bill(&world.account),
            Step::ErpFails(ref trouble) => {
                self.erp = Some(trouble.clone().begin(&world.account).await);
            }
            Step::ErpWorks => {
                if let Some(lasting) = self.erp.take() {
                    let (fault, times) = lasting.end(&world.account).await;
                    context.struck(fault, times);
                }
            }
            Step::StorefrontFails(ref trouble) => {
                self.storefront = Some(trouble.clone().begin(&world.tenant).await);
            }
            Step::StorefrontWorks => {
                if let Some(lasting) = self.storefront.take() {
                    let (fault, times) = lasting.end(&world.tenant).await;
                    context.struck(fault, times);
                }
            }
            Step::CloseBooks => {
                world.account.close_books(CLOSED_UNTIL.parse().expect("it is a day"));
            }
            Step::OpenBooks => world.account.open_books(),
            Step::Crash(replica, moment) => {
                let began = context.at();
                self.crash(replica, moment).await;
                self.paused += context.at().saturating_sub(began);
            }
            Step::Start(replica) => self.start(replica).await,
        }
        context.tell(format_args!("{step:?}"));
    }

    async fn start(&mut self, replica: usize) {
        if self.services[replica].is_none() {
            let service = self.context.world.serve().await;
            self.context.moves(replica, Some(service.address));
            self.services[replica] = Some(service);
        }
    }

    /// Ends a replica at its moment, or when that does not come.
    async fn crash(&mut self, replica: usize, moment: Moment) {
        let context = Arc::clone(&self.context);
        let patience = context.pass_until(context.at() + CRASH_WAITS);
        match moment {
            Moment::Now => {}
            Moment::In(operation, point) => {
                let hold = context.world.account.hold(operation, point);
                tokio::select! {
                    () = hold.reached() => {}
                    () = patience => {}
                }
                self.kill(replica);
                hold.release();
            }
            Moment::AfterAnswer => {
                let mut taken = context.taken.subscribe();
                tokio::select! {
                    // The stage has the sender.
                    _ = taken.changed() => {}
                    () = patience => {}
                }
            }
        }
        self.kill(replica);
        let fault = if moment == Moment::AfterAnswer {
            SimulatedFault::CrashAfterAnswer
        } else {
            SimulatedFault::Crash
        };
        context.struck(fault, 1);
        if context.mutation == Some(Mutation::LosesFiles) {
            context.world.book().lose();
        }
    }

    fn kill(&mut self, replica: usize) {
        if let Some(service) = self.services[replica].take() {
            self.context.moves(replica, None);
            self.crashes += 1;
            // It returns when the files are closed.
            tokio::task::block_in_place(|| drop(service));
        }
    }

    /// Everything works again; waits until nothing is left to be done, and looks at it.
    async fn comes_to_rest(&mut self) {
        for works in [Step::ErpWorks, Step::StorefrontWorks, Step::OpenBooks] {
            self.act(self.context.at(), works).await;
        }
        for replica in 0..self.services.len() {
            self.start(replica).await;
        }
        self.settles(|state| state == CancellationState::Posted).await;
        let context = Arc::clone(&self.context);
        let never = |it: &super::plan::Event| {
            audit::ending(&context.plan, it).0 != CancellationState::Posted
        };
        if context.plan.events.iter().any(never) {
            // What never comes is waited for until the deadline.
            context.world.clock.advance(GIVEN_UP);
            self.settles(|_| true).await;
        }
        if context.is_violated() {
            return;
        }
        self.every_event_is_known().await;
        audit::audit(&context).await;
    }

    /// Waits until every event that ends in such a state has ended.
    async fn settles(&mut self, ends: impl Fn(CancellationState) -> bool) {
        let context = Arc::clone(&self.context);
        let rest = if context.mutation.is_none() { REST } else { REST_WITH_A_BUG };
        let end = context.at() + rest;
        while !context.is_violated() {
            context.pass_until(context.at() + Duration::from_secs(2)).await;
            while let Some(delivered) = self.deliveries.try_join_next() {
                delivered.unwrap_or_else(|error| context.violated(panicked(error)));
            }
            let journal = context.world.book().all().await;
            self.retry(&journal).await;
            let mut open = open(&context, &journal, &ends);
            if !self.deliveries.is_empty() {
                open.push(format!("{} events are not taken", self.deliveries.len()));
            }
            if open.is_empty() {
                return;
            }
            context.must(context.at() < end, || format!("never settled: {}", open.join("; ")));
        }
    }

    /// The books are open again: an operator retries what they kept.
    async fn retry(&self, journal: &[CancellationRecord]) {
        if !journal.iter().any(is_kept) {
            return;
        }
        let filter = json!({ "state": "parked", "reason": "closed-period" });
        let service = self.services.iter().flatten().next().expect("everybody was started");
        let retried = service.tell("/api/retry", Some(filter)).await.with(200);
        self.context.tell(format_args!("an operator retries {}", retried["count"]));
    }

    /// What is settled is answered so, whoever is asked.
    async fn every_event_is_known(&self) {
        let context = &self.context;
        for (nth, event) in context.plan.events.iter().enumerate() {
            let ending = audit::ending(&context.plan, event).0;
            let expected =
                if ending == CancellationState::Posted { "already-posted" } else { ending.name() };
            let answer = delivery::attempt(context, nth, nth, Call::Patient).await;
            let outcome = answer.map(|it| it.outcome).unwrap_or_default();
            context.must(outcome == expected, || {
                format!("event {nth} had become {expected}, and was answered {outcome}")
            });
        }
    }

    async fn end(mut self) -> Report {
        self.deliveries.shutdown().await;
        let context = Arc::clone(&self.context);
        let (crashes, took) = (self.crashes, context.at());
        for replica in 0..self.services.len() {
            self.kill(replica);
        }
        let (erp, storefront) = (context.world.account.calls(), context.world.tenant.calls());
        Report {
            deliveries: context.deliveries.load(Ordering::Relaxed),
            crashes,
            steps: erp.total() + storefront.graphql + storefront.token,
            memos: context.world.account.memos().len() as u64,
            took,
            ..Report::default()
        }
    }
}

/// Whether closed books kept it from being posted.
fn is_kept(record: &CancellationRecord) -> bool {
    record.state == CancellationState::Parked && record.reason.as_deref() == Some("closed-period")
}

/// What is not yet what it will be.
fn open(
    context: &WireContext,
    journal: &[CancellationRecord],
    ends: &impl Fn(CancellationState) -> bool,
) -> Vec<String> {
    let mut open = Vec::new();
    for (nth, event) in context.plan.events.iter().enumerate() {
        if !ends(audit::ending(&context.plan, event).0) {
            continue;
        }
        match audit::record(context, journal, event) {
            None => open.push(format!("event {nth} is not known")),
            Some(it) if !it.state.is_settled() || is_kept(it) => {
                open.push(format!("event {nth} is {} {:?}", it.state.name(), it.detail));
            }
            Some(it) if it.memos.iter().any(|memo| memo.confirmed_total.is_none()) => {
                audit::ended_well(context, nth, it);
                open.push(format!("a memo of event {nth} is not read back"));
            }
            Some(it) => audit::ended_well(context, nth, it),
        }
    }
    open
}
