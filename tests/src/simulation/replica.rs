//! One process of the service: the product's own code, on wires that can break.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use app::{
    config::{Intake, Server},
    confirm,
    credit::{Customer, Desk},
    dice::Dice,
    guarded::Guarded,
    http::Front,
    recover,
    service::{Member, Service},
    telemetry,
    wiring::webhook::Keys,
    worker::{self, Patience},
};
use axum::Router;
use jiff::tz::TimeZone;
use ports::{Clock, Jobs, Journal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    dial::{ClockSteps, Dial},
    hands::Hands,
    life::Life,
    mutation,
    shop::Shop,
    slots::Slots,
    stage::Stage,
    stores::{RemoteJobs, RemoteJournal},
    systems::{CEILING, RemoteLedger, RemoteStorefront},
    wire::Wire,
};

/// Past this an event goes to the queue.
pub const RESPOND_WITHIN: Duration = Duration::from_secs(10);
/// From the first receipt to giving up.
const GIVE_UP_AFTER: Duration = Duration::from_hours(2);
/// The same where clocks step: a deadline that is stored as a date comes an hour early or late
/// for a process whose clock is so far off.
const GIVE_UP_AFTER_STEPS: Duration = Duration::from_hours(4);
/// How often memos are read back.
const CONFIRM_PERIOD: Duration = Duration::from_secs(30);
/// Jobs of a retailer at once.
const CONCURRENCY: usize = 2;
/// How deferrals grow.
const PATIENCE: Patience =
    Patience { first_delay: Duration::from_secs(5), max_delay: Duration::from_mins(5) };

/// What all processes share, and what survives them.
pub struct Shared {
    /// The world.
    pub stage: Arc<Stage>,
    /// The retailers.
    pub shops: Vec<Arc<Shop>>,
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The queue.
    pub jobs: Arc<dyn Jobs>,
    /// Who has what in hand.
    pub hands: Arc<Hands>,
    /// When the work is done.
    pub intake: Intake,
}

/// A running process.
#[derive(Clone)]
pub struct Replica {
    /// Its way to the outside.
    pub wire: Wire,
    /// Its routes.
    pub router: Router,
    service: Service,
}

impl Replica {
    /// Starts a process.
    #[must_use]
    pub fn start(shared: &Shared, name: &str, dial: Dial) -> Self {
        let stage = Arc::clone(&shared.stage);
        let wire = Wire { stage, life: Life::default(), name: name.into(), dial };
        wire.tell("starts");
        let service = service(shared, &wire);
        let server = Server {
            listen: ([127, 0, 0, 1], 0).into(),
            respond_within: mutation::respond_within(wire.stage.mutation, RESPOND_WITHIN),
            max_body: 1_048_576,
            drain: Duration::from_secs(25),
            admin_token: None,
            max_connections: 512,
            max_in_flight_per_tenant: 256,
        };
        let metrics = telemetry::recorder().handle();
        let front = Front::new(service.clone(), shared.intake, &server, metrics);
        tokio::spawn(worker::run(service.clone(), CONCURRENCY, PATIENCE));
        tokio::spawn(confirm::run(service.clone(), CONFIRM_PERIOD));
        tokio::spawn(recover::run(service.clone(), PATIENCE.max_delay));
        Self { wire, router: front.router(), service }
    }

    /// Stops as after SIGTERM: finishes what runs, for so long as it may.
    pub async fn stop(&self) {
        self.wire.tell("stops");
        self.service.draining.cancel();
        self.service.running.close();
        tokio::select! {
            biased;
            () = self.wire.life.ended() => {}
            () = self.service.running.wait() => self.wire.tell("has finished"),
            () = self.wire.stage.time.sleep(Duration::from_secs(25)) => {
                self.wire.tell("has not finished in time");
            }
        }
        self.wire.life.end();
    }
}

fn service(shared: &Shared, wire: &Wire) -> Service {
    let stage = &wire.stage;
    let clock: Arc<dyn Clock> = Arc::new(wire.clone());
    let journal = RemoteJournal { wire: wire.clone(), inner: Arc::clone(&shared.journal) };
    let jobs = RemoteJobs {
        wire: wire.clone(),
        inner: Arc::clone(&shared.jobs),
        hands: Arc::clone(&shared.hands),
    };
    let give_up_after = match stage.clock_steps {
        ClockSteps::None => GIVE_UP_AFTER,
        ClockSteps::Machine | ClockSteps::OneReplica => GIVE_UP_AFTER_STEPS,
    };
    let mut customers = BTreeMap::new();
    for shop in &shared.shops {
        let member = member(shared, shop, wire, &clock);
        customers.insert(shop.retailer.tenant.clone(), Arc::new(member));
    }
    let desk = Desk {
        journal: mutation::journal(stage.mutation, Arc::new(journal)),
        clock,
        dice: Dice::seeded(stage.chance.next()),
        give_up_after: mutation::give_up_after(stage.mutation, give_up_after),
    };
    Service {
        customers: Arc::new(customers),
        desk,
        jobs: mutation::jobs(stage.mutation, Arc::new(jobs)),
        first_delay: PATIENCE.first_delay,
        running: TaskTracker::default(),
        draining: CancellationToken::new(),
    }
}

fn member(shared: &Shared, shop: &Arc<Shop>, wire: &Wire, clock: &Arc<dyn Clock>) -> Member {
    let mutation = wire.stage.mutation;
    let storefront = RemoteStorefront { wire: wire.clone(), shop: Arc::clone(shop) };
    let ceiling = mutation::ceiling(mutation, CEILING);
    let ledger = RemoteLedger {
        wire: wire.clone(),
        shop: Arc::clone(shop),
        slots: Slots::new(wire.stage.time.clone(), ceiling),
        in_flight: Arc::new(AtomicU32::new(0)),
        hands: Arc::clone(&shared.hands),
    };
    let ledger = Arc::new(ledger);
    let access = Arc::clone(&ledger);
    let ledger = mutation::ledger(mutation, ledger);
    let retailer = &shop.retailer;
    let customer = Customer {
        tenant: retailer.tenant.clone(),
        storefront: mutation::storefront(mutation, Arc::new(storefront)),
        ledger: Arc::new(Guarded::new(&retailer.tenant, ledger, access, Arc::clone(clock))),
        policy: mutation::policy(mutation, retailer.policy.clone()),
        maps: retailer.maps.clone(),
        time_zone: TimeZone::UTC,
    };
    Member { customer, keys: Keys::new(vec![retailer.key.clone().into()]) }
}
