//! What every implementation of the `journal` port promises.

mod claims;
mod concurrency;
mod counts;
mod failing;
pub mod sample;
mod steps;

use std::time::Duration;

use async_trait::async_trait;
use domain::{Amount, Flag};

use self::{
    sample::{ORDER, OTHER_ORDER, at, cancellation, id, memo, order, tenant, token},
    steps::{assert_claimed, claim, confirmed, ended, freed, only, opened, settled, step},
};
use crate::{
    CancellationState, Journal, JournalError, Known, OpenCounts, OrderLease, Query, Retention, Step,
};
pub use {
    self::{claims::*, failing::*},
    crate::contract::journal::{concurrency::*, counts::*},
};

const LEASE: Duration = Duration::from_mins(1);

/// A journal set up for testing.
#[async_trait]
pub trait JournalSubject: Send + Sync {
    /// An empty journal.
    fn journal(&self) -> &dyn Journal;

    /// The same journal, to be counted.
    fn open_counts(&self) -> &dyn OpenCounts;

    /// The same journal, to delete expired records from.
    fn retention(&self) -> &dyn Retention;

    /// The same journal, opened once more as another process would.
    async fn reopen(&self) -> Box<dyn Journal>;
}

/// A redelivery finds the record of the first delivery, with the earliest publication and the first
/// receipt.
pub async fn a_cancellation_opened_twice_is_one(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    let later = cancellation(ORDER, &["a", "b"], 50);
    let earlier = cancellation(ORDER, &["b", "a"], 20);

    let first = journal.open(&later, at(100)).await.unwrap();
    assert_eq!((first.cancellation, first.waiting_since), (later, at(100)));
    assert_eq!(first.known, Known::New);
    let second = journal.open(&earlier, at(200)).await.unwrap();
    assert_eq!((second.cancellation, second.waiting_since), (earlier.clone(), at(100)));
    assert_eq!(second.known, Known::SeenBefore { state: CancellationState::Working, reason: None });

    let found = only(journal, &Query::default()).await;
    assert_eq!((found.received_at, found.deliveries), (at(100), 2));
    assert_eq!(found.cancellation, earlier);
    let third = journal.open(&cancellation(ORDER, &["a", "b"], 90), at(300)).await.unwrap();
    assert_eq!(third.cancellation.published_at, at(20));
}

/// A redelivery gets the state of the cancellation.
pub async fn a_redelivery_gets_the_known_outcome(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    let cancellation = cancellation(ORDER, &["a"], 0);
    journal.open(&cancellation, at(0)).await.unwrap();
    for (state, _) in CancellationState::ALL {
        for reason in [Some("unmapped"), None] {
            let step = ended(state, reason);
            journal.record(&cancellation.id(), at(1), &[step]).await.unwrap();
            let known = journal.open(&cancellation, at(2)).await.unwrap().known;
            assert_eq!(known, Known::SeenBefore { state, reason: reason.map(str::to_owned) });
        }
    }
}

/// An attempt that ends late does not undo what another attempt settled; a person's retry does.
pub async fn a_late_attempt_does_not_undo_a_settled_state(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    for settled in
        [CancellationState::Posted, CancellationState::Skipped, CancellationState::Parked]
    {
        step(journal, Step::Retried).await.unwrap();
        step(journal, ended(settled, Some("unmapped"))).await.unwrap();
        for late in [CancellationState::Working, CancellationState::Deferred] {
            step(journal, ended(late, Some("order-busy"))).await.unwrap();
            let found = only(journal, &Query::default()).await;
            assert_eq!((found.state, found.reason.as_deref()), (settled, Some("unmapped")));
        }
    }
}

/// A lease keeps other attempts out until it ends, and its owner may renew it.
pub async fn an_orders_lease_has_one_owner_at_a_time(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    // order, token, at which second, expected
    let table = [
        (ORDER, "one", 0, OrderLease::Held),
        (ORDER, "two", 0, OrderLease::HeldByOther),
        (OTHER_ORDER, "two", 0, OrderLease::Held),
        (ORDER, "two", 59, OrderLease::HeldByOther),
        (ORDER, "one", 59, OrderLease::Held),
        (ORDER, "two", 60, OrderLease::HeldByOther),
        (ORDER, "two", 118, OrderLease::HeldByOther),
        (ORDER, "two", 119, OrderLease::Held),
        (ORDER, "one", 119, OrderLease::HeldByOther),
    ];
    for (number, name, second, expected) in table {
        let (order, token) = (order(number), token(name));
        let hold = journal.acquire(&tenant("dodici"), &order, &token, at(second), LEASE).await;
        assert_eq!(hold.unwrap(), expected, "{name} on {number} at {second}");
    }
    let hold =
        journal.acquire(&tenant("other"), &order(ORDER), &token("two"), at(119), LEASE).await;
    assert_eq!(hold.unwrap(), OrderLease::Held, "another tenant's order is another order");
}

