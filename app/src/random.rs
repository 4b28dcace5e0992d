//! Random numbers: from the operating system in the service, from a seed in a simulation.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rand::{Rng, SeedableRng, rngs::StdRng};

/// The source of everything random in the service.
#[derive(Debug, Clone)]
pub struct Random(Arc<Mutex<StdRng>>);

impl Default for Random {
    fn default() -> Self {
        Self::new(StdRng::from_os_rng())
    }
}

impl Random {
    /// A generator that gives the same sequence for the same seed.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self::new(StdRng::seed_from_u64(seed))
    }

    fn new(generator: StdRng) -> Self {
        Self(Arc::new(Mutex::new(generator)))
    }

    fn next<T>(&self, roll: impl FnOnce(&mut StdRng) -> T) -> T {
        roll(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A unique name.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{:032x}", self.next(Rng::random::<u128>))
    }

    /// A duration between the two, both included.
    #[must_use]
    pub fn between(&self, least: Duration, most: Duration) -> Duration {
        let span = most.saturating_sub(least).as_millis();
        let extra = self.next(|it| it.random_range(0..=span));
        least + Duration::from_millis(u64::try_from(extra).unwrap_or(u64::MAX))
    }
}
