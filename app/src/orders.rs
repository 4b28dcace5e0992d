//! Whose turn it is at an order: its jobs run one after the other.
//!
//! One job of an order runs and one waits at hand for its end, without a turn of the
//! worker. Further ones are given back until there will probably be room. Nobody asks
//! the journal in vain, and waiting costs no attempt.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use domain::{OrderId, Tenant};

use crate::turns::Turns;

/// The orders whose jobs run or wait in this process.
#[derive(Debug, Default)]
pub struct Orders(Mutex<BTreeMap<(Tenant, OrderId), Weak<Turns>>>);

impl Orders {
    /// The turns at one order: one job at once.
    pub fn of(&self, tenant: &Tenant, order: &OrderId) -> Arc<Turns> {
        let mut orders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (tenant.clone(), order.clone());
        if let Some(turns) = orders.get(&key).and_then(Weak::upgrade) {
            return turns;
        }
        orders.retain(|_, turns| 0 < turns.strong_count());
        let turns = Turns::of_an_order();
        orders.insert(key, Arc::downgrade(&turns));
        turns
    }
}
