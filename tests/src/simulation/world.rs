//! One seed, played from its beginning until everything has come to rest.

use std::{
    cell::RefCell,
    collections::BTreeMap,
    panic,
    sync::{Arc, Once, atomic::Ordering},
    time::Duration,
};

use app::config::Intake;
use domain::Timestamp;
use ports::Query;

use super::{
    audit,
    backends::Backends,
    context::{SimulationContext, Tracing},
    customer::SimulatedCustomer,
    draw::{self, Terms},
    events,
    fault_schedule::{FaultSchedule, SimulatedFault},
    machine_clock::ClockSteps,
    manual_memos,
    mutation::Mutation,
    oddity::{self, Oddity},
    operators,
    replica::Shared,
    replicas::Replicas,
    rng::Rng,
    sale::{Reach, SimulatedSale},
    stream::{self, Event},
    time::Time,
};

/// A day in November 2026, in milliseconds.
const START: i64 = 1_795_428_000_000;
/// How long orders are cancelled.
const SPAN: Duration = Duration::from_mins(30);
/// How long things go wrong.
const STORM: Duration = Duration::from_mins(70);
/// How long the world may take to come to rest.
const REST: Duration = Duration::from_hours(9);

/// What came of a seed.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The first thing that happened and must not.
    pub violation: Option<String>,
    /// Everything that happened, where it was written down.
    pub trace: String,
    /// Faults that befell something, by kind.
    pub faults: BTreeMap<SimulatedFault, u64>,
    /// Events of the storefront.
    pub events: u64,
    /// Deliveries of them.
    pub deliveries: u64,
    /// Processes killed.
    pub crashes: u64,
    /// Calls of processes to anything outside of them.
    pub steps: u64,
    /// Credit memos that we made.
    pub memos: u64,
    /// Virtual time that passed.
    pub took: Duration,
}

/// Plays a seed.
#[must_use]
pub fn run(seed: u64, mutation: Option<Mutation>, tracing: Tracing) -> Report {
    listen_for_panics();
    PANIC.take();
    let rng = Rng::of(seed);
    // What is odd is drawn apart: other orders are the same with and without it.
    let odd = Rng::of(!seed);
    let time = Time::new(Timestamp::from_millis(START), rng.fork());
    let world = Simulation::drawn(&time, rng, &odd, mutation, tracing);
    let mut report = time.run(world.run());
    if let Some(panic) = PANIC.take() {
        report.violation = Some(format!("something panicked: {panic}"));
    }
    report
}

struct Simulation {
    shared: Arc<Shared>,
    /// The customer and the event, in no order.
    events: Vec<(usize, Event)>,
    processes: usize,
    calm_from: Timestamp,
}

impl Simulation {
    fn drawn(
        time: &Time,
        rng: Rng,
        odd: &Rng,
        mutation: Option<Mutation>,
        tracing: Tracing,
    ) -> Self {
        let calm_from = time.now().after(STORM);
        let retailers: Vec<_> =
            (0..=rng.below(2)).map(|nth| SimulatedCustomer::drawn(nth, &rng)).collect();
        let mut sales: Vec<Vec<SimulatedSale>> = vec![Vec::new(); retailers.len()];
        let mut events = Vec::new();
        for nth in 0..rng.below(7) + 2 {
            let customer = rng.below(retailers.len());
            let column = retailers[customer].column;
            let terms = Terms { customer, nth, column, start: time.now(), span: SPAN };
            let mut sale = draw::sale(terms, &rng);
            oddity::befall(&mut sale, column, time.now(), odd);
            let told = events::of(&sale, &rng);
            let told = told.into_iter().chain(events::late(&sale, time.now()));
            events.extend(told.map(|event| (customer, event)));
            sales[customer].push(sale);
        }
        let processes = rng.below(4) + 1;
        let intake = if rng.strikes(250) { Intake::Queued } else { Intake::Inline };
        let steps = match odd.below(10) {
            0 | 1 => ClockSteps::Machine,
            2 => ClockSteps::OneReplica,
            _ => ClockSteps::None,
        };
        let simulation =
            SimulationContext::new(time.clone(), rng, calm_from, steps, mutation, tracing);
        let simulation = Arc::new(simulation);
        let backends = retailers.into_iter().zip(sales).map(|(customer, sales)| {
            let mut schedule = FaultSchedule::of_systems(time, &simulation.rng, calm_from);
            let fails_alone = |sale: &SimulatedSale| matches!(sale.oddity, Oddity::FailsAlone(_));
            if sales.iter().any(fails_alone) && odd.strikes(700) {
                // The ERP works for everybody else, which then must not notice.
                schedule = schedule.without(&SimulatedFault::OF_THE_ERP);
            }
            Arc::new(Backends::new(Arc::clone(&simulation), customer, schedule, sales))
        });
        let backends = backends.collect();
        let clock = Arc::new(time.clone());
        let shared = Shared {
            backends,
            simulation,
            journal: Arc::new(adapters_journal::Memory::default()),
            jobs: Arc::new(adapters_queue::Memory::new(clock)),
            lease_checks: Arc::default(),
            intake,
        };
        Self { shared: Arc::new(shared), events, processes, calm_from }
    }

