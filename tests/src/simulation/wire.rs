//! One process's way to everything outside of it, on which it can be killed.

use std::{future::Future, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Clock, Instant};

use super::{
    dial::Dial,
    life::Life,
    mutation::Mutation,
    stage::{Stage, count},
    weather::Fault,
};

/// A process's connections.
#[derive(Clone)]
pub struct Wire {
    /// The world.
    pub stage: Arc<Stage>,
    /// The process.
    pub life: Life,
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
        self.life.within(call).await
    }

    /// A step: some time passes, and perhaps the process ends with it.
    async fn passes(&self, most_millis: i64) {
        let stage = &self.stage;
        count(&stage.tally.steps);
        stage.time.sleep(stage.chance.millis(0, most_millis)).await;
        if stage.processes.strikes(Fault::Crash) {
            self.kill("killed");
        }
    }

    /// Kills the process.
    pub fn kill(&self, how: &str) {
        if !self.life.is_over() {
            count(&self.stage.tally.crashes);
            self.tell(how);
            self.life.end();
        }
    }

    /// Writes down what the process does.
    pub fn tell(&self, what: impl std::fmt::Display) {
        self.stage.tell(&self.name, what);
    }
}

/// The process's own clock.
#[async_trait]
impl Clock for Wire {
    fn now(&self) -> Timestamp {
        self.dial.shows(self.stage.time.now())
    }

    fn instant(&self) -> Instant {
        if self.stage.has(Mutation::WaitsByDate) {
            return Instant::new(self.now(), Duration::ZERO);
        }
        let (began, shown) = self.dial.began;
        Instant::new(shown, self.stage.time.now().since(began))
    }

    async fn sleep(&self, wait: Duration) {
        self.life.within(self.stage.time.sleep(wait)).await;
    }
}
