//! The deliveries that this process has leased.
//!
//! SQS does not reliably report a lost lease: a standard queue accepts a deletion with an old
//! receipt handle. So a lease ends by this process's monotonic clock, which starts it no earlier
//! than the answer that brought it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use ports::{Delivery, Instant, JobsError, Lease};

use super::message::Received;

/// SQS hides a message for at most 12 hours after it was received; the margin is for the duration
/// of the answer.
pub(super) const LONGEST_HIDING: Duration = Duration::from_mins(12 * 60 - 1);

/// One delivery.
#[derive(Debug, Clone)]
pub(super) struct HeldLease {
    pub(super) received: Arc<Received>,
    /// Until when SQS can hide the message.
    pub(super) hidden_at_most: Instant,
    until: Instant,
}

/// All leases.
#[derive(Default)]
pub(super) struct Leases(Mutex<HashMap<Lease, HeldLease>>);

impl Leases {
    /// Adds a message that was received at `now`.
    pub(super) fn take(&self, received: Received, now: Instant, lease: Duration) -> Delivery {
        let lease_ = Lease(received.handle.clone());
        let delivery = Delivery { job: received.job.clone(), lease: lease_.clone() };
        let holding = HeldLease {
            received: Arc::new(received),
            hidden_at_most: now.after(LONGEST_HIDING),
            until: now.after(lease),
        };
        let mut held = self.lock();
        // Jobs whose workers died are delivered again with other leases.
        held.retain(|_, it| now < it.until);
        held.insert(lease_, holding);
        delivery
    }

    /// The delivery, if its lease has not ended.
    pub(super) fn get(&self, lease: &Lease, now: Instant) -> Result<HeldLease, JobsError> {
        let held = self.lock().get(lease).cloned();
        held.filter(|it| now < it.until).ok_or(JobsError::LeaseLost)
    }

    /// Extends the lease to this time.
    pub(super) fn extend(&self, lease: &Lease, until: Instant) {
        if let Some(holding) = self.lock().get_mut(lease) {
            holding.until = until;
        }
    }

    /// Ends the lease, because the job is settled.
    pub(super) fn release(&self, lease: &Lease) {
        self.lock().remove(lease);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Lease, HeldLease>> {
        self.0.lock().expect("no thread panics while it holds the lock")
    }
}