/// After the clock is set back, an earlier lease lasts as long as it would have lasted, not until
/// the clock reaches its old end again: a dead attempt does not keep an order longer, and a live
/// one does not lose it.
pub async fn a_clock_set_back_neither_prolongs_nor_ends_a_lease(subject: &dyn JournalSubject) {
    const HOUR: i64 = 3600;
    let journal = subject.journal();
    // Token, order, time and duration of each request, and the answer.
    let table = [
        (ORDER, "dead", HOUR, LEASE, OrderLease::Held),
        (ORDER, "two", 0, LEASE, OrderLease::HeldByOther),
        (ORDER, "two", 59, LEASE, OrderLease::HeldByOther),
        (ORDER, "two", 60, LEASE, OrderLease::Held),
        (OTHER_ORDER, "living", HOUR, LEASE, OrderLease::Held),
        (OTHER_ORDER, "two", 0, LEASE, OrderLease::HeldByOther),
        (OTHER_ORDER, "living", 3, LEASE, OrderLease::Held),
        (OTHER_ORDER, "two", 60, LEASE, OrderLease::HeldByOther),
        (OTHER_ORDER, "two", 63, LEASE, OrderLease::Held),
        // A request for a short lease does not shorten a long one.
        (ORDER, "long", 200, 60 * LEASE, OrderLease::Held),
        (ORDER, "short", 201, LEASE, OrderLease::HeldByOther),
        (ORDER, "short", 100, LEASE, OrderLease::HeldByOther),
        (ORDER, "short", 100 + HOUR - 1, LEASE, OrderLease::HeldByOther),
        (ORDER, "short", 100 + HOUR, LEASE, OrderLease::Held),
    ];
    for (number, name, second, lease, expected) in table {
        let (order, token) = (order(number), token(name));
        let hold = journal.acquire(&tenant("dodici"), &order, &token, at(second), lease).await;
        assert_eq!(hold.unwrap(), expected, "{name} on {number} at {second}");
    }
}

/// Only the token that holds an order's lease can release it.
pub async fn a_lease_is_released_by_its_token_only(subject: &dyn JournalSubject) {
    let (journal, tenant, order) = (subject.journal(), tenant("dodici"), order(ORDER));
    let cancellation = cancellation(ORDER, &["a"], 0);
    journal.open(&cancellation, at(0)).await.unwrap();
    let hold = |name, second| {
        let (tenant, order) = (tenant.clone(), order.clone());
        async move {
            let token = token(name);
            journal.acquire(&tenant, &order, &token, at(second), LEASE).await.unwrap()
        }
    };
    let release = |name| {
        let (id, step) = (cancellation.id(), Step::Released(token(name)));
        async move { journal.record(&id, at(1), &[step]).await.unwrap() }
    };
    assert_eq!(hold("one", 0).await, OrderLease::Held);
    release("two").await;
    assert_eq!(hold("two", 1).await, OrderLease::HeldByOther);
    release("one").await;
    assert_eq!(hold("two", 1).await, OrderLease::Held);
    release("one").await;
    assert_eq!(hold("one", 2).await, OrderLease::HeldByOther);
}

/// A person's retry puts a cancellation back into the queue and restarts the deadline.
pub async fn a_retry_restarts_the_deadline(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    step(journal, ended(CancellationState::Parked, Some("unmapped"))).await.unwrap();
    journal.record(&id(), at(500), &[Step::Retried]).await.unwrap();
    let found = only(journal, &Query::default()).await;
    assert_eq!((found.state, found.reason), (CancellationState::Deferred, None));
    assert_eq!((found.received_at, found.waiting_since), (at(0), at(500)));
    let opened = journal.open(&cancellation(ORDER, &["a"], 0), at(600)).await.unwrap();
    assert_eq!(opened.waiting_since, at(500));
}

