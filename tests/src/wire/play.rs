//! Plays a seed's plan until everything has come to rest.

use std::{
    collections::VecDeque,
    ops::{ControlFlow, Range},
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use ports::{Record, State};
use serde_json::json;
use tokio::{runtime::Runtime, task::JoinSet};

use super::{
    audit, delivery, erp,
    mutation::Mutation,
    plan::{Call, Moment, Plan, Step},
    stage::{Log, Stage},
    storefront,
};
use crate::{
    Service,
    simulation::{Fault, Report},
};

/// Seeds at once, as most of a seed's time is waiting; few where the first may be the last.
const AT_ONCE: usize = 12;
const AT_ONCE_WITH_A_BUG: usize = 3;
/// How long a crash waits for its moment.
const CRASH_WAITS: Duration = Duration::from_secs(12);
/// How long everything may take to come to rest: a sending that nobody answered is waited for
/// a quarter of an hour.
const REST: Duration = Duration::from_mins(20);
/// From the first receipt to giving up, as configured, and a little more.
const GIVEN_UP: Duration = Duration::from_hours(73);
/// The last day of closed books: after every event, before today.
const CLOSED_UNTIL: &str = "2026-11-22";

/// Plays seeds, some at once, and hands out what came of each in their order.
pub fn play_each(
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
            next.by_ref().take(at_once - playing.len()).map(|it| runtime.spawn(play(it, mutation))),
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
async fn play(seed: u64, mutation: Option<Mutation>) -> Report {
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
    let stage = Arc::new(Stage::new(plan, mutation, log).await);
    let mut life = Play {
        services: (0..replicas).map(|_| None).collect(),
        stage,
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
        life.stage.pass_until(at + life.paused).await;
        if life.stage.is_violated() {
            break;
        }
        life.act(at, step).await;
    }
    life.comes_to_rest().await;
    life.end().await
}

/// A plan being played.
struct Play {
    stage: Arc<Stage>,
    services: Vec<Option<Service>>,
    deliveries: JoinSet<()>,
    erp: Option<erp::Lasting>,
    storefront: Option<storefront::Lasting>,
    crashes: u64,
    /// For how long the plan stood still, until the moment of a crash had come.
    paused: Duration,
}

impl Play {
    /// Does what is planned for an instant.
    async fn act(&mut self, at: Duration, step: Step) {
        let stage = Arc::clone(&self.stage);
        let world = &stage.world;
        match step {
            Step::Deliver { event, replica, first_call } => {
                self.deliveries.spawn(delivery::deliver(stage, event, replica, first_call));
                return;
            }
            Step::Show(order) => {
                if let Some(sale) = stage.plan.orders[order].shown(at) {
                    sale.install_newstore(&world.tenant);
                }
            }
            Step::Bill(order) => stage.plan.orders[order].bill(&world.account),
            Step::ErpFails(ref trouble) => {
                self.erp = Some(trouble.clone().begin(&world.account).await);
            }
            Step::ErpWorks => {
                if let Some(lasting) = self.erp.take() {
                    let (fault, times) = lasting.end(&world.account).await;
                    stage.struck(fault, times);
                }
            }
            Step::StorefrontFails(ref trouble) => {
                self.storefront = Some(trouble.clone().begin(&world.tenant).await);
            }
            Step::StorefrontWorks => {
                if let Some(lasting) = self.storefront.take() {
                    let (fault, times) = lasting.end(&world.tenant).await;
                    stage.struck(fault, times);
                }
            }
            Step::CloseBooks => {
                world.account.close_books(CLOSED_UNTIL.parse().expect("it is a day"));
            }
            Step::OpenBooks => world.account.open_books(),
            Step::Crash(replica, moment) => {
                let began = stage.at();
                self.crash(replica, moment).await;
                self.paused += stage.at().saturating_sub(began);
            }
            Step::Start(replica) => self.start(replica).await,
        }
        stage.tell(format_args!("{step:?}"));
    }

    async fn start(&mut self, replica: usize) {
        if self.services[replica].is_none() {
            let service = self.stage.world.serve().await;
            self.stage.moves(replica, Some(service.address));
            self.services[replica] = Some(service);
        }
    }

    /// Ends a replica at its moment, or when that does not come.
    async fn crash(&mut self, replica: usize, moment: Moment) {
        let stage = Arc::clone(&self.stage);
        let patience = stage.pass_until(stage.at() + CRASH_WAITS);
        match moment {
            Moment::Now => {}
            Moment::In(operation, point) => {
                let hold = stage.world.account.hold(operation, point);
                tokio::select! {
                    () = hold.reached() => {}
                    () = patience => {}
                }
                self.kill(replica);
                hold.release();
            }
            Moment::AfterAnswer => {
                let mut taken = stage.taken.subscribe();
                tokio::select! {
                    // The stage has the sender.
                    _ = taken.changed() => {}
                    () = patience => {}
                }
            }
        }
        self.kill(replica);
        let fault =
            if moment == Moment::AfterAnswer { Fault::CrashAfterAnswer } else { Fault::Crash };
        stage.struck(fault, 1);
        if stage.mutation == Some(Mutation::LosesFiles) {
            stage.world.book().lose();
        }
    }

    fn kill(&mut self, replica: usize) {
        if let Some(service) = self.services[replica].take() {
            self.stage.moves(replica, None);
            self.crashes += 1;
            // It returns when the files are closed.
            tokio::task::block_in_place(|| drop(service));
        }
    }

    /// Everything works again; waits until nothing is left to be done, and looks at it.
    async fn comes_to_rest(&mut self) {
        for works in [Step::ErpWorks, Step::StorefrontWorks, Step::OpenBooks] {
            self.act(self.stage.at(), works).await;
        }
        for replica in 0..self.services.len() {
            self.start(replica).await;
        }
        self.settles(|state| state == State::Posted).await;
        let stage = Arc::clone(&self.stage);
        let never = |it: &super::plan::Event| audit::ending(&stage.plan, it).0 != State::Posted;
        if stage.plan.events.iter().any(never) {
            // What never comes is waited for until the deadline.
            stage.world.clock.advance(GIVEN_UP);
            self.settles(|_| true).await;
        }
        if stage.is_violated() {
            return;
        }
        self.every_event_is_known().await;
        audit::audit(&stage).await;
    }

    /// Waits until every event that ends in such a state has ended.
    async fn settles(&mut self, ends: impl Fn(State) -> bool) {
        let stage = Arc::clone(&self.stage);
        let end = stage.at() + REST;
        while !stage.is_violated() {
            stage.pass_until(stage.at() + Duration::from_secs(2)).await;
            while let Some(delivered) = self.deliveries.try_join_next() {
                delivered.unwrap_or_else(|error| stage.violated(panicked(error)));
            }
            let journal = stage.world.book().all().await;
            self.retry(&journal).await;
            let mut open = open(&stage, &journal, &ends);
            if !self.deliveries.is_empty() {
                open.push(format!("{} events are not taken", self.deliveries.len()));
            }
            if open.is_empty() {
                return;
            }
            stage.must(stage.at() < end, || format!("never settled: {}", open.join("; ")));
        }
    }

    /// The books are open again: an operator retries what they kept.
    async fn retry(&self, journal: &[Record]) {
        if !journal.iter().any(is_kept) {
            return;
        }
        let filter = json!({ "state": "parked", "reason": "closed-period" });
        let service = self.services.iter().flatten().next().expect("everybody was started");
        let retried = service.tell("/api/retry", Some(filter)).await.with(200);
        self.stage.tell(format_args!("an operator retries {}", retried["count"]));
    }

    /// What is settled is answered so, whoever is asked.
    async fn every_event_is_known(&self) {
        let stage = &self.stage;
        for (nth, event) in stage.plan.events.iter().enumerate() {
            let ending = audit::ending(&stage.plan, event).0;
            let expected = if ending == State::Posted { "already-posted" } else { ending.name() };
            let answer = delivery::attempt(stage, nth, nth, Call::Patient).await;
            let outcome = answer.map(|it| it.outcome).unwrap_or_default();
            stage.must(outcome == expected, || {
                format!("event {nth} had become {expected}, and was answered {outcome}")
            });
        }
    }

    async fn end(mut self) -> Report {
        self.deliveries.shutdown().await;
        let stage = Arc::clone(&self.stage);
        let (crashes, took) = (self.crashes, stage.at());
        for replica in 0..self.services.len() {
            self.kill(replica);
        }
        let (erp, storefront) = (stage.world.account.calls(), stage.world.tenant.calls());
        Report {
            deliveries: stage.deliveries.load(Ordering::Relaxed),
            crashes,
            steps: erp.total() + storefront.graphql + storefront.token,
            memos: stage.world.account.memos().len() as u64,
            took,
            ..Report::default()
        }
    }
}

/// Whether closed books kept it from being posted.
fn is_kept(record: &Record) -> bool {
    record.state == State::Parked && record.reason.as_deref() == Some("closed-period")
}

/// What is not yet what it will be.
fn open(stage: &Stage, journal: &[Record], ends: &impl Fn(State) -> bool) -> Vec<String> {
    let mut open = Vec::new();
    for (nth, event) in stage.plan.events.iter().enumerate() {
        if !ends(audit::ending(&stage.plan, event).0) {
            continue;
        }
        match audit::record(stage, journal, event) {
            None => open.push(format!("event {nth} is not known")),
            Some(it) if !it.state.is_settled() || is_kept(it) => {
                open.push(format!("event {nth} is {} {:?}", it.state.name(), it.detail));
            }
            Some(it) if it.memos.iter().any(|it| it.confirmed_total.is_none()) => {
                audit::ended_well(stage, nth, it);
                open.push(format!("a memo of event {nth} is not read back"));
            }
            Some(it) => audit::ended_well(stage, nth, it),
        }
    }
    open
}