    async fn run(self) -> Report {
        let simulation = &self.shared.simulation;
        self.tell_what_was_drawn();
        for backend in &self.shared.backends {
            self.begin(backend);
        }
        let replicas = Replicas::new(Arc::clone(&self.shared), self.processes, self.calm_from);
        for place in 0..self.processes {
            tokio::spawn(Arc::clone(&replicas).keep(place));
        }
        for (nth, backend) in self.shared.backends.iter().enumerate() {
            let of_shop = self.events.iter().filter(|(customer, _)| *customer == nth);
            let mut events: Vec<Event> = of_shop.map(|(_, event)| event.clone()).collect();
            events.sort_by_key(|event| event.due);
            let shared = Arc::clone(&self.shared);
            let stream =
                stream::deliver_all(shared, Arc::clone(&replicas), Arc::clone(backend), events);
            tokio::spawn(stream);
        }
        tokio::spawn(operators::operator(Arc::clone(&self.shared), self.calm_from));
        self.comes_to_rest().await;
        if simulation.violation().is_none() {
            audit::audit(&self.shared, &self.events).await;
        }
        self.report()
    }

    /// Lets the orders of a customer happen, and people meddle with them.
    fn begin(&self, backend: &Arc<Backends>) {
        let simulation = &self.shared.simulation;
        for sale in backend.sales.values() {
            tokio::spawn(run_event(Arc::clone(backend), Arc::clone(sale)));
            tokio::spawn(manual_memos::meddle(Arc::clone(backend), Arc::clone(sale)));
        }
        if simulation.rng.strikes(300) {
            tokio::spawn(operators::accountant(Arc::clone(backend), self.calm_from));
        }
        let touchable = operators::touchable(backend);
        // Who lost its lease could be at work where a clerk sees nobody.
        if simulation.leases_hold() && simulation.rng.strikes(500) {
            for sale in &touchable {
                let (shared, backend) = (Arc::clone(&self.shared), Arc::clone(backend));
                tokio::spawn(operators::clerk(shared, backend, Arc::clone(sale), self.calm_from));
            }
        }
        if !touchable.is_empty() && simulation.rng.strikes(100) {
            let sale = Arc::clone(simulation.rng.pick(&touchable));
            backend.notes().squatted.insert(sale.order.clone());
            tokio::spawn(operators::squatter(Arc::clone(backend), sale, self.calm_from));
        }
    }

    /// Waits until nothing is left to be done, and a little longer.
    async fn comes_to_rest(&self) {
        let simulation = &self.shared.simulation;
        simulation.time.until(self.calm_from).await;
        let end = simulation.time.now().after(REST);
        while simulation.violation().is_none() {
            simulation.time.sleep(Duration::from_mins(6)).await;
            let open = self.open().await;
            if open.is_empty() {
                simulation.time.sleep(Duration::from_mins(7)).await;
                if self.open().await.is_empty() {
                    return;
                }
            }
            simulation.must(simulation.time.now() < end, || {
                format!("never settled: {}", open.join(", "))
            });
        }
    }

