//! The promises about many concurrent attempts, on two handles of one journal.

use std::{
    cell::Cell,
    future::{Future, poll_fn},
    task::Poll,
};

use domain::CreditMemo;

use super::{
    JournalSubject, LEASE,
    sample::{ORDER, at, cancellation, id, memo, order, tenant, token},
    steps::{ended, memos, only, opened},
};
use crate::{CancellationState, Journal, JournalError, Known, OrderLease, Query, Step};

const RUNNERS: usize = 16;

/// Concurrent deliveries are one cancellation, and each of them is counted.
pub async fn concurrent_deliveries_are_one_cancellation(subject: &dyn JournalSubject) {
    let beside = subject.reopen().await;
    let cancellation = cancellation(ORDER, &["a"], 0);
    let deliver = async |journal: &dyn Journal| journal.open(&cancellation, at(0)).await.unwrap();
    let opened = at_once(handles(subject, &*beside).map(deliver)).await;
    assert_eq!(opened.iter().filter(|it| it.known == Known::New).count(), 1, "{opened:?}");
    let found = only(subject.journal(), &Query::default()).await;
    assert_eq!(found.deliveries as usize, RUNNERS);
    // The history shows the first eight and the sixteenth.
    assert_eq!(found.history.len(), 9, "{:#?}", found.history);
}

/// However many attempts want an order's lease, at most one has it.
pub async fn an_orders_lease_never_has_two_owners(subject: &dyn JournalSubject) {
    let beside = subject.reopen().await;
    opened(subject).await;
    let inside = Cell::new(false);
    let run = async |(number, journal): (usize, &dyn Journal)| {
        let (tenant, order, token) = (tenant("dodici"), order(ORDER), token(&number.to_string()));
        while journal.acquire(&tenant, &order, &token, at(0), LEASE).await.unwrap()
            != OrderLease::Held
        {
            others_go_on().await;
        }
        assert!(!inside.replace(true), "two runners hold the order");
        others_go_on().await;
        journal.claims(&tenant, &order).await.unwrap();
        inside.set(false);
        journal.record(&id(), at(0), &[Step::Released(token)]).await.unwrap();
    };
    at_once(handles(subject, &*beside).enumerate().map(run)).await;
}

/// Concurrent claims that succeed share no unit, in whatever order they name their units, and each
/// refusal names a claim that succeeded.
pub async fn concurrent_claims_never_overlap(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    let beside = subject.reopen().await;
    let unit = |number: usize| format!("unit-{}", number % RUNNERS);
    // Each shares a unit with the next one, and every second one shares another unit with the rest.
    let units = |number: usize| match number % 4 {
        0 => vec![unit(number), unit(number + 1)],
        1 => vec![unit(number + 1), unit(number)],
        2 => vec!["wanted".to_owned(), unit(number), unit(number + 1)],
        _ => vec![unit(number + 1), unit(number), "wanted".to_owned()],
    };
    let mut wanted = Vec::new();
    for number in 0..RUNNERS {
        let units = units(number);
        let units: Vec<_> = units.iter().map(String::as_str).collect();
        let cancellation = cancellation(ORDER, &units, 0);
        journal.open(&cancellation, at(0)).await.unwrap();
        wanted.push((cancellation.id(), memo(ORDER, &units, 2000)));
    }
    let claim = async |(journal, (id, memo)): (&dyn Journal, &(_, CreditMemo))| {
        journal.record(id, at(1), &[Step::Claimed(Box::new(memo.clone()))]).await
    };
    let results = at_once(handles(subject, &*beside).zip(&wanted).map(claim)).await;

    let made = memos(journal).await;
    let overlap =
        |a: &CreditMemo, b: &CreditMemo| a.units.iter().any(|unit| b.units.contains(unit));
    for ((_, memo), result) in wanted.iter().zip(results) {
        let rivals: Vec<_> = made.iter().filter(|it| overlap(it, memo)).collect();
        match result {
            Ok(()) => assert_eq!(rivals, [memo]),
            Err(JournalError::Claimed(key)) => assert!(rivals.iter().any(|it| it.key == key)),
            Err(error) => panic!("{}: {error:?}", memo.key),
        }
    }
}

/// A settled cancellation stays settled, whichever attempt ends last.
pub async fn concurrent_outcomes_leave_it_settled(subject: &dyn JournalSubject) {
    let beside = subject.reopen().await;
    opened(subject).await;
    let end = async |(number, journal): (usize, &dyn Journal)| {
        let state = if number == RUNNERS / 2 {
            CancellationState::Posted
        } else {
            CancellationState::Deferred
        };
        journal.record(&id(), at(1), &[ended(state, None)]).await.unwrap();
    };
    at_once(handles(subject, &*beside).enumerate().map(end)).await;
    let found = only(subject.journal(), &Query::default()).await;
    assert_eq!((found.state, found.history.len()), (CancellationState::Posted, 1 + RUNNERS));
}

/// A handle for each attempt.
fn handles<'a>(
    subject: &'a dyn JournalSubject,
    beside: &'a dyn Journal,
) -> impl Iterator<Item = &'a dyn Journal> {
    [subject.journal(), beside].into_iter().cycle().take(RUNNERS)
}

/// Runs the calls concurrently, without a runtime to spawn them on.
async fn at_once<T>(calls: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut calls: Vec<_> = calls.map(|it| (Box::pin(it), None)).collect();
    poll_fn(|context| {
        for (call, result) in &mut calls {
            if result.is_none()
                && let Poll::Ready(it) = call.as_mut().poll(context)
            {
                *result = Some(it);
            }
        }
        if calls.iter().all(|(_, it)| it.is_some()) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    calls.into_iter().filter_map(|(_, result)| result).collect()
}

/// Lets the other calls proceed.
async fn others_go_on() {
    let mut asked = false;
    poll_fn(|context| {
        context.waker().wake_by_ref();
        if std::mem::replace(&mut asked, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
