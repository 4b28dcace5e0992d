//! The processes that run at an instant: started, killed, stopped and started again.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::Timestamp;

use super::{
    fault_schedule::SimulatedFault,
    machine_clock::{self, ClockSteps, Dial},
    replica::{Replica, Shared},
};

/// All processes, each in its place.
pub struct Replicas {
    shared: Arc<Shared>,
    places: Mutex<Vec<Option<Replica>>>,
    /// By how many milliseconds the clock stepped that steps.
    stepped: Arc<AtomicI64>,
    calm_from: Timestamp,
}

impl Replicas {
    /// So many places, and nobody there yet.
    #[must_use]
    pub fn new(shared: Arc<Shared>, size: usize, calm_from: Timestamp) -> Arc<Self> {
        let stepped = Arc::new(AtomicI64::new(0));
        if shared.simulation.clock_steps != ClockSteps::None {
            tokio::spawn(machine_clock::step(
                Arc::clone(&shared.simulation),
                Arc::clone(&stepped),
                calm_from,
            ));
        }
        Arc::new(Self { shared, places: Mutex::new(vec![None; size]), stepped, calm_from })
    }

    /// By how much the clock of the process in this place stepped.
    fn stepped(&self, place: usize) -> Arc<AtomicI64> {
        match self.shared.simulation.clock_steps {
            ClockSteps::Machine => Arc::clone(&self.stepped),
            ClockSteps::OneReplica if place == 0 => Arc::clone(&self.stepped),
            ClockSteps::OneReplica | ClockSteps::None => Arc::default(),
        }
    }

    /// Some process that takes calls, as a load balancer chooses it.
    pub fn any(&self) -> Option<Replica> {
        let living: Vec<Replica> = self.places().iter().flatten().cloned().collect();
        let living: Vec<_> =
            living.into_iter().filter(|it| !it.wire.crash_point.is_over()).collect();
        (!living.is_empty()).then(|| self.shared.simulation.rng.pick(&living).clone())
    }

    /// Keeps a process running in one place for ever.
    pub async fn keep(self: Arc<Self>, place: usize) {
        let simulation = &self.shared.simulation;
        let ahead = Arc::new(AtomicI64::new(simulation.rng.between(0, 2999)));
        let stepped = self.stepped(place);
        for crash_point in 1.. {
            let name = format!("process{place}.{crash_point}");
            let dial = Dial::new(simulation.time.now(), Arc::clone(&ahead), Arc::clone(&stepped));
            let replica = Replica::start(&self.shared, &name, dial);
            self.places()[place] = Some(replica.clone());
            tokio::select! {
                biased;
                () = replica.wire.crash_point.ended() => {}
                () = self.restlessness() => replica.stop().await,
            }
            self.places()[place] = None;
            let pause = if simulation.processes.knows(SimulatedFault::Crash) { 60 } else { 10 };
            simulation.time.sleep(simulation.rng.seconds(pause)).await;
            if simulation.rng.strikes(200) {
                // Its clock was set forward meanwhile.
                ahead.fetch_add(simulation.rng.between(0, 999), Ordering::Relaxed);
            }
        }
    }

    /// Until somebody deploys, which nobody does in calm weather.
    async fn restlessness(&self) {
        let simulation = &self.shared.simulation;
        let at = simulation.time.now().after(simulation.rng.seconds(2 * 3600));
        let at = if self.calm_from <= at { Timestamp::from_millis(i64::MAX) } else { at };
        simulation.time.until(at).await;
        simulation.time.sleep(Duration::ZERO).await;
    }

    fn places(&self) -> MutexGuard<'_, Vec<Option<Replica>>> {
        self.places.lock().expect("nobody panics while places are looked at")
    }
}
