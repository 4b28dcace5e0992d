//! What every implementation of the `journal` port promises.

mod sample;

use std::time::Duration;

use domain::{Amount, ClaimState, CreditMemo, Flag, MemoKey};

use self::sample::{ORDER, OTHER_ORDER, at, cancellation, id, memo, order, record, tenant, token};
use crate::{Hold, Journal, JournalError, Known, Query, Record, State, Step};

const LEASE: Duration = Duration::from_mins(1);

/// A journal set up for testing.
pub trait Subject: Send + Sync {
    /// An empty journal.
    fn journal(&self) -> &dyn Journal;

    /// The same journal, opened once more as another process would.
    fn reopen(&self) -> Box<dyn Journal>;
}

/// A redelivery finds what the first delivery left, with the earliest
/// publication and the first receipt.
pub async fn a_cancellation_opened_twice_is_one(subject: &dyn Subject) {
    let journal = subject.journal();
    let later = cancellation(ORDER, &["a", "b"], 50);
    let earlier = cancellation(ORDER, &["b", "a"], 20);

    let first = journal.open(&later, at(100)).await.unwrap();
    assert_eq!((first.cancellation, first.waiting_since), (later, at(100)));
    assert_eq!(first.known, Known::New);
    let second = journal.open(&earlier, at(200)).await.unwrap();
    assert_eq!((second.cancellation, second.waiting_since), (earlier.clone(), at(100)));
    assert_eq!(second.known, Known::Before { state: State::Working, reason: None });

    let found = only(journal, &Query::default()).await;
    assert_eq!((found.received_at, found.deliveries), (at(100), 2));
    assert_eq!(found.cancellation, earlier);
    let third = journal.open(&cancellation(ORDER, &["a", "b"], 90), at(300)).await.unwrap();
    assert_eq!(third.cancellation.published_at, at(20));
}

/// A redelivery is told what became of the cancellation.
pub async fn an_ending_is_known_to_a_redelivery(subject: &dyn Subject) {
    let journal = subject.journal();
    let cancellation = cancellation(ORDER, &["a"], 0);
    journal.open(&cancellation, at(0)).await.unwrap();
    for (state, _) in State::ALL {
        for reason in [Some("unmapped"), None] {
            let step = ended(state, reason);
            journal.record(&cancellation.id(), at(1), &step).await.unwrap();
            let known = journal.open(&cancellation, at(2)).await.unwrap().known;
            assert_eq!(known, Known::Before { state, reason: reason.map(str::to_owned) });
        }
    }
}

/// A lease keeps others out until it has run out, and its owner may renew it.
pub async fn an_order_is_held_by_one_runner_at_a_time(subject: &dyn Subject) {
    let journal = subject.journal();
    // order, token, at which second, expected
    let table = [
        (ORDER, "one", 0, Hold::Held),
        (ORDER, "two", 0, Hold::Elsewhere),
        (OTHER_ORDER, "two", 0, Hold::Held),
        (ORDER, "two", 59, Hold::Elsewhere),
        (ORDER, "one", 59, Hold::Held),
        (ORDER, "two", 60, Hold::Elsewhere),
        (ORDER, "two", 118, Hold::Elsewhere),
        (ORDER, "two", 119, Hold::Held),
        (ORDER, "one", 119, Hold::Elsewhere),
    ];
    for (number, name, second, expected) in table {
        let (order, token) = (order(number), token(name));
        let hold = journal.hold(&tenant("dodici"), &order, &token, at(second), LEASE).await;
        assert_eq!(hold.unwrap(), expected, "{name} on {number} at {second}");
    }
    let hold = journal.hold(&tenant("other"), &order(ORDER), &token("two"), at(119), LEASE).await;
    assert_eq!(hold.unwrap(), Hold::Held, "another tenant's order is another order");
}

