//! What everybody in a world shares: time, chance, the trace, and what must not be.

use std::{
    collections::BTreeMap,
    fmt::{self, Write},
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use domain::{CancellationId, Timestamp};

use super::{
    fault_schedule::{FaultSchedule, SimulatedFault},
    machine_clock::ClockSteps,
    mutation::Mutation,
    rng::Rng,
    time::Time,
};

/// Whether a run is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tracing {
    /// Every step.
    On,
    /// Nothing: it is faster.
    Off,
}

/// The stage on which a seed is played.
pub struct SimulationContext {
    /// The time.
    pub time: Time,
    /// When the world began.
    pub start: Timestamp,
    /// Chance for whoever has none of his own.
    pub rng: Rng,
    /// Whose clocks step.
    pub clock_steps: ClockSteps,
    /// The deliberate bug of this run.
    pub mutation: Option<Mutation>,
    /// What befalls our queue and journal.
    pub stores: FaultSchedule,
    /// What befalls our processes and the stream of events.
    pub processes: FaultSchedule,
    /// Counts what happens.
    pub tally: Tally,
    tracing: Tracing,
    trace: Mutex<String>,
    violations: Mutex<Vec<String>>,
    /// Attempts that found the ERP not working, by cancellation.
    outages: Mutex<BTreeMap<CancellationId, Vec<String>>>,
}

/// What happened, in numbers.
#[derive(Debug, Default)]
pub struct Tally {
    /// Deliveries of events.
    pub deliveries: AtomicU64,
    /// Processes killed.
    pub crashes: AtomicU64,
    /// Steps of our processes: calls to anything outside of them.
    pub steps: AtomicU64,
}

impl SimulationContext {
    pub(super) fn new(
        time: Time,
        rng: Rng,
        calm_from: Timestamp,
        clock_steps: ClockSteps,
        mutation: Option<Mutation>,
        tracing: Tracing,
    ) -> Self {
        Self {
            start: time.now(),
            stores: FaultSchedule::of_stores(&time, &rng, calm_from),
            processes: FaultSchedule::of_processes(&time, &rng, calm_from),
            time,
            rng,
            clock_steps,
            mutation,
            tally: Tally::default(),
            tracing,
            trace: Mutex::default(),
            violations: Mutex::default(),
            outages: Mutex::default(),
        }
    }

    /// An attempt ended so; an ERP that does not work is remembered.
    pub(super) fn ended(&self, id: &CancellationId, reason: &str) {
        const OUTAGES: [&str; 3] = ["erp-unavailable", "erp-permission", "erp-credentials"];
        if OUTAGES.contains(&reason) {
            let mut outages = self.outages.lock().expect("nobody panics while outages are noted");
            outages.entry(id.clone()).or_default().push(reason.to_owned());
        }
    }

    /// How attempts of a cancellation found that the ERP does not work.
    pub(super) fn outages(&self, id: &CancellationId) -> Vec<String> {
        let outages = self.outages.lock().expect("nobody panics while outages are noted");
        outages.get(id).cloned().unwrap_or_default()
    }

    /// Whether leases can be kept alive in this seed: by stores that work, and by clocks that
    /// agree about when one ends.
    #[must_use]
    pub fn leases_hold(&self) -> bool {
        !self.stores.knows_any(&SimulatedFault::STORES) && self.clock_steps == ClockSteps::None
    }

    /// Whether this run has the bug.
    #[must_use]
    pub fn has(&self, bug: Mutation) -> bool {
        self.mutation == Some(bug)
    }

    /// Writes a step down.
    pub fn tell(&self, actor: &str, what: impl fmt::Display) {
        if self.tracing == Tracing::On {
            let seconds = self.time.now().since(self.start).as_millis();
            let (seconds, millis) = (seconds / 1000, seconds % 1000);
            let mut trace = self.trace.lock().expect("nobody panics while the trace is locked");
            let line = writeln!(trace, "{seconds:>7}.{millis:03} {actor:<12} {what}");
            line.expect("a string takes any text");
        }
    }

    /// Something happened that must not.
    pub fn violated(&self, what: String) {
        self.tell("VIOLATION", &what);
        self.violations().push(what);
    }

    /// Holds, or is a violation.
    pub fn must(&self, holds: bool, otherwise: impl FnOnce() -> String) {
        if !holds {
            self.violated(otherwise());
        }
    }

    /// The first thing that happened and must not.
    pub fn violation(&self) -> Option<String> {
        self.violations().first().cloned()
    }

    /// What was written down.
    pub(super) fn trace(&self) -> String {
        self.trace.lock().expect("nobody panics while the trace is locked").clone()
    }

    fn violations(&self) -> MutexGuard<'_, Vec<String>> {
        self.violations.lock().expect("nobody panics while violations are noted")
    }
}

/// One more.
pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
