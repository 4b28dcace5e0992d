//! The deliveries that this process has leased.
//!
//! SQS cannot be relied on to tell a lease that was lost: a standard queue deletes
//! by an old receipt handle without a word. So a lease ends by our own clock that does not step, which
//! starts it no earlier than the answer that brought it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use ports::{Delivery, Instant, JobsError, Lease};

use super::message::Received;

/// SQS hides a message for 12 hours after it was received, and not longer; the
/// answer took its time.
pub(super) const LONGEST_HIDING: Duration = Duration::from_mins(12 * 60 - 1);

/// One delivery.
#[derive(Debug, Clone)]
pub(super) struct HeldLease {
    pub(super) received: Arc<Received>,
    /// Until when SQS can hide the message.
    pub(super) hidden_at_most: Instant,
    until: Instant,
}

/// All of them.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<Lease, HeldLease>>);

impl Leases {
    /// Takes a message that was received at `now`.
    pub(super) fn take(&self, received: Received, now: Instant, lease: Duration) -> Delivery {
        let lease_ = Lease(received.handle.clone());
        let delivery = Delivery { job: received.job.clone(), lease: lease_.clone() };
        let holding = HeldLease {
            received: Arc::new(received),
            hidden_at_most: now.after(LONGEST_HIDING),
            until: now.after(lease),
        };
        let mut held = self.lock();
        // Those whose runners died are delivered again under other leases.
        held.retain(|_, it| now < it.until);
        held.insert(lease_, holding);
        delivery
    }

    /// The delivery, while its lease lasts.
    pub(super) fn get(&self, lease: &Lease, now: Instant) -> Result<HeldLease, JobsError> {
        let held = self.lock().get(lease).cloned();
        held.filter(|it| now < it.until).ok_or(JobsError::LeaseLost)
    }

    /// The lease lasts until then.
    pub(super) fn extend(&self, lease: &Lease, until: Instant) {
        if let Some(holding) = self.lock().get_mut(lease) {
            holding.until = until;
        }
    }

    /// It is settled.
    pub(super) fn release(&self, lease: &Lease) {
        self.lock().remove(lease);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Lease, HeldLease>> {
        self.0.lock().expect("nobody panics while the leases are locked")
    }
}
