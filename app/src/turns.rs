//! Whose turn it is: one retailer's share of the worker.
//!
//! So many of its jobs run at once, and as many wait at hand in each of two lines:
//! jobs that were never tried come before those that were, and neither line takes
//! the other's room. What comes beyond that is turned away until there will
//! probably be room: one retailer's backlog never keeps another's jobs from being
//! seen. Time is an argument.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use domain::Tenant;
use metrics::Gauge;
use ports::Instant;
use tokio::sync::oneshot;

/// How long an attempt takes as long as none was measured.
const USUAL: Duration = Duration::from_secs(1);
/// Nobody is turned away for less.
const LEAST: Duration = Duration::from_secs(1);
/// For want of room nobody is turned away for longer: attempts may get faster, and then
/// turns would go to nobody for as long.
const MOST: Duration = Duration::from_mins(5);
/// One retried job goes first after so many new ones in a row.
const PASSED_OVER: u32 = 3;

/// Whether a job was tried before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Never by the worker.
    New,
    /// It was, and had to wait for something.
    Retried,
}

/// A retailer's turns.
#[derive(Debug)]
pub struct Turns {
    concurrency: usize,
    running: Gauge,
    waiting: Gauge,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    running: usize,
    new: VecDeque<oneshot::Sender<Turn>>,
    retried: VecDeque<oneshot::Sender<Turn>>,
    /// New jobs in a row that went before a retried one.
    passed_over: u32,
    /// How long attempts take of late.
    usual: Duration,
    /// When there is room for the next one who is turned away.
    room_at: Option<Instant>,
}

/// The right to run one job; dropping it gives the next one its turn.
#[derive(Debug)]
pub struct Turn(Arc<Turns>);

/// What a job is told that asks for its turn.
#[derive(Debug)]
#[must_use]
pub enum Asked {
    /// It is its turn.
    Now(Turn),
    /// It will be.
    Soon(oneshot::Receiver<Turn>),
    /// Too many are waiting: ask again after this.
    Full(Duration),
}

impl Turns {
    /// Turns of `tenant`, for so many jobs at once.
    #[must_use]
    pub fn new(tenant: &Tenant, concurrency: usize) -> Arc<Self> {
        let tenant = || tenant.to_string();
        let running = metrics::gauge!("memobridge_turns_running", "tenant" => tenant());
        let waiting = metrics::gauge!("memobridge_turns_waiting", "tenant" => tenant());
        Self::counted(concurrency, running, waiting)
    }

    /// Turns at one order, for one job at once; not counted.
    #[must_use]
    pub fn of_an_order() -> Arc<Self> {
        Self::counted(1, Gauge::noop(), Gauge::noop())
    }

    fn counted(concurrency: usize, running: Gauge, waiting: Gauge) -> Arc<Self> {
        let state = State {
            running: 0,
            new: VecDeque::new(),
            retried: VecDeque::new(),
            passed_over: 0,
            usual: USUAL,
            room_at: None,
        };
        Arc::new(Self { concurrency, running, waiting, state: Mutex::new(state) })
    }

    /// How many jobs of one retailer may be at hand: running, in both lines, and for
    /// each of these one that waits for the same order.
    #[must_use]
    pub fn at_hand(concurrency: usize) -> usize {
        2 * 3 * concurrency
    }

    /// Asks for a turn.
    pub fn ask(self: &Arc<Self>, freshness: Freshness, now: Instant) -> Asked {
        let mut state = self.state();
        if state.running < self.concurrency {
            state.running += 1;
            self.show(&state);
            return Asked::Now(Turn(Arc::clone(self)));
        }
        if self.concurrency <= state.line(freshness).len() {
            return Asked::Full(state.turn_away(now, LEAST, MOST, self.concurrency));
        }
        let (turn, waiting) = oneshot::channel();
        state.line(freshness).push_back(turn);
        self.show(&state);
        Asked::Soon(waiting)
    }

    /// When to come again while the retailer's ERP is held back for `pause`: one
    /// after the other, as they could be worked on, and at `most` so late.
    pub fn later(&self, now: Instant, pause: Duration, most: Duration) -> Duration {
        let least = pause.max(LEAST);
        self.state().turn_away(now, least, most.max(least), self.concurrency)
    }

    /// An attempt took this long.
    pub fn took(&self, time: Duration) {
        let mut state = self.state();
        state.usual = (state.usual * 7 + time) / 8;
    }

    fn show(&self, state: &State) {
        let number = |it: usize| f64::from(u32::try_from(it).unwrap_or(u32::MAX));
        self.running.set(number(state.running));
        self.waiting.set(number(state.waiting()));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn waiting(&self) -> usize {
        self.new.len() + self.retried.len()
    }

    fn line(&mut self, freshness: Freshness) -> &mut VecDeque<oneshot::Sender<Turn>> {
        match freshness {
            Freshness::New => &mut self.new,
            Freshness::Retried => &mut self.retried,
        }
    }

    /// Half as far apart as jobs are worked on: rather asked for too early, and
    /// turned away once more, than a turn that nobody takes.
    fn turn_away(
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

    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let retried_first = PASSED_OVER <= self.passed_over || self.new.is_empty();
        if retried_first && let Some(next) = self.retried.pop_front() {
            self.passed_over = 0;
            return Some(next);
        }
        let next = self.new.pop_front()?;
        self.passed_over = self.passed_over.saturating_add(1);
        Some(next)
    }
}

impl Drop for Turn {
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
        // Who no longer waits drops it at once, and with that passes it on.
        drop(next.send(Self(Arc::clone(&self.0))));
    }
}

#[cfg(test)]
mod tests;
