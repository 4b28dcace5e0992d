//! A storm: replicas under load, killed at random moments, started again at once.
//!
//! NewStore delivers every event until it is answered 2xx, some of them twice,
//! to whatever replica lives. In the end every cancellation is settled, every
//! cancelled unit is on exactly one memo, and every memo is right to the cent.

use std::{
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use ports::CancellationState;
use rand::{Rng, SeedableRng, rngs::StdRng};
use rust_decimal::Decimal;
use sandbox::sale::{Billing, Sale, Unit};
use serde_json::{Value, json};
use tokio::{
    sync::Semaphore,
    task::{JoinHandle, JoinSet},
};

use crate::{
    ITEMS, Postgres, Process, Settings, SqsKind, SqsQueue, TestWorld, WHOLE, event,
    expected_memos::{self, ExpectedMemos},
    paid,
};

/// Deliveries under way at once.
const AT_ONCE: usize = 16;
/// NewStore's pause before it delivers again.
const AGAIN: Duration = Duration::from_millis(50);
/// Real time for everything to settle after the storm: leases of the dead end before.
const CALM: Duration = Duration::from_mins(3);

/// What a storm is made of.
#[derive(Debug, Clone)]
pub struct Chaos {
    /// Orders with cancelled units.
    pub orders: usize,
    /// kill -9 so often at least; more when there is still work.
    pub kills: usize,
    /// Processes at once.
    pub replicas: usize,
    /// How they are configured.
    pub settings: Settings,
    /// Draws orders, duplicates and moments.
    pub seed: u64,
}

/// What was done.
#[derive(Debug, Clone, Copy)]
pub struct Figures {
    /// Events, each settled.
    pub cancellations: usize,
    /// Calls of the webhook, duplicates and repetitions included.
    pub deliveries: u64,
    /// Processes killed.
    pub kills: usize,
    /// Memos on record.
    pub memos: usize,
    /// From the first delivery until everything was settled.
    pub took: Duration,
}

/// An order's events and what is due for it.
struct Order {
    events: Vec<Value>,
    owed: ExpectedMemos,
}

/// The living replicas by their addresses.
type Replicas = Arc<Mutex<Vec<Option<SocketAddr>>>>;

impl Chaos {
    /// Short delays and many hands: what is left to wait for are leases of the dead.
    #[must_use]
    pub fn settings() -> Settings {
        Settings {
            worker: "concurrency = 8\nfirst_delay = \"100ms\"\nmax_delay = \"1s\"".to_owned(),
            erp: "concurrency = 8".to_owned(),
            ..Settings::default()
        }
    }

    /// The same on a queue and a journal that replicas on several machines share.
    pub async fn shared_settings() -> Settings {
        let queue = SqsQueue::create(SqsKind::Fifo, &json!({ "FifoQueue": "true" })).await;
        let database = Postgres::shared().await.database().await;
        Settings { queue: queue.section(), database, ..Self::settings() }
    }

    /// Lets it rage and checks what it leaves.
    #[expect(clippy::print_stdout, reason = "a failure shows the seed")]
    pub async fn run(&self, program: &str) -> Figures {
        println!("storm with seed {}", self.seed);
        let mut random = StdRng::seed_from_u64(self.seed);
        let world = TestWorld::new(&self.settings).await;
        let orders: Vec<_> = (1..=self.orders).map(|it| order(it, &mut random)).collect();
        for (sale, _) in &orders {
            world.install(sale, &Billing::OneInvoice);
        }
        let orders: Vec<_> = orders.into_iter().map(|(_, order)| order).collect();
        let began = Instant::now();
        let replicas: Replicas = Arc::new(Mutex::new(vec![None; self.replicas]));
        let mut processes = Vec::new();
        for place in 0..self.replicas {
            processes.push(start(&world, program, &replicas, place).await);
        }
        let deliveries = Arc::new(AtomicU64::new(0));
        let delivering = deliver_all(&world, &orders, &replicas, &deliveries, &mut random);
        let mut kills = 0;
        while kills < self.kills || !delivering.is_finished() {
            tokio::time::sleep(Duration::from_millis(random.random_range(20..250))).await;
            let place = random.random_range(0..self.replicas);
            replicas.lock().expect("nobody panics with it")[place] = None;
            processes.remove(place).kill().await;
            processes.insert(place, start(&world, program, &replicas, place).await);
            kills += 1;
        }
        delivering.await.expect("every event was answered 2xx in the end");
        let cancellations = orders.iter().map(|order| order.events.len()).sum();
        wait_until_idle(&world, cancellations).await;
        let took = began.elapsed();
        for process in processes {
            process.signal("TERM").await;
            assert_eq!(process.ended().await.code(), Some(0));
        }
        let memos = world.account.memos();
        let owed: Vec<_> = orders.into_iter().map(|order| order.owed).collect();
        assert_eq!(expected_memos::faults(&owed, &memos), [""; 0]);
        let memos = memos.len();
        let deliveries = deliveries.load(Ordering::Relaxed);
        Figures { cancellations, deliveries, kills, memos, took }
    }
}

async fn start(world: &TestWorld, program: &str, replicas: &Replicas, place: usize) -> Process {
    let process = world.spawn(program).await;
    replicas.lock().expect("nobody panics with it")[place] = Some(process.address);
    process
}

/// One to three units, the first or all of them cancelled, by one event or by two
/// that overlap.
fn order(number: usize, random: &mut StdRng) -> (Sale, Order) {
    let id = format!("9f4e8ffc-0000-4000-8000-{number:012x}");
    let mut sale = Sale::new(&id, &format!("STORM-{number}"));
    let (mut total, mut refund) = (Decimal::ZERO, Decimal::ZERO);
    let mut cancelled = Vec::new();
    let units = random.random_range(1..=3);
    let all = random.random_bool(0.5);
    for place in 0..units {
        let unit = format!("dc333267-{place:04x}-4000-8000-{number:012x}");
        let price = Decimal::new(random.random_range(1..20_000), 2);
        sale = sale.unit(Unit::new(&unit, &format!("1000{place}"), &price.to_string()));
        total += price;
        if place == 0 || all {
            refund += price;
            cancelled.push(unit);
        }
    }
    let cancelled: Vec<&str> = cancelled.iter().map(String::as_str).collect();
    let sale = sale
        .paid(paid(&total.to_string()))
        .cancelled(&cancelled)
        .refunded("credit_card", &refund.to_string());
    let mut events = vec![event(&sale, ITEMS, &cancelled)];
    if random.random_bool(0.3) {
        events.push(event(&sale, WHOLE, &cancelled));
    } else if cancelled.len() > 1 && random.random_bool(0.5) {
        events.push(event(&sale, ITEMS, &cancelled[..1]));
    }
    let owed = ExpectedMemos::of(&sale, &cancelled);
    (sale, Order { events, owed })
}

/// Delivers every event until it is answered 2xx; a fifth of them once more later.
fn deliver_all(
    world: &TestWorld,
    orders: &[Order],
    replicas: &Replicas,
    deliveries: &Arc<AtomicU64>,
    random: &mut StdRng,
) -> JoinHandle<()> {
    let mut events = Vec::new();
    for event in orders.iter().flat_map(|order| &order.events) {
        let at = random.random_range(0..=events.len());
        events.insert(at, event.clone());
        if random.random_bool(0.2) {
            let at = random.random_range(0..=events.len());
            events.insert(at, event.clone());
        }
    }
    let (http, replicas) = (world.http.clone(), Arc::clone(replicas));
    let (deliveries, seed) = (Arc::clone(deliveries), random.random());
    tokio::spawn(async move {
        let hands = Arc::new(Semaphore::new(AT_ONCE));
        let mut random = StdRng::seed_from_u64(seed);
        let mut under_way = JoinSet::new();
        for event in events {
            let hand = Arc::clone(&hands).acquire_owned().await.expect("it is never closed");
            let (http, replicas) = (http.clone(), Arc::clone(&replicas));
            let (deliveries, first) = (Arc::clone(&deliveries), random.random_range(0..8));
            under_way.spawn(async move {
                deliver(&http, &replicas, first, &event, &deliveries).await;
                drop(hand);
            });
        }
        while let Some(delivered) = under_way.join_next().await {
            delivered.expect("an event is answered 2xx or 5xx, or not at all");
        }
    })
}

async fn deliver(
    http: &reqwest::Client,
    replicas: &Replicas,
    first: usize,
    event: &Value,
    deliveries: &AtomicU64,
) {
    for place in first.. {
        let address = {
            let replicas = replicas.lock().expect("nobody panics with it");
            replicas[place % replicas.len()]
        };
        if let Some(address) = address {
            deliveries.fetch_add(1, Ordering::Relaxed);
            if let Ok(answer) = crate::post(http, address, event).await {
                match answer.status {
                    200 => return,
                    500 | 503 => {}
                    _ => panic!("{event} was answered {answer:?}"),
                }
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Waits until every cancellation is posted.
async fn wait_until_idle(world: &TestWorld, cancellations: usize) {
    let book = world.book();
    let settled = async {
        while book.count(CancellationState::Posted).await < cancellations {
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    if tokio::time::timeout(CALM, settled).await.is_err() {
        let mut lost = Vec::new();
        for state in [
            CancellationState::Working,
            CancellationState::Deferred,
            CancellationState::Skipped,
            CancellationState::Parked,
        ] {
            lost.extend(book.in_state(state).await.into_iter().take(5));
        }
        let posted = book.count(CancellationState::Posted).await;
        panic!("{posted} of {cancellations} were posted, and not for example {lost:#?}");
    }
}