/// Only the token that holds an order can let it go.
pub async fn a_hold_is_released_by_its_token_only(subject: &dyn Subject) {
    let (journal, tenant, order) = (subject.journal(), tenant("dodici"), order(ORDER));
    let cancellation = cancellation(ORDER, &["a"], 0);
    journal.open(&cancellation, at(0)).await.unwrap();
    let hold = |name, second| {
        let (tenant, order) = (tenant.clone(), order.clone());
        async move { journal.hold(&tenant, &order, &token(name), at(second), LEASE).await.unwrap() }
    };
    let release = |name| {
        let (id, step) = (cancellation.id(), Step::Released(token(name)));
        async move { journal.record(&id, at(1), &step).await.unwrap() }
    };
    assert_eq!(hold("one", 0).await, Hold::Held);
    release("two").await;
    assert_eq!(hold("two", 1).await, Hold::Elsewhere);
    release("one").await;
    assert_eq!(hold("two", 1).await, Hold::Held);
    release("one").await;
    assert_eq!(hold("one", 2).await, Hold::Elsewhere);
}

/// A unit under another key is refused, and with it the whole memo.
pub async fn a_unit_is_claimed_by_one_key(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let (first, both) = (memo(ORDER, &["a"], 2000), memo(ORDER, &["b", "a"], 5000));
    claim(journal, &first).await.unwrap();
    assert_claimed(&claim(journal, &both).await, &first.key);
    assert_eq!(memos(journal).await, std::slice::from_ref(&first));
    // Nothing of the refused memo stayed behind.
    let second = memo(ORDER, &["b"], 3000);
    claim(journal, &second).await.unwrap();
    assert_eq!(memos(journal).await, [first, second]);
}

/// The same unit id of another order is another unit: `shipping` always is.
pub async fn units_are_claimed_per_order(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let other = cancellation(OTHER_ORDER, &["a"], 0);
    journal.open(&other, at(0)).await.unwrap();
    let (ours, theirs) = (memo(ORDER, &["shipping"], 500), memo(OTHER_ORDER, &["shipping"], 500));
    claim(journal, &ours).await.unwrap();
    let step = Step::Claimed(Box::new(theirs.clone()));
    journal.record(&other.id(), at(1), &step).await.unwrap();
    assert_eq!(memos(journal).await, [ours]);
    let claims = journal.claims(&tenant("dodici"), &order(OTHER_ORDER)).await.unwrap();
    assert_eq!(claims.into_iter().map(|it| it.memo).collect::<Vec<_>>(), [theirs]);
    assert_eq!(journal.claims(&tenant("other"), &order(ORDER)).await.unwrap(), []);
}

/// What is sent is what was claimed last.
pub async fn claiming_again_replaces_an_unsettled_memo(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let first = memo(ORDER, &["a"], 2000);
    let again = CreditMemo { text: "on another day".to_owned(), ..first.clone() };
    claim(journal, &first).await.unwrap();
    claim(journal, &again).await.unwrap();
    assert_eq!(memos(journal).await, [again]);
}

/// What is on record is not claimed again, nor changed by trying.
pub async fn claiming_a_settled_key_changes_nothing(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let first = memo(ORDER, &["a"], 2000);
    claim(journal, &first).await.unwrap();
    step(journal, settled(&first, "77")).await.unwrap();
    let again = CreditMemo { text: "on another day".to_owned(), ..first.clone() };
    claim(journal, &again).await.unwrap();
    let claims = journal.claims(&tenant("dodici"), &order(ORDER)).await.unwrap();
    assert_eq!(claims.len(), 1);
    assert_eq!(claims[0].memo, first);
    assert_eq!(claims[0].state, ClaimState::Settled(record("77")));
}

/// A definite refusal gives the units back.
pub async fn freed_units_can_be_claimed_again(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let (refused, decided_anew) = (memo(ORDER, &["a", "b"], 5000), memo(ORDER, &["b"], 3000));
    claim(journal, &refused).await.unwrap();
    step(journal, freed(&refused)).await.unwrap();
    assert_eq!(memos(journal).await, []);
    claim(journal, &decided_anew).await.unwrap();
    assert_eq!(memos(journal).await, [decided_anew]);
    // A step that is repeated after a crash finds nothing more to do.
    step(journal, freed(&refused)).await.unwrap();
}

