//! Waits for a job until one is pushed, one is due, or the caller's time has passed.

use std::{sync::Arc, time::Duration};

use domain::Timestamp;
use ports::{Clock, Delivery, JobsError};
use tokio::sync::Notify;

/// The result of one query of the queue.
pub(crate) struct LeaseResult {
    /// The jobs that are now leased to the caller.
    pub(crate) leased: Vec<Delivery>,
    /// When the next of the other jobs is due.
    pub(crate) next_due: Option<Timestamp>,
}

/// Notifies waiting callers that a job may be due.
pub(crate) struct JobNotifier {
    clock: Arc<dyn Clock>,
    changed: Notify,
    recheck: Duration,
}

impl JobNotifier {
    /// `recheck` is the longest time that a change without an announcement may stay unnoticed.
    pub(crate) fn new(clock: Arc<dyn Clock>, recheck: Duration) -> Self {
        Self { clock, changed: Notify::new(), recheck }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A job was pushed or deferred.
    pub(crate) fn announce(&self) {
        self.changed.notify_waiters();
    }

    /// Queries until a query leases something or `wait` has passed; at least once.
    pub(crate) async fn wait<F>(
        &self,
        wait: Duration,
        mut look: impl FnMut(Timestamp) -> F,
    ) -> Result<Vec<Delivery>, JobsError>
    where
        F: Future<Output = Result<LeaseResult, JobsError>>,
    {
        let deadline = self.clock.instant().after(wait);
        loop {
            // Before the query, so that an announcement during it is not missed.
            let changed = self.changed.notified();
            let (looked_at, now) = (self.clock.instant(), self.now());
            let LeaseResult { leased, next_due } = look(now).await?;
            if !leased.is_empty() || deadline <= looked_at {
                return Ok(leased);
            }
            let until = deadline.min(looked_at.after(self.recheck));
            let until = next_due.map_or(until, |due| looked_at.after(due.since(now)).min(until));
            let pause = until.since(self.clock.instant());
            tokio::select! {
                biased;
                () = changed => {}
                () = self.clock.sleep(pause) => {}
            }
        }
    }
}
