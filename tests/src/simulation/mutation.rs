//! Deliberate bugs, one at a time: what a simulation cannot see it does not prove.

use std::{sync::Arc, time::Duration};

use ports::{Jobs, Journal, Ledger, Storefront};

/// A deliberate bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutation {
    /// An event that could not be stored is answered 200.
    AnswersBeforeDurable,
}

/// The journal with the bug.
#[must_use]
pub fn journal(_: Option<Mutation>, journal: Arc<dyn Journal>) -> Arc<dyn Journal> {
    journal
}

/// The queue with the bug.
#[must_use]
pub fn jobs(_: Option<Mutation>, jobs: Arc<dyn Jobs>) -> Arc<dyn Jobs> {
    jobs
}

/// The ledger with the bug.
#[must_use]
pub fn ledger(_: Option<Mutation>, ledger: Arc<dyn Ledger>) -> Arc<dyn Ledger> {
    ledger
}

/// The storefront with the bug.
#[must_use]
pub fn storefront(_: Option<Mutation>, storefront: Arc<dyn Storefront>) -> Arc<dyn Storefront> {
    storefront
}

/// The ceiling of calls in flight.
#[must_use]
pub fn ceiling(_: Option<Mutation>, ceiling: u32) -> u32 {
    ceiling
}

/// When events go to the queue.
#[must_use]
pub fn respond_within(_: Option<Mutation>, within: Duration) -> Duration {
    within
}

impl Mutation {
    /// All bugs by their names.
    pub const ALL: [(&str, Self); 1] = [("answers-before-durable", Self::AnswersBeforeDurable)];

    /// The bug of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(it, _)| *it == name).map(|(_, bug)| *bug)
    }
}
