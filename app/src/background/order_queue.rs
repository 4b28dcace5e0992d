//! Runs the jobs of one order one after the other.
//!
//! One job of an order runs, and one waits for it without a permit of the worker. Further jobs are
//! deferred until there will probably be room. This avoids useless journal queries, and waiting
//! costs no attempt.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use domain::{OrderId, Tenant};

use crate::background::scheduler::FairScheduler;

/// The orders whose jobs run or wait in this process.
#[derive(Debug, Default)]
pub struct Orders(Mutex<BTreeMap<(Tenant, OrderId), Weak<FairScheduler>>>);

impl Orders {
    /// The scheduler of one order, with one job at once.
    pub fn of(&self, tenant: &Tenant, order: &OrderId) -> Arc<FairScheduler> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), order.clone());
        if let Some(turns) = orders.get(&key).and_then(Weak::upgrade) {
            return turns;
        }
        orders.retain(|_, turns| turns.strong_count() > 0);
        let turns = FairScheduler::of_an_order();
        orders.insert(key, Arc::downgrade(&turns));
        turns
    }
}