/// What is on record is never given back.
pub async fn a_settled_claim_is_never_freed(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let first = memo(ORDER, &["a"], 2000);
    claim(journal, &first).await.unwrap();
    step(journal, settled(&first, "77")).await.unwrap();
    step(journal, freed(&first)).await.unwrap();
    assert_eq!(memos(journal).await, std::slice::from_ref(&first));
    assert_claimed(&claim(journal, &memo(ORDER, &["a", "b"], 5000)).await, &first.key);
}

/// Repeating what was settled and confirmed before a crash changes nothing.
pub async fn settling_and_confirming_twice_is_doing_it_once(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let first = memo(ORDER, &["a"], 2000);
    claim(journal, &first).await.unwrap();
    for _ in 0..2 {
        step(journal, settled(&first, "77")).await.unwrap();
        step(journal, confirmed(&first, "CM1042", 2001)).await.unwrap();
    }
    let found = only(journal, &Query::default()).await;
    let [memo] = &found.memos[..] else { panic!("{:?}", found.memos) };
    assert_eq!(memo.claim.state, ClaimState::Settled(record("77")));
    assert_eq!(memo.number.as_deref(), Some("CM1042"));
    assert_eq!(memo.confirmed_total, Some(Amount::cents(2001)));
}

/// A memo without a claim cannot be settled: somebody's book is wrong.
pub async fn nothing_is_settled_that_was_not_claimed(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let never = memo(ORDER, &["a"], 2000);
    for step_ in [settled(&never, "77"), confirmed(&never, "CM1", 2000)] {
        let result = step(journal, step_.clone()).await;
        assert!(matches!(result, Err(JournalError::Unavailable(_))), "{step_:?}: {result:?}");
    }
}

/// Two events of one order: each shows the memos that it made itself.
pub async fn a_claim_belongs_to_the_cancellation_that_made_it(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let second = cancellation(ORDER, &["a", "b"], 0);
    journal.open(&second, at(0)).await.unwrap();
    let (ours, theirs) = (memo(ORDER, &["a"], 2000), memo(ORDER, &["b"], 3000));
    claim(journal, &ours).await.unwrap();
    let step_ = Step::Claimed(Box::new(theirs.clone()));
    journal.record(&second.id(), at(1), &step_).await.unwrap();
    // The second one finds the first one's claim unsettled, and settles it.
    let step_ = Step::Claimed(Box::new(ours.clone()));
    journal.record(&second.id(), at(2), &step_).await.unwrap();
    journal.record(&second.id(), at(3), &settled(&ours, "77")).await.unwrap();

    for (id, memo) in [(id(), &ours), (second.id(), &theirs)] {
        let found = only(journal, &Query { id: Some(id.clone()), ..Query::default() }).await;
        let made: Vec<_> = found.memos.iter().map(|it| &it.claim.memo).collect();
        assert_eq!(made, [memo], "{id}");
    }
    assert_eq!(memos(journal).await, [ours, theirs]);
}

/// A person's retry puts it back into the queue and starts the deadline anew.
pub async fn a_retry_starts_the_deadline_anew(subject: &dyn Subject) {
    let journal = opened(subject).await;
    step(journal, ended(State::Parked, Some("unmapped"))).await.unwrap();
    journal.record(&id(), at(500), &Step::Retried).await.unwrap();
    let found = only(journal, &Query::default()).await;
    assert_eq!((found.state, found.reason), (State::Deferred, None));
    assert_eq!((found.received_at, found.waiting_since), (at(0), at(500)));
    let opened = journal.open(&cancellation(ORDER, &["a"], 0), at(600)).await.unwrap();
    assert_eq!(opened.waiting_since, at(500));
}

