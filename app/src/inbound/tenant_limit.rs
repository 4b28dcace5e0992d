//! Limits the concurrent events of one tenant, so that a flood of one leaves room for the others.

use std::{collections::BTreeMap, sync::Arc};

use domain::Tenant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits of every tenant.
pub(super) struct TenantLimit(BTreeMap<Tenant, Arc<Semaphore>>);

/// A permit, returned when it is dropped.
pub(super) struct TenantPermit {
    _permit: OwnedSemaphorePermit,
}

impl TenantLimit {
    /// Gives each tenant this many permits.
    pub(super) fn new<'a>(tenants: impl Iterator<Item = &'a Tenant>, places: usize) -> Self {
        let places = places.min(Semaphore::MAX_PERMITS);
        Self(tenants.map(|it| (it.clone(), Arc::new(Semaphore::new(places)))).collect())
    }

    /// A permit for one event of the tenant, if one is left.
    pub(super) fn enter(&self, tenant: &Tenant) -> Option<TenantPermit> {
        let places = Arc::clone(self.0.get(tenant)?);
        places.try_acquire_owned().ok().map(|permit| TenantPermit { _permit: permit })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_tenant_does_not_limit_the_others() {
        let [full, other]: [Tenant; 2] = ["dodici", "seconda"].map(|it| it.parse().unwrap());
        let tenant_limit = TenantLimit::new([&full, &other].into_iter(), 2);
        let places = [tenant_limit.enter(&full), tenant_limit.enter(&full)];
        assert!(places.iter().all(Option::is_some));
        assert!(tenant_limit.enter(&full).is_none());
        assert!(tenant_limit.enter(&other).is_some());
        drop(places);
        assert!(tenant_limit.enter(&full).is_some());
    }
}