/// A note adds one history line, once, and changes nothing else.
pub async fn a_note_only_adds_to_the_history(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    step(journal, ended(CancellationState::Posted, None)).await.unwrap();
    let before = only(journal, &Query::default()).await;
    let seen = ["2 units of 3 are cancelled", "location 5: invoice 70211"].map(str::to_owned);
    for lines in [&seen[..1], &seen, &seen] {
        step(journal, Step::Note(lines.to_vec())).await.unwrap();
    }
    let after = only(journal, &Query::default()).await;
    let (earlier, noted) = after.history.split_at(before.history.len());
    assert_eq!(earlier, before.history);
    assert_eq!(noted, seen.map(|it| (at(1), it)));
    assert_eq!((after.state, after.reason), (before.state, before.reason));
}

/// Texts of other systems may contain any character, and every one can be stored.
pub async fn any_text_can_be_stored(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let text = "it says \"'\0\\\u{1}\u{fffd}\u{1f9e6}%s$1\" here";
    step(journal, Step::Note(vec![text.to_owned()])).await.unwrap();
    let (state, detail) = (CancellationState::Parked, Some(text.to_owned()));
    step(journal, Step::AttemptEnded { state, reason: None, detail, took: Duration::ZERO })
        .await
        .unwrap();
    let found = only(journal, &Query::default()).await;
    let [.., (_, noted), (_, ended)] = &found.history[..] else { panic!("{:?}", found.history) };
    for stored in [noted, ended, found.detail.as_ref().unwrap()] {
        let whole = stored.contains("it says \"'") && stored.contains("\u{1f9e6}%s$1\" here");
        assert!(whole, "{stored:?}");
    }
}

/// Every step that changes something adds a history line, and no line is ever removed.
pub async fn history_is_append_only(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let memo = memo(ORDER, &["a"], 2000);
    let flag = Flag::LeftOpen(Amount::cents(100));
    let steps = [
        Step::Claimed(Box::new(memo.clone())),
        freed(&memo),
        ended(CancellationState::Parked, Some("erp-refused")),
        Step::Retried,
        Step::Claimed(Box::new(memo.clone())),
        settled(&memo, "77"),
        confirmed(&memo, "CM1042", 2000),
        Step::Flagged(flag.clone()),
        ended(CancellationState::Posted, None),
    ];
    let mut before = only(journal, &Query::default()).await.history;
    for (second, step) in (1..).zip(steps) {
        journal.record(&id(), at(second), std::slice::from_ref(&step)).await.unwrap();
        let found = only(journal, &Query::default()).await;
        let (kept, new) = found.history.split_at(before.len());
        assert_eq!(kept, before, "{step:?}");
        let times: Vec<_> = new.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [at(second)], "{step:?}");
        assert_eq!(found.updated_at, at(second), "{step:?}");
        before = found.history;
    }
}

/// Thousands of deliveries during an outage are counted, but do not fill the history.
pub async fn an_outage_does_not_fill_the_history(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let event = cancellation(ORDER, &["a"], 0);
    step(journal, ended(CancellationState::Working, Some("erp-unavailable"))).await.unwrap();
    for second in 1..200 {
        journal.open(&event, at(second)).await.unwrap();
        let down = ended(CancellationState::Working, Some("erp-unavailable"));
        journal.record(&id(), at(second), &[down]).await.unwrap();
    }
    let found = only(journal, &Query::default()).await;
    assert_eq!(found.deliveries, 200);
    // The first eight, then the 16th, the 32nd, the 64th and the 128th, each with its end.
    assert_eq!(found.history.len(), 2 * 12, "{:#?}", found.history);
    // A new outcome is always recorded.
    step(journal, ended(CancellationState::Working, Some("erp-credentials"))).await.unwrap();
    step(journal, ended(CancellationState::Posted, None)).await.unwrap();
    let after = only(journal, &Query::default()).await;
    assert_eq!(after.history.len(), found.history.len() + 2);
}

/// A flag is shown once, by its name.
pub async fn a_flag_is_shown_once(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let differs = Flag::TotalDiffers { expected: Amount::cents(2000), actual: Amount::cents(2001) };
    for flag in [&differs, &Flag::RoundingLeft(Amount::cents(1)), &differs] {
        step(journal, Step::Flagged(flag.clone())).await.unwrap();
    }
    let flags = only(journal, &Query::default()).await.flags;
    assert_eq!(flags.len(), 2, "{flags:?}");
    assert!(flags[0].contains("total-differs") && flags[0].contains("20.01"), "{flags:?}");
}

