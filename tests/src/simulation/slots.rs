//! The slots of an ERP account in one process: the product's governor in virtual time.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use adapters_netsuite::concurrency_limiter::{CallResult, ConcurrencyLimiter, Priority, Ticket};
use ports::Clock;
use tokio::sync::oneshot;

use super::time::Time;

/// The slots, and who waits for one.
pub struct Slots {
    time: Time,
    state: Mutex<State>,
}

struct State {
    governor: ConcurrencyLimiter,
    waiters: BTreeMap<Ticket, oneshot::Sender<()>>,
}

impl Slots {
    /// So many at most.
    #[must_use]
    pub fn new(time: Time, ceiling: u32) -> Arc<Self> {
        let state = State { governor: ConcurrencyLimiter::new(ceiling), waiters: BTreeMap::new() };
        Arc::new(Self { time, state: Mutex::new(state) })
    }

    /// A slot, or none within this time.
    pub async fn wait(&self, priority: Priority, timeout: Duration) -> Option<()> {
        let (sender, turn) = oneshot::channel();
        let ticket = {
            let mut state = self.state();
            let ticket = state.governor.ask(priority);
            state.waiters.insert(ticket, sender);
            state.call();
            ticket
        };
        tokio::select! {
            biased;
            turn = turn => turn.ok(),
            () = self.time.sleep(timeout) => {
                let mut state = self.state();
                state.waiters.remove(&ticket);
                if !state.governor.leave(ticket) {
                    state.governor.done(CallResult::Silent, self.time.instant());
                }
                None
            }
        }
    }

    /// Gives a slot back.
    pub fn done(&self, verdict: CallResult) {
        let now = self.time.instant();
        let mut state = self.state();
        state.governor.done(verdict, now);
        state.call();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while slots are given")
    }
}

impl State {
    /// Calls those whose turn it is.
    fn call(&mut self) {
        while let Some(ticket) = self.governor.call_next() {
            let waiter = self.waiters.remove(&ticket).expect("who stands in line waits");
            // Who was killed while it waited is in no hurry.
            waiter.send(()).ok();
        }
    }
}
