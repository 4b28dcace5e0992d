//! Where a plan is played: the systems, everybody's time, and what is written down.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    fs,
    net::SocketAddr,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use app::config::Intake;
use domain::{ClosedPeriod, Timestamp};
use ports::Clock;
use sandbox::sale::TaxBooking;
use tokio::sync::watch;

use super::{
    mutation::Mutation,
    plan::{GiveUp, Plan, Terms},
    proxy::Proxy,
};
use crate::{
    Settings, TestWorld,
    clock::{STEP, pass},
    simulation,
};

/// The service answers within this time.
pub(super) const RESPOND_WITHIN: Duration = Duration::from_secs(3);
/// An answer that took longer is a violation: time passes a hundred times as fast here as for
/// the machine, which is what the rest is left for.
const LIMIT: Duration = Duration::from_secs(10);
/// So much more slowly time passes while an answer is late.
const SLOWLY: Duration = Duration::from_millis(250);

/// Everything around the service.
pub(super) struct WireContext {
    pub(super) world: TestWorld,
    pub(super) plan: Plan,
    pub(super) mutation: Option<Mutation>,
    /// When the plan begins.
    pub(super) start: Timestamp,
    /// How many events were answered 200 so far.
    pub(super) taken: watch::Sender<u64>,
    pub(super) deliveries: AtomicU64,
    replicas: Mutex<Vec<Option<SocketAddr>>>,
    /// When each call was made that is not answered yet.
    calls: Mutex<BTreeMap<u64, Timestamp>>,
    log: std::sync::Arc<Log>,
    /// In front of both systems, where a bug needs them.
    _proxies: Vec<Proxy>,
}

/// What is left of a run, however it ends.
#[derive(Default)]
pub(super) struct Log {
    lines: Mutex<String>,
    violation: Mutex<Option<String>>,
    faults: Mutex<BTreeMap<simulation::SimulatedFault, u64>>,
}

impl WireContext {
    pub(super) async fn new(
        plan: Plan,
        mutation: Option<Mutation>,
        log: std::sync::Arc<Log>,
    ) -> Self {
        let world = TestWorld::new(&settings(&plan.terms, mutation)).await;
        // What is in flight is counted, and never rejected.
        world.account.concurrency_limit(100);
        world.account.print_noise(plan.terms.noise);
        let mut proxies = Vec::new();
        if let Some(bug) = mutation.filter(|it| it.is_on_the_wire()) {
            for url in [world.tenant.graphql_url(), world.account.endpoint()] {
                let proxy = Proxy::start(&url, bug).await.expect("the loopback has a free port");
                let config = fs::read_to_string(world.config()).expect("the folder is ours");
                let config = config.replace(&proxy.origin, &proxy.address());
                fs::write(world.config(), config).expect("the folder is ours");
                proxies.push(proxy);
            }
        }
        Self {
            start: world.clock.now(),
            replicas: Mutex::new(vec![None; plan.terms.replicas]),
            taken: watch::Sender::new(0),
            deliveries: AtomicU64::new(0),
            calls: Mutex::default(),
            world,
            plan,
            mutation,
            log,
            _proxies: proxies,
        }
    }

    /// How long the plan has been played.
    pub(super) fn at(&self) -> Duration {
        self.world.clock.now().since(self.start)
    }

    /// Lets time pass, in small steps, and more slowly while an answer is late.
    pub(super) async fn pass_until(&self, at: Duration) {
        while self.at() < at && self.log.violation().is_none() {
            let waited = self.calls().values().min().map(|it| self.world.clock.now().since(*it));
            if waited.is_some_and(|it| it > RESPOND_WITHIN) {
                tokio::time::sleep(SLOWLY).await;
            }
            pass(&self.world.clock, STEP.min(at.saturating_sub(self.at()))).await;
            let waited = waited.unwrap_or_default();
            self.must(waited <= LIMIT, || format!("no answer to an event after {waited:?}"));
        }
    }