/// The outcome of an attempt can be queried.
pub async fn an_outcome_can_be_queried(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    step(journal, ended(CancellationState::Parked, Some("unmapped"))).await.unwrap();
    let found =
        only(journal, &Query { state: Some(CancellationState::Parked), ..Query::default() }).await;
    assert_eq!(found.reason.as_deref(), Some("unmapped"));
    assert_eq!(found.detail.as_deref(), Some("in a sentence"));
    assert_eq!(found.cancellation, cancellation(ORDER, &["a"], 0));
}

/// Every condition of a query excludes the records that do not meet it.
pub async fn a_query_finds_exactly_the_matching_records(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    let wanted = cancellation(ORDER, &["a"], 0);
    let mut other = cancellation(OTHER_ORDER, &["a"], 0);
    other.tenant = tenant("other");
    journal.open(&wanted, at(10)).await.unwrap();
    journal.open(&other, at(20)).await.unwrap();
    journal
        .record(&wanted.id(), at(30), &[ended(CancellationState::Parked, Some("unmapped"))])
        .await
        .unwrap();
    journal.record(&other.id(), at(30), &[ended(CancellationState::Posted, None)]).await.unwrap();

    let all = Query::default;
    let table = [
        (all(), 2),
        (Query { id: Some(wanted.id()), ..all() }, 1),
        (Query { id: Some("can-0".parse().unwrap()), ..all() }, 0),
        (Query { state: Some(CancellationState::Posted), ..all() }, 1),
        (Query { state: Some(CancellationState::Working), ..all() }, 0),
        (Query { reason: Some("unmapped".to_owned()), ..all() }, 1),
        (Query { tenant: Some(tenant("other")), ..all() }, 1),
        (Query { tenant: Some(tenant("nobody")), ..all() }, 0),
        (Query { order: Some(order(ORDER)), ..all() }, 1),
        (Query { since: Some(at(20)), ..all() }, 1),
        (Query { since: Some(at(21)), ..all() }, 0),
        (Query { order: Some(order(ORDER)), tenant: Some(tenant("other")), ..all() }, 0),
        (Query { unsettled: true, ..all() }, 0),
        (Query { unconfirmed: true, ..all() }, 0),
    ];
    for (query, expected) in table {
        assert_eq!(journal.find(&query).await.unwrap().len(), expected, "{query:?}");
    }
}

/// Pages go from the newest to the oldest, without gap or repetition.
pub async fn pages_are_newest_first(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    for unit in 0..107 {
        let cancellation = cancellation(ORDER, &[&format!("u{unit:03}")], 0);
        journal.open(&cancellation, at(unit)).await.unwrap();
    }
    assert_eq!(journal.find(&Query::default()).await.unwrap().len(), 100);
    let (mut seen, mut after) = (Vec::new(), None);
    for expected in [10; 10].into_iter().chain([7, 0]) {
        let page = Query { after, limit: 10, ..Query::default() };
        let found = journal.find(&page).await.unwrap();
        assert_eq!(found.len(), expected, "after {after:?}");
        after = found.last().map(|it| it.sequence);
        seen.extend(found.into_iter().map(|it| it.received_at));
    }
    assert_eq!(seen, (0..107).rev().map(at).collect::<Vec<_>>());
}

/// A step needs a known cancellation.
pub async fn a_step_of_an_unknown_cancellation_is_refused(subject: &dyn JournalSubject) {
    let result = step(subject.journal(), Step::Retried).await;
    assert!(matches!(result, Err(JournalError::Unavailable(_))), "{result:?}");
}

/// A confirmed write is on disk, and another process sees it at once.
pub async fn a_journal_is_shared_by_processes(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let beside = subject.reopen().await;
    let memo = memo(ORDER, &["a"], 2000);
    claim(journal, &memo).await.unwrap();
    step(journal, settled(&memo, "77")).await.unwrap();
    let (seen, own) = (only(&*beside, &Query::default()).await, Query::default());
    assert_eq!(seen, only(journal, &own).await);
    assert_claimed(&claim(&*beside, &self::memo(ORDER, &["a", "b"], 1)).await, &memo.key);

    let hold = journal.acquire(&tenant("dodici"), &order(ORDER), &token("one"), at(0), LEASE).await;
    assert_eq!(hold.unwrap(), OrderLease::Held);
    let hold = beside.acquire(&tenant("dodici"), &order(ORDER), &token("two"), at(0), LEASE).await;
    assert_eq!(hold.unwrap(), OrderLease::HeldByOther);
}