/// Every step that changes something adds a line, and none is ever taken away.
pub async fn history_is_append_only(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let memo = memo(ORDER, &["a"], 2000);
    let flag = Flag::LeftOpen(Amount::cents(100));
    let steps = [
        Step::Claimed(Box::new(memo.clone())),
        freed(&memo),
        ended(State::Parked, Some("erp-refused")),
        Step::Retried,
        Step::Claimed(Box::new(memo.clone())),
        settled(&memo, "77"),
        confirmed(&memo, "CM1042", 2000),
        Step::Flagged(flag.clone()),
        ended(State::Posted, None),
    ];
    let mut before = only(journal, &Query::default()).await.history;
    for (second, step) in (1..).zip(steps) {
        journal.record(&id(), at(second), &step).await.unwrap();
        let found = only(journal, &Query::default()).await;
        let (kept, new) = found.history.split_at(before.len());
        assert_eq!(kept, before, "{step:?}");
        let times: Vec<_> = new.iter().map(|(time, _)| *time).collect();
        assert_eq!(times, [at(second)], "{step:?}");
        assert_eq!(found.updated_at, at(second), "{step:?}");
        before = found.history;
    }
}

/// A person sees a flag once, in words that name it.
pub async fn a_flag_is_shown_once(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let differs = Flag::TotalDiffers { ours: Amount::cents(2000), theirs: Amount::cents(2001) };
    for flag in [&differs, &Flag::RoundingLeft(Amount::cents(1)), &differs] {
        step(journal, Step::Flagged(flag.clone())).await.unwrap();
    }
    let flags = only(journal, &Query::default()).await.flags;
    assert_eq!(flags.len(), 2, "{flags:?}");
    assert!(flags[0].contains("total-differs") && flags[0].contains("20.01"), "{flags:?}");
}

/// How an attempt ended is there to be found.
pub async fn an_ending_is_found(subject: &dyn Subject) {
    let journal = opened(subject).await;
    step(journal, ended(State::Parked, Some("unmapped"))).await.unwrap();
    let found = only(journal, &Query { state: Some(State::Parked), ..Query::default() }).await;
    assert_eq!(found.reason.as_deref(), Some("unmapped"));
    assert_eq!(found.detail.as_deref(), Some("in a sentence"));
    assert_eq!(found.cancellation, cancellation(ORDER, &["a"], 0));
}

