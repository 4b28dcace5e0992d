//! Slots to wait for: the concurrency limiter with waiters, a clock and gauges.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use ports::Clock;
use tokio::{sync::oneshot, time::Instant};

use crate::concurrency_limiter::{CallResult, ConcurrencyLimiter, Priority, Ticket};

/// The slots of one account, shared by all callers.
pub(crate) struct Slots {
    clock: Arc<dyn Clock>,
    state: Mutex<SlotsState>,
    signals: SlotMetrics,
}

/// The metrics of an account's slots.
struct SlotMetrics {
    allowed: Gauge,
    in_use: Gauge,
    waiting: Gauge,
    waits: Counter,
    wait_seconds: Histogram,
    throttles: Counter,
}

struct SlotsState {
    limiter: ConcurrencyLimiter,
    waiters: BTreeMap<Ticket, oneshot::Sender<()>>,
}

/// A slot; dropping it returns it.
pub(crate) struct Slot {
    slots: Arc<Slots>,
    /// What the limiter should learn from the call.
    pub(crate) verdict: CallResult,
}

/// A waiting call. Dropping it leaves the queue, or returns the slot that it was given at the same
/// moment.
struct Waiter<'a> {
    slots: &'a Slots,
    ticket: Option<Ticket>,
}

impl Slots {
    /// The slots of an account, shared by all callers of its address in this process. If their
    /// ceilings differ, the lower one applies.
    pub(crate) fn of(
        account: &str,
        address: &str,
        ceiling: usize,
        clock: Arc<dyn Clock>,
    ) -> Arc<Self> {
        static ACCOUNTS: Mutex<BTreeMap<String, Weak<Slots>>> = Mutex::new(BTreeMap::new());
        let ceiling = u32::try_from(ceiling).unwrap_or(u32::MAX);
        let mut accounts = ACCOUNTS.lock().unwrap_or_else(PoisonError::into_inner);
        accounts.retain(|_, slots| slots.strong_count() > 0);
        let key = format!("{account} {address}");
        if let Some(shared) = accounts.get(&key).and_then(Weak::upgrade) {
            shared.change(|state| state.limiter.lower(ceiling));
            return shared;
        }
        let slots = Arc::new(Self::new(account, ceiling, clock));
        accounts.insert(key, Arc::downgrade(&slots));
        slots
    }

    fn new(account: &str, ceiling: u32, clock: Arc<dyn Clock>) -> Self {
        let state =
            SlotsState { limiter: ConcurrencyLimiter::new(ceiling), waiters: BTreeMap::new() };
        Self { clock, state: Mutex::new(state), signals: SlotMetrics::of(account) }
    }

    /// A slot, or `None` after this time.
    pub(crate) async fn wait(
        self: &Arc<Self>,
        priority: Priority,
        patience: Duration,
    ) -> Option<Slot> {
        let (sender, mut turn) = oneshot::channel();
        let ticket = self.change(|state| {
            let ticket = state.limiter.ask(priority);
            state.waiters.insert(ticket, sender);
            ticket
        });
        let mut waiter = Waiter { slots: self, ticket: Some(ticket) };
        if turn.try_recv().is_err() {
            self.signals.waits.increment(1);
            let began = Instant::now();
            let turn = tokio::time::timeout(patience, turn).await;
            self.signals.wait_seconds.record(began.elapsed().as_secs_f64());
            turn.ok()?.ok()?;
        }
        waiter.ticket = None;
        Some(Slot { slots: Arc::clone(self), verdict: CallResult::Silent })
    }

    /// Applies a change, and wakes the calls that get a slot by it.
    fn change<T>(&self, change: impl FnOnce(&mut SlotsState) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = change(&mut state);
        while let Some(ticket) = state.limiter.call_next() {
            if let Some(turn) = state.waiters.remove(&ticket) {
                // A receiver that stopped waiting returns the slot: see `Waiter`.
                turn.send(()).ok();
            }
        }
        self.signals.allowed.set(state.limiter.allowed());
        self.signals.in_use.set(state.limiter.in_use());
        self.signals.waiting.set(state.limiter.waiting());
        result
    }
}

impl SlotMetrics {
    fn of(account: &str) -> Self {
        let account = [("account", account.to_owned())];
        Self {
            allowed: gauge!("memobridge_erp_concurrency_limit", &account),
            in_use: gauge!("memobridge_erp_requests_in_flight", &account),
            waiting: gauge!("memobridge_erp_requests_waiting", &account),
            waits: counter!("memobridge_erp_slot_waits_total", &account),
            wait_seconds: histogram!("memobridge_erp_slot_wait_seconds", &account),
            throttles: counter!("memobridge_erp_throttled_total", &account),
        }
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        if self.verdict == CallResult::Throttled {
            self.slots.signals.throttles.increment(1);
        }
        let now = self.slots.clock.instant();
        self.slots.change(|state| state.limiter.done(self.verdict, now));
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let now = self.slots.clock.instant();
        self.slots.change(|state| {
            state.waiters.remove(&ticket);
            if !state.limiter.leave(ticket) {
                state.limiter.done(CallResult::Silent, now);
            }
        });
    }
}

#[cfg(test)]
mod tests;
