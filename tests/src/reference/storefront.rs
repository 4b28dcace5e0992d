//! A storefront in memory: it tells the orders that it is shown.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use domain::{OrderId, OrderSnapshot};
use ports::{Basis, CancelledPage, Clock, Cursor, Storefront, StorefrontError, Window};

/// The reference storefront.
pub struct MemoryStorefront {
    clock: Arc<dyn Clock>,
    timeout: Duration,
    state: Mutex<StorefrontState>,
}

#[derive(Default)]
struct StorefrontState {
    orders: BTreeMap<OrderId, OrderSnapshot>,
    silent: bool,
}

impl MemoryStorefront {
    /// One without orders; calls that get no answer end after `timeout`.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, timeout: Duration) -> Self {
        Self { clock, timeout, state: Mutex::default() }
    }

    /// Shows this order from now on, in place of what it showed under its id.
    pub fn show(&self, order: OrderSnapshot) {
        self.state().orders.insert(order.id.clone(), order);
    }

    /// Shows the order no longer.
    pub fn hide(&self, id: &OrderId) {
        self.state().orders.remove(id);
    }

    /// Answers nothing from now on.
    pub fn fall_silent(&self) {
        self.state().silent = true;
    }

    /// Whether the order is shown, and as what.
    #[must_use]
    pub fn shown(&self, id: &OrderId) -> Option<OrderSnapshot> {
        self.state().orders.get(id).cloned()
    }

    fn state(&self) -> MutexGuard<'_, StorefrontState> {
        self.state.lock().expect("nobody panics while the storefront is locked")
    }
}

#[async_trait]
impl Storefront for MemoryStorefront {
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError> {
        if self.state().silent {
            self.clock.sleep(self.timeout).await;
            return Err(StorefrontError::Unavailable("no answer".into()));
        }
        Ok(self.shown(id))
    }

    /// All that have a cancelled item, on one page: it tells no times.
    async fn cancelled(
        &self,
        window: Window,
        _: &Cursor,
    ) -> Result<CancelledPage, StorefrontError> {
        let is_cancelled = |it: &&OrderSnapshot| {
            let mut statuses = it.units.iter().filter_map(|unit| unit.status.as_deref());
            statuses.any(|status| status.starts_with("cancel"))
        };
        let orders = self.state().orders.values().filter(is_cancelled).cloned().collect();
        let basis = Basis::Created { since: window.since };
        Ok(CancelledPage { orders, basis, next: None })
    }
}
