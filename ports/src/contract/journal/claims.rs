//! The promises about claims: what keeps a unit from being credited twice.

use domain::{Amount, ClaimState, CreditMemo};

use super::{
    JournalSubject,
    sample::{ORDER, OTHER_ORDER, at, cancellation, id, memo, order, record, tenant},
    steps::{assert_claimed, claim, confirmed, freed, memos, only, opened, settled, step},
};
use crate::{JournalError, Query, Step};

/// A memo with a unit that is claimed under another key is refused as a whole.
pub async fn a_unit_is_claimed_by_one_key(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let (first, both) = (memo(ORDER, &["a"], 2000), memo(ORDER, &["b", "a"], 5000));
    claim(journal, &first).await.unwrap();
    assert_claimed(&claim(journal, &both).await, &first.key);
    assert_eq!(memos(journal).await, std::slice::from_ref(&first));
    // Nothing of the refused memo was stored.
    let second = memo(ORDER, &["b"], 3000);
    claim(journal, &second).await.unwrap();
    assert_eq!(memos(journal).await, [first, second]);
}

/// The same unit id in another order is another unit, for example `shipping`.
pub async fn units_are_claimed_per_order(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let other = cancellation(OTHER_ORDER, &["a"], 0);
    journal.open(&other, at(0)).await.unwrap();
    let (first, second_memo) =
        (memo(ORDER, &["shipping"], 500), memo(OTHER_ORDER, &["shipping"], 500));
    claim(journal, &first).await.unwrap();
    let step = Step::Claimed(Box::new(second_memo.clone()));
    journal.record(&other.id(), at(1), &[step]).await.unwrap();
    assert_eq!(memos(journal).await, [first]);
    let claims = journal.claims(&tenant("dodici"), &order(OTHER_ORDER)).await.unwrap();
    assert_eq!(claims.into_iter().map(|claim| claim.memo).collect::<Vec<_>>(), [second_memo]);
    assert_eq!(journal.claims(&tenant("other"), &order(ORDER)).await.unwrap(), []);
}

/// A memo is claimed by a cancellation of its own order.
pub async fn a_memo_of_another_order_is_not_claimed(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let result = claim(journal, &memo(OTHER_ORDER, &["a"], 2000)).await;
    assert!(matches!(result, Err(JournalError::Unavailable(_))), "{result:?}");
    assert_eq!(journal.claims(&tenant("dodici"), &order(OTHER_ORDER)).await.unwrap(), []);
}

/// The memo that was claimed last is the memo that is sent.
pub async fn claiming_again_replaces_an_unsettled_memo(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let first = memo(ORDER, &["a"], 2000);
    let again = CreditMemo { text: "on another day".to_owned(), ..first.clone() };
    claim(journal, &first).await.unwrap();
    claim(journal, &again).await.unwrap();
    assert_eq!(memos(journal).await, [again]);
}