/// Every condition of a query leaves out what does not meet it.
pub async fn a_query_finds_what_meets_it(subject: &dyn Subject) {
    let journal = subject.journal();
    let ours = cancellation(ORDER, &["a"], 0);
    let mut theirs = cancellation(OTHER_ORDER, &["a"], 0);
    theirs.tenant = tenant("other");
    journal.open(&ours, at(10)).await.unwrap();
    journal.open(&theirs, at(20)).await.unwrap();
    journal.record(&ours.id(), at(30), &ended(State::Parked, Some("unmapped"))).await.unwrap();
    journal.record(&theirs.id(), at(30), &ended(State::Posted, None)).await.unwrap();

    let all = Query::default;
    let table = [
        (all(), 2),
        (Query { id: Some(ours.id()), ..all() }, 1),
        (Query { id: Some("can-0".parse().unwrap()), ..all() }, 0),
        (Query { state: Some(State::Posted), ..all() }, 1),
        (Query { state: Some(State::Working), ..all() }, 0),
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

/// What a crash left half done can be found, to be finished.
pub async fn unfinished_memos_are_found(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let memo = memo(ORDER, &["a"], 2000);
    // step, unsettled, unconfirmed
    let table = [
        (Step::Claimed(Box::new(memo.clone())), 1, 0),
        (settled(&memo, "77"), 0, 1),
        (confirmed(&memo, "CM1042", 2000), 0, 0),
    ];
    for (step_, unsettled, unconfirmed) in table {
        step(journal, step_.clone()).await.unwrap();
        let found = journal.find(&Query { unsettled: true, ..Query::default() }).await.unwrap();
        assert_eq!(found.len(), unsettled, "{step_:?}");
        let found = journal.find(&Query { unconfirmed: true, ..Query::default() }).await.unwrap();
        assert_eq!(found.len(), unconfirmed, "{step_:?}");
    }
}

/// Pages go from the newest to the oldest, without gap or repetition.
pub async fn pages_are_newest_first(subject: &dyn Subject) {
    let journal = subject.journal();
    for unit in 0..107 {
        let cancellation = cancellation(ORDER, &[&format!("u{unit:03}")], 0);
        journal.open(&cancellation, at(unit)).await.unwrap();
    }
    assert_eq!(journal.find(&Query::default()).await.unwrap().len(), 100);
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = Query { after, limit: 10, ..Query::default() };
        let found = journal.find(&page).await.unwrap();
        let Some(last) = found.last() else { break };
        after = Some(last.place);
        assert!(found.len() <= 10);
        seen.extend(found.into_iter().map(|it| it.received_at));
    }
    assert_eq!(seen, (0..107).rev().map(at).collect::<Vec<_>>());
}

/// A step needs something that it is a step of.
pub async fn a_step_of_an_unknown_cancellation_is_refused(subject: &dyn Subject) {
    let result = step(subject.journal(), Step::Retried).await;
    assert!(matches!(result, Err(JournalError::Unavailable(_))), "{result:?}");
}

/// What was answered is on disk, and another process sees it at once.
pub async fn a_journal_is_shared_by_processes(subject: &dyn Subject) {
    let journal = opened(subject).await;
    let beside = subject.reopen();
    let memo = memo(ORDER, &["a"], 2000);
    claim(journal, &memo).await.unwrap();
    step(journal, settled(&memo, "77")).await.unwrap();
    let (seen, own) = (only(&*beside, &Query::default()).await, Query::default());
    assert_eq!(seen, only(journal, &own).await);
    assert_claimed(&claim(&*beside, &self::memo(ORDER, &["a", "b"], 1)).await, &memo.key);

    let hold = journal.hold(&tenant("dodici"), &order(ORDER), &token("one"), at(0), LEASE).await;
    assert_eq!(hold.unwrap(), Hold::Held);
    let hold = beside.hold(&tenant("dodici"), &order(ORDER), &token("two"), at(0), LEASE).await;
    assert_eq!(hold.unwrap(), Hold::Elsewhere);
}

/// A journal that knows the cancellation [`id`] of one unit.
async fn opened(subject: &dyn Subject) -> &dyn Journal {
    let journal = subject.journal();
    journal.open(&cancellation(ORDER, &["a"], 0), at(0)).await.unwrap();
    journal
}

async fn step(journal: &dyn Journal, step: Step) -> Result<(), JournalError> {
    journal.record(&id(), at(1), &step).await
}

async fn claim(journal: &dyn Journal, memo: &CreditMemo) -> Result<(), JournalError> {
    step(journal, Step::Claimed(Box::new(memo.clone()))).await
}

async fn memos(journal: &dyn Journal) -> Vec<CreditMemo> {
    let claims = journal.claims(&tenant("dodici"), &order(ORDER)).await.unwrap();
    claims.into_iter().map(|it| it.memo).collect()
}

async fn only(journal: &dyn Journal, query: &Query) -> Record {
    let [found] = <[_; 1]>::try_from(journal.find(query).await.unwrap()).expect("exactly one");
    found
}

fn settled(memo: &CreditMemo, id: &str) -> Step {
    Step::Settled { key: memo.key.clone(), record: record(id) }
}

fn freed(memo: &CreditMemo) -> Step {
    Step::Freed { key: memo.key.clone(), why: "the period is closed".to_owned() }
}

fn confirmed(memo: &CreditMemo, number: &str, cents: i64) -> Step {
    let (key, number) = (memo.key.clone(), Some(number.to_owned()));
    Step::Confirmed { key, number, total: Amount::cents(cents) }
}

fn ended(state: State, reason: Option<&str>) -> Step {
    let (reason, detail) = (reason.map(str::to_owned), Some("in a sentence".to_owned()));
    Step::Ended { state, reason, detail, took: Duration::from_millis(1234) }
}

#[track_caller]
fn assert_claimed(result: &Result<(), JournalError>, by: &MemoKey) {
    assert!(matches!(result, Err(JournalError::Claimed(key)) if key == by), "{result:?}");
}