    /// Counts a call from now on, until it is answered or given up.
    pub(super) fn calling(&self) -> Calling<'_> {
        let number = self.deliveries.fetch_add(1, Ordering::Relaxed);
        self.calls().insert(number, self.world.clock.now());
        Calling { context: self, number }
    }

    /// Where a replica listens, if it runs.
    pub(super) fn address(&self, replica: usize) -> Option<SocketAddr> {
        let replicas = self.replicas.lock().expect("nobody panics with it");
        replicas[replica % replicas.len()]
    }

    /// A replica listens here from now on, or nowhere.
    pub(super) fn moves(&self, replica: usize, address: Option<SocketAddr>) {
        self.replicas.lock().expect("nobody panics with it")[replica] = address;
    }

    /// Writes down what happens.
    pub(super) fn tell(&self, what: impl fmt::Display) {
        self.log.tell(self.at(), what);
    }

    /// Something happened that must not.
    pub(super) fn violated(&self, what: String) {
        self.tell(format_args!("VIOLATION {what}"));
        self.log.violation.lock().expect("nobody panics with it").get_or_insert(what);
    }

    /// Holds, or is a violation.
    pub(super) fn must(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violated(otherwise());
        }
    }

    /// Something befell so many calls.
    pub(super) fn struck(&self, fault: simulation::SimulatedFault, times: u64) {
        *self.log.faults().entry(fault).or_default() += times;
    }

    /// Whether something happened that must not.
    pub(super) fn is_violated(&self) -> bool {
        self.log.violation().is_some()
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<u64, Timestamp>> {
        self.calls.lock().expect("nobody panics with it")
    }
}

/// A call that is not answered yet.
pub(super) struct Calling<'a> {
    context: &'a WireContext,
    number: u64,
}

impl Drop for Calling<'_> {
    fn drop(&mut self) {
        self.context.calls().remove(&self.number);
    }
}

impl Log {
    pub(super) fn tell(&self, at: Duration, what: impl fmt::Display) {
        let mut lines = self.lines.lock().expect("nobody panics with it");
        writeln!(lines, "{:>9.3} s  {what}", at.as_secs_f64()).expect("a string takes any text");
    }

    /// Everything that was written down.
    pub(super) fn lines(&self) -> String {
        self.lines.lock().expect("nobody panics with it").clone()
    }

    /// The first thing that happened and must not.
    pub(super) fn violation(&self) -> Option<String> {
        self.violation.lock().expect("nobody panics with it").clone()
    }

    /// What befell calls, and how many.
    pub(super) fn faults(&self) -> MutexGuard<'_, BTreeMap<simulation::SimulatedFault, u64>> {
        self.faults.lock().expect("nobody panics with it")
    }
}

/// The configuration of the plan's terms, with the bug where it is one of configuration.
fn settings(terms: &Terms, mutation: Option<Mutation>) -> Settings {
    let is = |bug| mutation == Some(bug);
    let respond_within = if is(Mutation::AnswersLate) { "10m" } else { "3s" };
    let give_up_after = if is(Mutation::GivesUpEarly) { "2s" } else { "72h" };
    let ceiling = if is(Mutation::NoGovernor) { 20 } else { terms.ceiling };
    let require_refund = !is(Mutation::NoRefundNeeded);
    let timeout = match terms.give_up {
        GiveUp::Long => "120s",
        GiveUp::Short => "250ms",
    };
    let tax = match terms.booking {
        TaxBooking::Details => "suitetax",
        TaxBooking::LineCodes | TaxBooking::BodyItem => "from-invoice",
    };
    let closed_period = match terms.closed_period {
        ClosedPeriod::Park => "park",
        ClosedPeriod::Today => "today",
    };
    Settings {
        server: format!("respond_within = \"{respond_within}\""),
        intake: match terms.intake {
            Intake::Inline => "inline".to_owned(),
            Intake::Queued => "queued".to_owned(),
        },
        worker: format!(
            "first_delay = \"1s\"\nmax_delay = \"4s\"\ngive_up_after = \"{give_up_after}\""
        ),
        erp: format!("concurrency = {ceiling}\ntimeout = \"{timeout}\""),
        policy: format!(
            "tax = \"{tax}\"\nclosed_period = \"{closed_period}\"\nrequire_refund = {require_refund}"
        ),
        ..Settings::default()
    }
}
