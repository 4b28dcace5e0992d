//! Who has what in hand: no two processes the same job, no two runs the same order.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard},
};

use domain::{CancellationId, OrderId};
use ports::{Delivery, Lease};

use super::{crash_points::CrashPoint, wire::Wire};

/// What is in somebody's hands.
#[derive(Default)]
pub struct LeaseChecks {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<CancellationId, (Lease, CrashPoint)>,
    orders: BTreeMap<OrderId, Vec<CrashPoint>>,
}

impl LeaseChecks {
    /// A process has a job. Nobody else who lives may have it, unless the stores
    /// kept that one from saying that it lives.
    pub fn take(&self, wire: &Wire, delivery: &Delivery) {
        let held = (delivery.lease.clone(), wire.crash_point.clone());
        let before = self.state().jobs.insert(delivery.job.id.clone(), held);
        if let Some((_, other)) = before
            && wire.simulation.leases_hold()
        {
            let id = &delivery.job.id;
            wire.simulation.must(other.is_over(), || format!("job {id} is in two hands"));
        }
    }

    /// A process is done with a job.
    pub fn lay_down(&self, lease: &Lease) {
        self.state().jobs.retain(|_, (held, _)| held != lease);
    }

    /// A process asks the ERP about an order, as one run does at a time.
    pub fn begin(&self, wire: &Wire, order: &OrderId) {
        let mut state = self.state();
        let runs = state.orders.entry(order.clone()).or_default();
        runs.retain(|it| !it.is_over());
        let alone = runs.is_empty();
        runs.push(wire.crash_point.clone());
        drop(state);
        if wire.simulation.leases_hold() {
            wire.simulation.must(alone, || format!("two runs work on order {order} at once"));
        }
    }

    /// It has its answer.
    pub fn end(&self, order: &OrderId) {
        if let Some(runs) = self.state().orders.get_mut(order) {
            runs.pop();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nobody panics while hands are counted")
    }
}
