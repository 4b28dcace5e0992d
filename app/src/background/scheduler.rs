//! Fair scheduling: limits one customer's share of the worker.
//!
//! A fixed number of a customer's jobs run at once, and the same number wait in each of two queues.
//! New jobs come before retried ones, and neither queue uses the other's room. Further jobs are
//! deferred until there will probably be room, so that one customer's backlog never blocks another
//! customer's jobs. Time is an argument.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::Tenant;
use metrics::Gauge;
use ports::Instant;
use tokio::sync::oneshot;

/// The assumed duration of an attempt before one was measured.
const USUAL: Duration = Duration::from_secs(1);
/// The shortest deferral of a job.
const LEAST: Duration = Duration::from_secs(1);
/// The longest deferral for lack of room. Attempts may get faster, and permits would stay unused
/// until the deferred job returns.
const MOST: Duration = Duration::from_mins(5);
/// After this many new jobs in a row, one retried job goes first.
const PASSED_OVER: u32 = 3;

/// Whether a job was tried before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JobAge {
    /// The worker has not tried it.
    New,
    /// It was tried, and had to wait for something.
    Retried,
}

/// A customer's share of the worker.
#[derive(Debug)]
pub struct FairScheduler {
    concurrency: usize,
    running: Gauge,
    waiting: Gauge,
    state: Mutex<SchedulerState>,
}

#[derive(Debug)]
struct SchedulerState {
    running: usize,
    new: VecDeque<oneshot::Sender<Permit>>,
    retried: VecDeque<oneshot::Sender<Permit>>,
    /// New jobs in a row that went before a waiting retried one.
    passed_over: u32,
    /// The recent duration of attempts.
    usual: Duration,
    /// When there will be room for the next deferred job.
    room_at: Option<Instant>,
}

/// The permit to run one job; dropping it passes it to the next job.
#[derive(Debug)]
pub struct Permit(Arc<FairScheduler>);

/// The answer to a request for a permit.
#[derive(Debug)]
#[must_use]
pub enum Admission {
    /// The job has its permit.
    Now(Permit),
    /// The job will get its permit.
    Soon(oneshot::Receiver<Permit>),
    /// Too many jobs wait: ask again after this time.
    Full(Duration),
}

impl FairScheduler {
    /// The scheduler of `tenant`, for this many jobs at once.
    #[must_use]
    pub fn new(tenant: &Tenant, concurrency: usize) -> Arc<Self> {
        let tenant = || tenant.to_string();
        let running = metrics::gauge!("memobridge_worker_jobs_running", "tenant" => tenant());
        let waiting = metrics::gauge!("memobridge_worker_jobs_waiting", "tenant" => tenant());
        Self::counted(concurrency, running, waiting)
    }

    /// The scheduler of one order, for one job at once; without metrics.
    #[must_use]
    pub fn of_an_order() -> Arc<Self> {
        Self::counted(1, Gauge::noop(), Gauge::noop())
    }

    fn counted(concurrency: usize, running: Gauge, waiting: Gauge) -> Arc<Self> {
        let state = SchedulerState {
            running: 0,
            new: VecDeque::new(),
            retried: VecDeque::new(),
            passed_over: 0,
            usual: USUAL,
            room_at: None,
        };
        Arc::new(Self { concurrency, running, waiting, state: Mutex::new(state) })
    }

    /// How many jobs of one customer the worker may hold: running, in both queues, and for each of
    /// these one that waits for the same order.
    #[must_use]
    pub fn capacity(concurrency: usize) -> usize {
        2 * 3 * concurrency
    }

    /// Requests a permit.
    pub fn request(self: &Arc<Self>, age: JobAge, now: Instant) -> Admission {
        let mut state = self.state();
        if state.running < self.concurrency {
            state.running += 1;
            self.show(&state);
            return Admission::Now(Permit(Arc::clone(self)));
        }
        if self.concurrency <= state.line(age).len() {
            return Admission::Full(state.reject(now, LEAST, MOST, self.concurrency));
        }
        let (permit, waiting) = oneshot::channel();
        state.line(age).push_back(permit);
        self.show(&state);
        Admission::Soon(waiting)
    }

    /// When to deliver a job again while the customer's ERP is suspended for `pause`: jobs are
    /// spread at the rate at which they can run, and at most by `most`.
    pub fn later(&self, now: Instant, pause: Duration, most: Duration) -> Duration {
        let least = pause.max(LEAST);
        self.state().reject(now, least, most.max(least), self.concurrency)
    }

    /// Records the duration of an attempt.
    pub fn took(&self, time: Duration) {
        let mut state = self.state();
        state.usual = (state.usual * 7 + time) / 8;
    }

    fn show(&self, state: &SchedulerState) {
        let number = |it: usize| f64::from(u32::try_from(it).unwrap_or(u32::MAX));
        self.running.set(number(state.running));
        self.waiting.set(number(state.waiting()));
    }

    fn state(&self) -> MutexGuard<'_, SchedulerState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SchedulerState {
    fn waiting(&self) -> usize {
        self.new.len() + self.retried.len()
    }

    fn line(&mut self, age: JobAge) -> &mut VecDeque<oneshot::Sender<Permit>> {
        match age {
            JobAge::New => &mut self.new,
            JobAge::Retried => &mut self.retried,
        }
    }

    /// The deferral is spaced at half the interval at which jobs finish: an extra deferral is
    /// better than an unused permit.
    fn reject(
        &mut self,
        now: Instant,
        least: Duration,
        most: Duration,
        concurrency: usize,
    ) -> Duration {
        let apart = self.usual / u32::try_from(2 * concurrency).unwrap_or(u32::MAX);
        let soonest = now.after(least);
        let at = self.room_at.map_or(soonest, |room_at| room_at.max(soonest));
        self.room_at = Some(at.after(apart).min(now.after(most)));
        at.since(now).min(most)
    }

    fn next(&mut self) -> Option<oneshot::Sender<Permit>> {
        let retried_first = self.passed_over >= PASSED_OVER || self.new.is_empty();
        if retried_first && let Some(next) = self.retried.pop_front() {
            self.passed_over = 0;
            return Some(next);
        }
        let next = self.new.pop_front()?;
        self.passed_over = self.passed_over.saturating_add(1);
        Some(next)
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.0.state();
        let next = state.next();
        if next.is_none() {
            state.running -= 1;
        }
        self.0.show(&state);
        drop(state);
        let Some(next) = next else {
            return;
        };
        // If the receiver no longer waits, the permit is dropped at once and passes to the next
        // job.
        drop(next.send(Self(Arc::clone(&self.0))));
    }
}

#[cfg(test)]
mod tests;
