//! Counting for metrics, and retention: separate ports over the same journal.

use domain::Cancellation;

use super::{
    JournalSubject,
    sample::{ORDER, at, cancellation, memo, tenant},
    steps::{ended, memos},
};
use crate::{CancellationState, Known, OpenCount, Query, Step};

/// Finished cancellations are not counted, and each tenant has its own counts.
pub async fn unfinished_cancellations_are_counted(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    assert_eq!(subject.open_counts().open_counts().await.unwrap(), []);
    // tenant, unit, received at, state
    let table = [
        ("dodici", "a", 10, CancellationState::Parked),
        ("dodici", "b", 5, CancellationState::Parked),
        ("dodici", "c", 20, CancellationState::Deferred),
        ("dodici", "d", 1, CancellationState::Posted),
        ("dodici", "e", 2, CancellationState::Skipped),
        ("seconda", "a", 30, CancellationState::Parked),
        ("seconda", "b", 40, CancellationState::Working),
    ];
    for (name, unit, received, state) in table {
        let sample = cancellation(ORDER, &[unit], 0);
        let cancellation = Cancellation { tenant: tenant(name), ..sample };
        journal.open(&cancellation, at(received)).await.unwrap();
        journal.record(&cancellation.id(), at(99), &[ended(state, None)]).await.unwrap();
    }
    let expected = [
        ("dodici", CancellationState::Deferred, 1, 20),
        ("dodici", CancellationState::Parked, 2, 5),
        ("seconda", CancellationState::Parked, 1, 30),
        ("seconda", CancellationState::Working, 1, 40),
    ];
    let unfinished = |(name, state, count, since)| OpenCount {
        tenant: tenant(name),
        state,
        count,
        waiting_since: at(since),
    };
    let mut found = subject.open_counts().open_counts().await.unwrap();
    found.sort_by_key(|it| (it.tenant.clone(), it.state.name()));
    assert_eq!(found, expected.map(unfinished));
}

/// Old finished cancellations are deleted in batches, and their claims stay; nothing else is
/// deleted.
pub async fn expired_cancellations_are_deleted(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    // unit, last step, state
    let table = [
        ("a", 10, CancellationState::Posted),
        ("b", 20, CancellationState::Skipped),
        ("c", 30, CancellationState::Posted),
        ("d", 5, CancellationState::Parked),
        ("e", 6, CancellationState::Deferred),
        ("f", 7, CancellationState::Working),
    ];
    for (unit, last, state) in table {
        let cancellation = cancellation(ORDER, &[unit], 0);
        journal.open(&cancellation, at(1)).await.unwrap();
        if unit == "a" {
            let claimed = Step::Claimed(Box::new(memo(ORDER, &["a"], 2000)));
            journal.record(&cancellation.id(), at(2), &[claimed]).await.unwrap();
        }
        journal.record(&cancellation.id(), at(last), &[ended(state, None)]).await.unwrap();
    }
    let left = async || {
        let found = journal.find(&Query::default()).await.unwrap();
        let units =
            found.iter().flat_map(|it| it.cancellation.units.keys().map(ToString::to_string));
        let mut units: Vec<_> = units.collect();
        units.sort();
        units.concat()
    };
    let retention = subject.retention();
    // before, at most, how many are deleted, what is left
    for (before, at_most, gone, rest) in
        [(10, 9, 0, "abcdef"), (30, 1, 1, "bcdef"), (30, 9, 1, "cdef"), (99, 9, 1, "def")]
    {
        assert_eq!(retention.forget(at(before), at_most).await.unwrap(), gone, "before {before}");
        assert_eq!(left().await, rest, "before {before}");
    }
    assert_eq!(memos(journal).await, [memo(ORDER, &["a"], 2000)]);
    // After a new delivery it is new, and its unit is still claimed.
    let again = cancellation(ORDER, &["a"], 0);
    assert_eq!(journal.open(&again, at(100)).await.unwrap().known, Known::New);
    assert_eq!(journal.find(&Query::default()).await.unwrap()[0].cancellation, again);
}
