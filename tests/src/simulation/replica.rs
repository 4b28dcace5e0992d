//! One process of the service: the product's own code, on wires that can break.

use std::{
    collections::BTreeMap,
    sync::{Arc, atomic::AtomicU32},
    time::Duration,
};

use app::{
    background::{
        read_back, recovery,
        supervisor::Supervisor,
        worker::{self, BackoffLimits},
    },
    config::{Intake, Server},
    inbound::HttpState,
    inbound::keys::Keys,
    ledger::circuit_breaker::CircuitBreakerLedger,
    observability,
    process::{
        credit::{Context, Customer},
        elapsed::Elapsed,
        service::{CustomerEntry, Service},
    },
    random::Random,
};
use axum::Router;
use jiff::tz::TimeZone;
use ports::{Clock, Jobs, Journal};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    backends::Backends,
    context::SimulationContext,
    crash_points::CrashPoint,
    lease_checks::LeaseChecks,
    machine_clock::{ClockSteps, Dial},
    mutation,
    slots::Slots,
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
/// Jobs of a customer at once.
const CONCURRENCY: usize = 2;
/// How deferrals grow.
const LIMITS: BackoffLimits =
    BackoffLimits { first_delay: Duration::from_secs(5), max_delay: Duration::from_mins(5) };

/// What all processes share, and what survives them.
pub struct Shared {
    /// The world.
    pub simulation: Arc<SimulationContext>,
    /// The customers.
    pub backends: Vec<Arc<Backends>>,
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The queue.
    pub jobs: Arc<dyn Jobs>,
    /// Who has what in hand.
    pub lease_checks: Arc<LeaseChecks>,
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
        let simulation = Arc::clone(&shared.simulation);
        let wire = Wire { simulation, crash_point: CrashPoint::default(), name: name.into(), dial };
        wire.tell("starts");
        let service = service(shared, &wire);
        let server = Server {
            listen: ([127, 0, 0, 1], 0).into(),
            respond_within: mutation::respond_within(wire.simulation.mutation, RESPOND_WITHIN),
            max_body: 1_048_576,
            drain: Duration::from_secs(25),
            admin_token: None,
            max_connections: 512,
            max_in_flight_per_tenant: 256,
        };
        let metrics = observability::recorder().handle();
        let tasks = Supervisor::new(service.draining.clone());
        tasks.run("worker", worker::run(service.clone(), CONCURRENCY, LIMITS));
        tasks.run("read-back", read_back::run(service.clone(), CONFIRM_PERIOD));
        tasks.run("recovery", recovery::run(service.clone(), LIMITS.max_delay));
        let events = app::wiring::event_decoder();
        let front = HttpState::new(service.clone(), events, shared.intake, &server, metrics, tasks);
        Self { wire, router: front.router(), service }
    }

    /// Stops as after SIGTERM: finishes what runs, for so long as it may.
    pub async fn stop(&self) {
        self.wire.tell("stops");
        self.service.draining.cancel();
        self.service.running.close();
        tokio::select! {
            biased;
            () = self.wire.crash_point.ended() => {}
            () = self.service.running.wait() => self.wire.tell("has finished"),
            () = self.wire.simulation.time.sleep(Duration::from_secs(25)) => {
                self.wire.tell("has not finished in time");
            }
        }
        self.wire.crash_point.end();
    }
}

fn service(shared: &Shared, wire: &Wire) -> Service {
    let simulation = &wire.simulation;
    let clock: Arc<dyn Clock> = Arc::new(wire.clone());
    let journal = RemoteJournal { wire: wire.clone(), inner: Arc::clone(&shared.journal) };
    let jobs = RemoteJobs {
        wire: wire.clone(),
        inner: Arc::clone(&shared.jobs),
        lease_checks: Arc::clone(&shared.lease_checks),
    };
    let give_up_after = match simulation.clock_steps {
        ClockSteps::None => GIVE_UP_AFTER,
        ClockSteps::Machine | ClockSteps::OneReplica => GIVE_UP_AFTER_STEPS,
    };
    let give_up_after = mutation::give_up_after(simulation.mutation, give_up_after);
    let mut customers = BTreeMap::new();
    for backend in &shared.backends {
        let member = member(shared, backend, wire, &clock);
        customers.insert(backend.customer.tenant.clone(), Arc::new(member));
    }
    let context = Context {
        journal: mutation::journal(simulation.mutation, Arc::new(journal)),
        clock,
        random: Random::seeded(simulation.rng.next()),
        give_up_after,
        elapsed: Elapsed::new(give_up_after),
    };
    Service {
        customers: Arc::new(customers),
        context,
        jobs: mutation::jobs(simulation.mutation, Arc::new(jobs)),
        first_delay: LIMITS.first_delay,
        running: TaskTracker::default(),
        draining: CancellationToken::new(),
    }
}

fn member(
    shared: &Shared,
    backend: &Arc<Backends>,
    wire: &Wire,
    clock: &Arc<dyn Clock>,
) -> CustomerEntry {
    let mutation = wire.simulation.mutation;
    let storefront = RemoteStorefront { wire: wire.clone(), backend: Arc::clone(backend) };
    let ceiling = mutation::ceiling(mutation, CEILING);
    let ledger = RemoteLedger {
        wire: wire.clone(),
        backend: Arc::clone(backend),
        slots: Slots::new(wire.simulation.time.clone(), ceiling),
        in_flight: Arc::new(AtomicU32::new(0)),
        lease_checks: Arc::clone(&shared.lease_checks),
    };
    let ledger = Arc::new(ledger);
    let access = Arc::clone(&ledger);
    let ledger = mutation::ledger(mutation, ledger);
    let simulated = &backend.customer;
    let customer = Customer {
        tenant: simulated.tenant.clone(),
        storefront: mutation::storefront(mutation, Arc::new(storefront)),
        ledger: Arc::new(CircuitBreakerLedger::new(
            &simulated.tenant,
            ledger,
            access,
            Arc::clone(clock),
        )),
        policy: mutation::policy(mutation, simulated.policy.clone()),
        maps: simulated.maps.clone(),
        time_zone: TimeZone::UTC,
    };
    CustomerEntry { customer, keys: Keys::new(vec![simulated.key.clone().into()]) }
}
