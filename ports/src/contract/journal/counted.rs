//! What is counted for metrics: a port of its own, over the same journal.

use domain::Cancellation;

use super::{
    Subject,
    sample::{ORDER, at, cancellation, tenant},
    steps::ended,
};
use crate::{State, Unfinished};

/// What is over is not counted, and tenants are told apart.
pub async fn what_is_not_over_is_counted(subject: &dyn Subject) {
    let journal = subject.journal();
    assert_eq!(subject.census().census().await.unwrap(), []);
    // tenant, unit, received at, state
    let table = [
        ("dodici", "a", 10, State::Parked),
        ("dodici", "b", 5, State::Parked),
        ("dodici", "c", 20, State::Deferred),
        ("dodici", "d", 1, State::Posted),
        ("dodici", "e", 2, State::Skipped),
        ("seconda", "a", 30, State::Parked),
        ("seconda", "b", 40, State::Working),
    ];
    for (name, unit, received, state) in table {
        let sample = cancellation(ORDER, &[unit], 0);
        let cancellation = Cancellation { tenant: tenant(name), ..sample };
        journal.open(&cancellation, at(received)).await.unwrap();
        journal.record(&cancellation.id(), at(99), &ended(state, None)).await.unwrap();
    }
    let expected = [
        ("dodici", State::Deferred, 1, 20),
        ("dodici", State::Parked, 2, 5),
        ("seconda", State::Parked, 1, 30),
        ("seconda", State::Working, 1, 40),
    ];
    let unfinished = |(name, state, count, since)| Unfinished {
        tenant: tenant(name),
        state,
        count,
        waiting_since: at(since),
    };
    let mut found = subject.census().census().await.unwrap();
    found.sort_by_key(|it| (it.tenant.clone(), it.state.name()));
    assert_eq!(found, expected.map(unfinished));
}