/// A settled memo is not claimed again, and the attempt does not change it.
pub async fn claiming_a_settled_key_changes_nothing(subject: &dyn JournalSubject) {
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

/// When a claim is refused, the other steps of the same write are not stored either.
pub async fn steps_are_written_all_or_none(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let (first, both) = (memo(ORDER, &["a"], 2000), memo(ORDER, &["b", "a"], 5000));
    claim(journal, &first).await.unwrap();
    let before = only(journal, &Query::default()).await;
    let note = Step::Note(vec!["the order was seen".to_owned()]);
    let steps = [note, settled(&first, "77"), Step::Claimed(Box::new(both.clone()))];
    assert_claimed(&journal.record(&id(), at(9), &steps).await, &first.key);
    assert_eq!(only(journal, &Query::default()).await, before);
    assert_eq!(memos(journal).await, std::slice::from_ref(&first));

    let [note, settled, _] = steps;
    let rest = memo(ORDER, &["b"], 3000);
    let steps = [note, settled, Step::Claimed(Box::new(rest.clone()))];
    journal.record(&id(), at(9), &steps).await.unwrap();
    assert_eq!(memos(journal).await, [first, rest]);
    let added = &only(journal, &Query::default()).await.history[before.history.len()..];
    let added: Vec<_> = added.iter().map(|(_, it)| it.split(' ').next().unwrap_or("")).collect();
    assert_eq!(added, ["the", "settled", "claimed"]);
}

/// Until its outcome is known, a claim records when it was last sent without an answer: when it was
/// claimed, sent again, or before a refusal that frees nothing.
pub async fn an_unsettled_claim_records_when_it_was_last_sent(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let memo = memo(ORDER, &["a"], 2000);
    let (key, why) = (memo.key.clone(), "the period is closed".to_owned());
    let claimed = [Step::Claimed(Box::new(memo.clone()))];
    let sent_at = async || {
        let claims = journal.claims(&tenant("dodici"), &order(ORDER)).await.unwrap();
        assert_eq!(claims[0].memo, memo);
        claims[0].state.clone()
    };
    for second in [1, 60] {
        journal.record(&id(), at(second), &claimed).await.unwrap();
        assert_eq!(sent_at().await, ClaimState::Unsettled { sent_at: at(second) });
    }
    let refused = [Step::ClaimKept { key, rejection: why, sent_at: at(1) }];
    for _ in 0..2 {
        journal.record(&id(), at(61), &refused).await.unwrap();
        assert_eq!(sent_at().await, ClaimState::Unsettled { sent_at: at(1) });
    }
    step(journal, settled(&memo, "77")).await.unwrap();
    journal.record(&id(), at(62), &refused).await.unwrap();
    assert_eq!(sent_at().await, ClaimState::Settled(record("77")));
    let history = only(journal, &Query::default()).await.history;
    let lines_with = |words: &str| history.iter().filter(|(_, it)| it.contains(words)).count();
    assert_eq!((lines_with("again, as no answer"), lines_with("may still arrive")), (1, 1));
}

/// A definite refusal frees the units.
pub async fn freed_units_can_be_claimed_again(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let (refused, decided_anew) = (memo(ORDER, &["a", "b"], 5000), memo(ORDER, &["b"], 3000));
    claim(journal, &refused).await.unwrap();
    step(journal, freed(&refused)).await.unwrap();
    assert_eq!(memos(journal).await, []);
    claim(journal, &decided_anew).await.unwrap();
    assert_eq!(memos(journal).await, [decided_anew]);
    // A step that is repeated after a crash changes nothing.
    step(journal, freed(&refused)).await.unwrap();
}

/// The units of a settled memo are never freed by a refusal.
pub async fn a_settled_claim_is_never_freed(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let first = memo(ORDER, &["a"], 2000);
    claim(journal, &first).await.unwrap();
    step(journal, settled(&first, "77")).await.unwrap();
    step(journal, freed(&first)).await.unwrap();
    assert_eq!(memos(journal).await, std::slice::from_ref(&first));
    assert_claimed(&claim(journal, &memo(ORDER, &["a", "b"], 5000)).await, &first.key);
}

/// A record that was deleted in the ledger frees its units; an unknown outcome does not.
pub async fn a_deleted_record_frees_its_units(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let first = memo(ORDER, &["a"], 2000);
    let vanished = Step::RecordGone { key: first.key.clone() };
    claim(journal, &first).await.unwrap();
    step(journal, vanished.clone()).await.unwrap();
    assert_eq!(memos(journal).await, std::slice::from_ref(&first));
    step(journal, settled(&first, "77")).await.unwrap();
    for _ in 0..2 {
        step(journal, vanished.clone()).await.unwrap();
        assert_eq!(memos(journal).await, []);
    }
    claim(journal, &memo(ORDER, &["a", "b"], 5000)).await.unwrap();
}

/// Repeating what was settled and confirmed before a crash changes nothing.
pub async fn settling_and_confirming_are_idempotent(subject: &dyn JournalSubject) {
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

/// A memo without a claim cannot be settled: the caller has a bug.
pub async fn an_unclaimed_memo_cannot_be_settled(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let never = memo(ORDER, &["a"], 2000);
    for step_ in [settled(&never, "77"), confirmed(&never, "CM1", 2000)] {
        let result = step(journal, step_.clone()).await;
        assert!(matches!(result, Err(JournalError::Unavailable(_))), "{step_:?}: {result:?}");
    }
}

/// Of two events of one order, each shows the memos that it made itself.
pub async fn a_claim_belongs_to_the_cancellation_that_made_it(subject: &dyn JournalSubject) {
    let journal = opened(subject).await;
    let second = cancellation(ORDER, &["a", "b"], 0);
    journal.open(&second, at(0)).await.unwrap();
    let (first_memo, second_memo) = (memo(ORDER, &["a"], 2000), memo(ORDER, &["b"], 3000));
    claim(journal, &first_memo).await.unwrap();
    let step_ = Step::Claimed(Box::new(second_memo.clone()));
    journal.record(&second.id(), at(1), &[step_]).await.unwrap();
    // The second one finds the first one's claim unsettled, and settles it.
    let step_ = Step::Claimed(Box::new(first_memo.clone()));
    journal.record(&second.id(), at(2), &[step_]).await.unwrap();
    journal.record(&second.id(), at(3), &[settled(&first_memo, "77")]).await.unwrap();

    for (id, memo) in [(id(), &first_memo), (second.id(), &second_memo)] {
        let found = only(journal, &Query { id: Some(id.clone()), ..Query::default() }).await;
        let made: Vec<_> = found.memos.iter().map(|memo| &memo.claim.memo).collect();
        assert_eq!(made, [memo], "{id}");
    }
    assert_eq!(memos(journal).await, [first_memo, second_memo]);
}

/// Memos that a crash left unfinished can be found and finished.
pub async fn unfinished_memos_are_found(subject: &dyn JournalSubject) {
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
