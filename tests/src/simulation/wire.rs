//! One process's way to everything outside of it, on which it can be killed.

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Instant};

use super::{
    context::{SimulationContext, count},
    crash_points::CrashPoint,
    fault_schedule::SimulatedFault,
    machine_clock::Dial,
    mutation::Mutation,
};

/// A process's connections.
#[derive(Clone)]
pub struct Wire {
    /// The world.
    pub simulation: Arc<SimulationContext>,
    /// The process.
    pub crash_point: CrashPoint,
    /// Its name.
    pub name: Arc<str>,
    /// Its clock.
    pub dial: Dial,
}

impl Wire {
    /// Runs a call of the process: it takes some time before and after, and the
    /// process may be killed before it takes effect and before it is answered.
    pub async fn call<T>(&self, most_millis: i64, effect: impl Future<Output = T>) -> T {
        let call = async {
            self.passes(most_millis).await;
            let result = effect.await;
            self.passes(most_millis).await;
            result
        };
        self.crash_point.within(call).await
    }

    /// A step: some time passes, and perhaps the process ends with it.
    async fn passes(&self, most_millis: i64) {
        let simulation = &self.simulation;
        count(&simulation.tally.steps);
        simulation.time.sleep(simulation.rng.millis(0, most_millis)).await;
        if simulation.processes.strikes(SimulatedFault::Crash) {
            self.kill("killed");
        }
    }

    /// Kills the process.
    pub fn kill(&self, how: &str) {
        if !self.crash_point.is_over() {
            count(&self.simulation.tally.crashes);
            self.tell(how);
            self.crash_point.end();
        }
    }

    /// Writes down what the process does.
    pub fn tell(&self, what: impl std::fmt::Display) {
        self.simulation.tell(&self.name, what);
    }
}

/// The process's own clock.
#[async_trait]
impl Clock for Wire {
    fn now(&self) -> Timestamp {
        self.dial.shows(self.simulation.time.now())
    }

    fn instant(&self) -> Instant {
        if self.simulation.has(Mutation::WaitsByDate) {
            return Instant::new(self.now(), Duration::ZERO);
        }
        let (began, shown) = self.dial.began;
        Instant::new(shown, self.simulation.time.now().since(began))
    }

    async fn sleep(&self, wait: Duration) {
        self.crash_point.within(self.simulation.time.sleep(wait)).await;
    }
}
