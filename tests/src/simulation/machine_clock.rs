//! What the clock of a machine shows: a little ahead of the world's time, and at times an hour
//! off, as a hardware clock in local time or a resumed machine is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::Timestamp;

use super::context::SimulationContext;

/// By how much a clock steps, in milliseconds.
const STEP: i64 = 3_600_000;

/// Whose clocks step in a seed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockSteps {
    /// Nobody's.
    None,
    /// That of all processes, as they are on one machine.
    Machine,
    /// That of one process, as each is on a machine of its own.
    OneReplica,
}

/// One process's view of a clock.
#[derive(Debug, Clone)]
pub struct Dial {
    /// By how many milliseconds the clock is ahead of the others.
    ahead: Arc<AtomicI64>,
    /// By how many it stepped.
    stepped: Arc<AtomicI64>,
    /// When the process began, by the world's time and by the clock.
    pub began: (Timestamp, Timestamp),
}

impl Dial {
    /// The clock of a process that begins now.
    #[must_use]
    pub fn new(now: Timestamp, ahead: Arc<AtomicI64>, stepped: Arc<AtomicI64>) -> Self {
        let dial = Self { ahead, stepped, began: (now, now) };
        Self { began: (now, dial.shows(now)), ..dial }
    }

    /// What it shows at an instant of the world.
    #[must_use]
    pub fn shows(&self, now: Timestamp) -> Timestamp {
        let off = self.ahead.load(Ordering::Relaxed) + self.stepped.load(Ordering::Relaxed);
        Timestamp::from_millis(now.as_millis() + off)
    }
}

/// Lets a clock step, ahead and back, until the world calms down; it stays where it is then.
pub(super) async fn step(
    simulation: Arc<SimulationContext>,
    stepped: Arc<AtomicI64>,
    calm_from: Timestamp,
) {
    loop {
        simulation.time.sleep(Duration::from_mins(1) + simulation.rng.seconds(900)).await;
        if calm_from <= simulation.time.now() {
            return;
        }
        let off = *simulation.rng.pick(&[-STEP, 0, STEP]);
        simulation.tell("clock", format_args!("is {} minutes off", off / 60_000));
        stepped.store(off, Ordering::Relaxed);
    }
}
