//! The queue in memory: the port's promises in the fewest lines, and nothing durable.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use async_trait::async_trait;
use domain::{CancellationId, Timestamp};
use ports::{Backlog, Clock, Delivery, Depth, Job, Jobs, JobsError, Lease};

use crate::{
    MAX_LEASED, accept,
    job_notifier::{JobNotifier, LeaseResult},
};

/// A queue whose content is lost when it is dropped.
pub struct Memory {
    state: Mutex<MemoryState>,
    notifier: JobNotifier,
}

#[derive(Default)]
struct MemoryState {
    entries: BTreeMap<CancellationId, Entry>,
    /// Counts pushes and leases: orders jobs with the same due time, and names leases.
    counter: u64,
}

struct Entry {
    job: Job,
    /// When it was delayed or leased.
    put_at: Timestamp,
    /// When it may be delivered next; while it is leased, the end of the lease.
    due: Timestamp,
    seq: u64,
    lease: Option<Lease>,
    /// A push that came while the job was leased; `ack` does not delete it.
    again: Option<Again>,
}

struct Again {
    put_at: Timestamp,
    due: Timestamp,
    attempts: u32,
}

impl Memory {
    /// An empty queue.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { state: Mutex::default(), notifier: JobNotifier::new(clock, Duration::MAX) }
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        self.state.lock().expect("no thread panics while it holds the lock")
    }
}

#[async_trait]
impl Jobs for Memory {
    async fn push(&self, job: &Job, delay: Duration) -> Result<(), JobsError> {
        accept(job)?;
        self.state().push(job, self.notifier.now(), delay);
        self.notifier.announce();
        Ok(())
    }

    async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, JobsError> {
        let look = |now: Timestamp| {
            let found = self.state().lease(max.min(MAX_LEASED), now, now.after(lease));
            async move { Ok(found) }
        };
        self.notifier.wait(wait, look).await
    }

    async fn extend(&self, held: &Lease, lease: Duration) -> Result<(), JobsError> {
        let now = self.notifier.now();
        let mut state = self.state();
        let entry = state.held(held)?;
        (entry.put_at, entry.due) = (now, now.after(lease));
        Ok(())
    }

    async fn ack(&self, held: &Lease) -> Result<(), JobsError> {
        let mut state = self.state();
        let entry = state.held(held)?;
        entry.lease = None;
        if let Some(again) = entry.again.take() {
            (entry.put_at, entry.due) = (again.put_at, again.due);
            entry.job.attempts = again.attempts;
        } else {
            let id = entry.job.id.clone();
            state.entries.remove(&id);
        }
        drop(state);
        self.notifier.announce();
        Ok(())
    }

    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError> {
        let now = self.notifier.now();
        let later = now.after(delay);
        let mut state = self.state();
        let entry = state.held(held)?;
        entry.lease = None;
        let again = entry.again.take().filter(|again| again.due < later);
        (entry.put_at, entry.due) = again.map_or((now, later), |again| (again.put_at, again.due));
        entry.job.attempts = attempts;
        drop(state);
        self.notifier.announce();
        Ok(())
    }

    async fn check(&self) -> Result<(), JobsError> {
        Ok(())
    }
}

#[async_trait]
impl Backlog for Memory {
    async fn depth(&self) -> Result<Depth, JobsError> {
        Ok(self.state().depth(self.notifier.now()))
    }
}

impl MemoryState {
    fn depth(&self, now: Timestamp) -> Depth {
        let is_leased = |it: &&Entry| it.lease.is_some() && now < it.due;
        let leased = self.entries.values().filter(is_leased).count() as u64;
        let longest_due =
            self.entries.values().map(|entry| entry.due).filter(|it| *it <= now).min();
        Depth {
            waiting: self.entries.len() as u64 - leased,
            leased,
            oldest_due: longest_due.map(|due| now.since(due)),
        }
    }

    fn push(&mut self, job: &Job, put_at: Timestamp, delay: Duration) {
        let due = put_at.after(delay);
        self.counter += 1;
        let Some(entry) = self.entries.get_mut(&job.id) else {
            let (job, seq) = (job.clone(), self.counter);
            let entry = Entry { job, put_at, due, seq, lease: None, again: None };
            self.entries.insert(entry.job.id.clone(), entry);
            return;
        };
        entry.job.body.clone_from(&job.body);
        if entry.lease.is_none() {
            (entry.put_at, entry.due) = (put_at, entry.due.min(due));
            return;
        }
        let due = entry.again.as_ref().map_or(due, |again| again.due.min(due));
        entry.again = Some(Again { put_at, due, attempts: job.attempts });
    }

    /// Restarts waits whose start is in the future, because the clock was set back after a delay or
    /// lease was written. A wait restarts now with its full duration.
    fn restart(&mut self, now: Timestamp) {
        for entry in self.entries.values_mut().filter(|entry| now < entry.put_at) {
            entry.due = now.after(entry.due.since(entry.put_at));
            entry.put_at = now;
        }
    }

    fn lease(&mut self, max: usize, now: Timestamp, until: Timestamp) -> LeaseResult {
        self.restart(now);
        let mut due: Vec<_> = self.entries.values_mut().filter(|entry| entry.due <= now).collect();
        due.sort_by_key(|it| (it.due, it.seq));
        let mut leased = Vec::new();
        for entry in due.into_iter().take(max) {
            self.counter += 1;
            let lease = Lease(format!("memory-{}", self.counter));
            entry.lease = Some(lease.clone());
            (entry.put_at, entry.due) = (now, until);
            // This delivery comes after the push and covers it.
            entry.again = None;
            leased.push(Delivery { job: entry.job.clone(), lease });
        }
        LeaseResult { leased, next_due: self.entries.values().map(|entry| entry.due).min() }
    }

    fn held(&mut self, lease: &Lease) -> Result<&mut Entry, JobsError> {
        let mut entries = self.entries.values_mut();
        entries.find(|it| it.lease.as_ref() == Some(lease)).ok_or(JobsError::LeaseLost)
    }
}
