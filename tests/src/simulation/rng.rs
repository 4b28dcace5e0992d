//! Chance from a seed: the same numbers on any machine, with any version of any library.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// A stream of numbers (`SplitMix64`).
#[derive(Debug)]
pub struct Rng(AtomicU64);

impl Rng {
    /// The stream of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A stream of its own, so that what is drawn there moves nothing here.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self::of(self.next())
    }

    /// The next number.
    pub fn next(&self) -> u64 {
        let step = 0x9e37_79b9_7f4a_7c15;
        let state = self.0.fetch_add(step, Ordering::Relaxed).wrapping_add(step);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number between the two, both included.
    pub fn between(&self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most - least).expect("least is not above most") + 1;
        let extra = i64::try_from(self.next() % span).expect("a small span");
        least + extra
    }

    /// A place in something so long.
    pub fn below(&self, length: usize) -> usize {
        let length = u64::try_from(length).expect("lengths fit");
        usize::try_from(self.next() % length).expect("it is below the length")
    }

    /// Whether something happens that does so many times in a thousand.
    pub fn strikes(&self, per_mille: u32) -> bool {
        per_mille > 0 && self.next() % 1000 < u64::from(per_mille)
    }

    /// One of these.
    pub fn pick<'a, T>(&self, among: &'a [T]) -> &'a T {
        &among[self.below(among.len())]
    }

    /// So many milliseconds, both bounds included.
    pub fn millis(&self, least: i64, most: i64) -> Duration {
        let millis = self.between(least, most);
        Duration::from_millis(u64::try_from(millis).expect("a wait is not negative"))
    }

    /// Some time up to so many seconds.
    pub fn seconds(&self, most: i64) -> Duration {
        self.millis(0, most * 1000)
    }

    /// The same things in another order.
    pub fn shuffle<T>(&self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.below(last + 1));
        }
    }
}