    /// What is not yet what it will be.
    async fn open(&self) -> Vec<String> {
        let query = Query { limit: 10_000, ..Query::default() };
        let found = self.shared.journal.find(&query).await.expect("it works for the world");
        let mut open = Vec::new();
        for (customer, event) in &self.events {
            let backend = &self.shared.backends[*customer];
            let sale = &backend.sales[&event.order];
            let id = event.cancellation(backend).id();
            let record = found.iter().find(|it| it.cancellation.id() == id);
            let is_mendable = |reason: &str| operators::is_mendable(sale, reason);
            match record {
                Some(record) if audit::odd::waits_for_others(backend, sale, record) => {}
                None => open.push(format!("{id} unknown")),
                Some(it)
                    if !it.state.is_settled() || it.reason.as_deref().is_some_and(is_mendable) =>
                {
                    open.push(format!("{id} {} {:?}", it.state.name(), it.reason));
                }
                Some(_) => {}
            }
        }
        open
    }

    fn report(&self) -> Report {
        let simulation = &self.shared.simulation;
        let places = self.shared.backends.iter().map(|it| &it.faults);
        let mut faults = BTreeMap::new();
        for schedule in places.chain([&simulation.stores, &simulation.processes]) {
            for (fault, times) in schedule.count() {
                *faults.entry(fault).or_default() += times;
            }
        }
        let memos = self.shared.backends.iter().map(|backend| {
            backend.ledger.books(|it| it.memos.iter().filter(|memo| memo.sent.is_some()).count())
        });
        let memos: usize = memos.sum();
        Report {
            violation: simulation.violation(),
            trace: simulation.trace(),
            faults,
            events: self.events.len() as u64,
            deliveries: simulation.tally.deliveries.load(Ordering::Relaxed),
            crashes: simulation.tally.crashes.load(Ordering::Relaxed),
            steps: simulation.tally.steps.load(Ordering::Relaxed),
            memos: memos as u64,
            took: simulation.time.now().since(simulation.start),
        }
    }

    fn tell_what_was_drawn(&self) {
        let simulation = &self.shared.simulation;
        simulation
            .tell("world", format_args!("{} processes, {:?}", self.processes, self.shared.intake));
        simulation
            .tell("world", format_args!("{:?} {:?}", simulation.stores, simulation.processes));
        simulation.tell("world", format_args!("clocks that step: {:?}", simulation.clock_steps));
        for backend in &self.shared.backends {
            simulation.tell("world", format_args!("{:?} {:?}", backend.customer, backend.faults));
            for sale in backend.sales.values() {
                simulation.tell("world", format_args!("{sale:?}"));
            }
        }
        for (customer, event) in &self.events {
            let id = event.cancellation(&self.shared.backends[*customer]).id();
            simulation.tell("world", format_args!("{id}: {event:?}"));
        }
    }
}

/// Shows each part of an order's story in its time.
async fn run_event(backend: Arc<Backends>, sale: Arc<SimulatedSale>) {
    let story = &sale.story;
    let groups = sale.groups.iter().flat_map(|group| [group.cancelled_at, group.refunded_at]);
    let parts = [story.visible_at, story.paid_at, story.exported_at];
    let returned = sale.units.iter().filter_map(|unit| match unit.reached {
        Reach::Returned(at) => Some(at),
        Reach::Open | Reach::Fulfilled => None,
    });
    let invoiced = story.invoiced_at.iter().copied();
    let mut parts: Vec<_> =
        parts.into_iter().chain(groups).chain(returned).chain(invoiced).collect();
    parts.sort();
    for part in parts {
        backend.simulation.time.until(part).await;
        backend.show(&sale);
    }
}

thread_local! {
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A runtime keeps panics of tasks to itself; nothing may panic unseen.
fn listen_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            PANIC.with_borrow_mut(|it| it.get_or_insert_with(|| info.to_string()).truncate(500));
            before(info);
        }));
    });
}
