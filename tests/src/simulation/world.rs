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
    chance::Chance,
    dial::ClockSteps,
    draw::{self, Terms},
    events,
    fleet::Fleet,
    handmade,
    mutation::Mutation,
    oddity::{self, Oddity},
    people,
    replica::Shared,
    retailer::Retailer,
    sale::{Reach, Sale},
    shop::Shop,
    stage::{Stage, Tracing},
    stream::{self, Event},
    time::Time,
    weather::{Fault, Weather},
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
    pub faults: BTreeMap<Fault, u64>,
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
pub fn play(seed: u64, mutation: Option<Mutation>, tracing: Tracing) -> Report {
    listen_for_panics();
    PANIC.take();
    let chance = Chance::of(seed);
    // What is odd is drawn apart: other orders are the same with and without it.
    let odd = Chance::of(!seed);
    let time = Time::new(Timestamp::from_millis(START), chance.fork());
    let world = World::drawn(&time, chance, &odd, mutation, tracing);
    let mut report = time.run(world.play());
    if let Some(panic) = PANIC.take() {
        report.violation = Some(format!("something panicked: {panic}"));
    }
    report
}

struct World {
    shared: Arc<Shared>,
    /// The retailer and the event, in no order.
    events: Vec<(usize, Event)>,
    processes: usize,
    calm_from: Timestamp,
}

impl World {
    fn drawn(
        time: &Time,
        chance: Chance,
        odd: &Chance,
        mutation: Option<Mutation>,
        tracing: Tracing,
    ) -> Self {
        let calm_from = time.now().after(STORM);
        let retailers: Vec<_> =
            (0..=chance.below(2)).map(|nth| Retailer::drawn(nth, &chance)).collect();
        let mut sales: Vec<Vec<Sale>> = vec![Vec::new(); retailers.len()];
        let mut events = Vec::new();
        for nth in 0..chance.below(7) + 2 {
            let retailer = chance.below(retailers.len());
            let column = retailers[retailer].column;
            let terms = Terms { retailer, nth, column, start: time.now(), span: SPAN };
            let mut sale = draw::sale(terms, &chance);
            oddity::befall(&mut sale, column, time.now(), odd);
            let told = events::of(&sale, &chance);
            let told = told.into_iter().chain(events::late(&sale, time.now()));
            events.extend(told.map(|event| (retailer, event)));
            sales[retailer].push(sale);
        }
        let processes = chance.below(4) + 1;
        let intake = if chance.strikes(250) { Intake::Queued } else { Intake::Inline };
        let steps = match odd.below(10) {
            0 | 1 => ClockSteps::Machine,
            2 => ClockSteps::OneReplica,
            _ => ClockSteps::None,
        };
        let stage = Stage::new(time.clone(), chance, calm_from, steps, mutation, tracing);
        let stage = Arc::new(stage);
        let shops = retailers.into_iter().zip(sales).map(|(retailer, sales)| {
            let mut weather = Weather::of_systems(time, &stage.chance, calm_from);
            let fails_alone = |sale: &Sale| matches!(sale.oddity, Oddity::FailsAlone(_));
            if sales.iter().any(fails_alone) && odd.strikes(700) {
                // The ERP works for everybody else, which then must not notice.
                weather = weather.without(&Fault::OF_THE_ERP);
            }
            Arc::new(Shop::new(Arc::clone(&stage), retailer, weather, sales))
        });
        let shops = shops.collect();
        let clock = Arc::new(time.clone());
        let shared = Shared {
            shops,
            stage,
            journal: Arc::new(adapters_journal::Memory::default()),
            jobs: Arc::new(adapters_queue::Memory::new(clock)),
            hands: Arc::default(),
            intake,
        };
        Self { shared: Arc::new(shared), events, processes, calm_from }
    }

    async fn play(self) -> Report {
        let stage = &self.shared.stage;
        self.tell_what_was_drawn();
        for shop in &self.shared.shops {
            self.begin(shop);
        }
        let fleet = Fleet::new(Arc::clone(&self.shared), self.processes, self.calm_from);
        for place in 0..self.processes {
            tokio::spawn(Arc::clone(&fleet).keep(place));
        }
        for (nth, shop) in self.shared.shops.iter().enumerate() {
            let of_shop = self.events.iter().filter(|(retailer, _)| *retailer == nth);
            let mut events: Vec<Event> = of_shop.map(|(_, event)| event.clone()).collect();
            events.sort_by_key(|it| it.due);
            let shared = Arc::clone(&self.shared);
            let stream = stream::deliver_all(shared, Arc::clone(&fleet), Arc::clone(shop), events);
            tokio::spawn(stream);
        }
        tokio::spawn(people::operator(Arc::clone(&self.shared), self.calm_from));
        self.comes_to_rest().await;
        if stage.violation().is_none() {
            audit::audit(&self.shared, &self.events).await;
        }
        self.report()
    }

