//! The order leases of this process, by a clock that does not step.
//!
//! A lease in the journal ends at a date. When the machine's clock jumps forward, every lease has
//! ended until it is renewed; this module keeps other attempts of the same process away meanwhile.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{Cancellation, CancellationId, Claim, OrderId, Tenant, Timestamp};
use ports::{
    CancellationRecord, Clock, Instant, Journal, JournalError, LeaseToken, OrderLease, Query,
    Received, Step,
};

/// A journal that honours its leases within this process even when the wall clock steps.
pub struct LocalLeases {
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    orders: Mutex<BTreeMap<(Tenant, OrderId), Lease>>,
}

struct Lease {
    token: LeaseToken,
    until: Instant,
}

impl LocalLeases {
    /// A table without leases.
    #[must_use]
    pub fn new(journal: Arc<dyn Journal>, clock: Arc<dyn Clock>) -> Self {
        Self { journal, clock, orders: Mutex::default() }
    }

    fn orders(&self) -> MutexGuard<'_, BTreeMap<(Tenant, OrderId), Lease>> {
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Journal for LocalLeases {
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError> {
        self.journal.open(cancellation, now).await
    }

    async fn acquire(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &LeaseToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OrderLease, JournalError> {
        let (key, asked) = ((tenant.clone(), order.clone()), self.clock.instant());
        let is_held = |held: &Lease| held.token != *token && asked < held.until;
        if self.orders().get(&key).is_some_and(is_held) {
            return Ok(OrderLease::HeldByOther);
        }
        let answer = self.journal.acquire(tenant, order, token, now, lease).await?;
        if answer == OrderLease::Held {
            let mut orders = self.orders();
            // The others belong to runs that were dropped.
            orders.retain(|_, held| asked < held.until);
            orders.insert(key, Lease { token: token.clone(), until: asked.after(lease) });
        }
        Ok(answer)
    }

    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError> {
        self.journal.claims(tenant, order).await
    }

    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError> {
        self.journal.record(id, now, steps).await?;
        for step in steps {
            if let Step::Released(token) = step {
                self.orders().retain(|_, held| held.token != *token);
            }
        }
        Ok(())
    }

    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError> {
        self.journal.find(query).await
    }
}

#[cfg(test)]
mod tests;
