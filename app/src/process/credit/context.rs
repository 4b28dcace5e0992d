//! What the use case needs: a customer, and what all customers share.

use std::{sync::Arc, time::Duration};

use domain::{CancellationId, Maps, Policy, Tenant, Timestamp};
use jiff::tz::TimeZone;
use ports::{Clock, Journal, Received, Storefront};

use crate::{
    ledger::circuit_breaker::CircuitBreakerLedger, process::elapsed::Elapsed, random::Random,
};

/// One customer: its systems, policy and maps.
pub struct Customer {
    /// Its tenant.
    pub tenant: Tenant,
    /// The storefront with its orders.
    pub storefront: Arc<dyn Storefront>,
    /// The ledger for its memos.
    pub ledger: Arc<CircuitBreakerLedger>,
    /// Its policy.
    pub policy: Policy,
    /// Its maps.
    pub maps: Maps,
    /// The time zone of its accounts.
    pub time_zone: TimeZone,
}

/// What the use case needs besides a customer.
#[derive(Clone)]
pub struct Context {
    /// The journal.
    pub journal: Arc<dyn Journal>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub random: Random,
    /// The time from the first receipt to the deadline.
    pub give_up_after: Duration,
    /// What this process has measured.
    pub elapsed: Elapsed,
}

impl Context {
    /// The latest date that has certainly been reached; see [`Elapsed::certain_now`].
    #[must_use]
    pub fn certain_now(&self) -> Timestamp {
        self.elapsed.certain_now(&*self.clock)
    }

    /// How long is left until the cancellation's deadline, by the date or by this process's own
    /// count: where the date was corrected meanwhile, the count still ends in time.
    #[must_use]
    pub fn time_left(&self, opened: &Received) -> Duration {
        let deadline = opened.waiting_since.after(self.give_up_after);
        let waited = self.elapsed.waiting.known_for(&wait_key(opened), self.clock.instant());
        deadline.since(self.certain_now()).min(self.give_up_after.saturating_sub(waited))
    }
}

/// A wait, which a retry begins anew.
#[must_use]
pub fn wait_key(opened: &Received) -> (CancellationId, Timestamp) {
    (opened.cancellation.id(), opened.waiting_since)
}