    /// Lets the orders of a retailer happen, and people meddle with them.
    fn begin(&self, shop: &Arc<Shop>) {
        let stage = &self.shared.stage;
        for sale in shop.sales.values() {
            tokio::spawn(happen(Arc::clone(shop), Arc::clone(sale)));
            tokio::spawn(handmade::meddle(Arc::clone(shop), Arc::clone(sale)));
        }
        if stage.chance.strikes(300) {
            tokio::spawn(people::accountant(Arc::clone(shop), self.calm_from));
        }
        let touchable = people::touchable(shop);
        // Who lost its lease could be at work where a clerk sees nobody.
        if stage.leases_hold() && stage.chance.strikes(500) {
            for sale in &touchable {
                let (shared, shop) = (Arc::clone(&self.shared), Arc::clone(shop));
                tokio::spawn(people::clerk(shared, shop, Arc::clone(sale), self.calm_from));
            }
        }
        if !touchable.is_empty() && stage.chance.strikes(100) {
            let sale = Arc::clone(stage.chance.pick(&touchable));
            shop.notes().squatted.insert(sale.order.clone());
            tokio::spawn(people::squatter(Arc::clone(shop), sale, self.calm_from));
        }
    }

    /// Waits until nothing is left to be done, and a little longer.
    async fn comes_to_rest(&self) {
        let stage = &self.shared.stage;
        stage.time.until(self.calm_from).await;
        let end = stage.time.now().after(REST);
        while stage.violation().is_none() {
            stage.time.sleep(Duration::from_mins(6)).await;
            let open = self.open().await;
            if open.is_empty() {
                stage.time.sleep(Duration::from_mins(7)).await;
                if self.open().await.is_empty() {
                    return;
                }
            }
            stage.must(stage.time.now() < end, || format!("never settled: {}", open.join(", ")));
        }
    }

    /// What is not yet what it will be.
    async fn open(&self) -> Vec<String> {
        let query = Query { limit: 10_000, ..Query::default() };
        let found = self.shared.journal.find(&query).await.expect("it works for the world");
        let mut open = Vec::new();
        for (retailer, event) in &self.events {
            let shop = &self.shared.shops[*retailer];
            let sale = &shop.sales[&event.order];
            let id = event.cancellation(shop).id();
            let record = found.iter().find(|it| it.cancellation.id() == id);
            let is_mendable = |reason: &str| people::is_mendable(sale, reason);
            match record {
                Some(record) if audit::odd::waits_for_others(shop, sale, record) => {}
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
        let stage = &self.shared.stage;
        let places = self.shared.shops.iter().map(|it| &it.weather);
        let mut faults = BTreeMap::new();
        for weather in places.chain([&stage.stores, &stage.processes]) {
            for (fault, times) in weather.count() {
                *faults.entry(fault).or_default() += times;
            }
        }
        let memos = self.shared.shops.iter().map(|shop| {
            shop.ledger.books(|it| it.memos.iter().filter(|it| it.sent.is_some()).count())
        });
        let memos: usize = memos.sum();
        Report {
            violation: stage.violation(),
            trace: stage.trace(),
            faults,
            events: self.events.len() as u64,
            deliveries: stage.tally.deliveries.load(Ordering::Relaxed),
            crashes: stage.tally.crashes.load(Ordering::Relaxed),
            steps: stage.tally.steps.load(Ordering::Relaxed),
            memos: memos as u64,
            took: stage.time.now().since(stage.start),
        }
    }

    fn tell_what_was_drawn(&self) {
        let stage = &self.shared.stage;
        stage.tell("world", format_args!("{} processes, {:?}", self.processes, self.shared.intake));
        stage.tell("world", format_args!("{:?} {:?}", stage.stores, stage.processes));
        stage.tell("world", format_args!("clocks that step: {:?}", stage.clock_steps));
        for shop in &self.shared.shops {
            stage.tell("world", format_args!("{:?} {:?}", shop.retailer, shop.weather));
            for sale in shop.sales.values() {
                stage.tell("world", format_args!("{sale:?}"));
            }
        }
        for (retailer, event) in &self.events {
            let id = event.cancellation(&self.shared.shops[*retailer]).id();
            stage.tell("world", format_args!("{id}: {event:?}"));
        }
    }
}

/// Shows each part of an order's story in its time.
async fn happen(shop: Arc<Shop>, sale: Arc<Sale>) {
    let story = &sale.story;
    let groups = sale.groups.iter().flat_map(|it| [it.cancelled_at, it.refunded_at]);
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
        shop.stage.time.until(part).await;
        shop.show(&sale);
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
