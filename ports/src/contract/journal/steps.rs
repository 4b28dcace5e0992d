//! Steps to record in a journal, and queries for their results.

use std::time::Duration;

use domain::{Amount, CreditMemo, MemoKey};

use super::{
    JournalSubject,
    sample::{ORDER, at, cancellation, id, order, record, tenant},
};
use crate::{CancellationRecord, CancellationState, Journal, JournalError, Query, Step};

/// A journal that knows the cancellation [`id`] of one unit.
pub(super) async fn opened(subject: &dyn JournalSubject) -> &dyn Journal {
    let journal = subject.journal();
    journal.open(&cancellation(ORDER, &["a"], 0), at(0)).await.unwrap();
    journal
}

pub(super) async fn step(journal: &dyn Journal, step: Step) -> Result<(), JournalError> {
    journal.record(&id(), at(1), &[step]).await
}

pub(super) async fn claim(journal: &dyn Journal, memo: &CreditMemo) -> Result<(), JournalError> {
    step(journal, Step::Claimed(Box::new(memo.clone()))).await
}

pub(super) async fn memos(journal: &dyn Journal) -> Vec<CreditMemo> {
    let claims = journal.claims(&tenant("dodici"), &order(ORDER)).await.unwrap();
    claims.into_iter().map(|claim| claim.memo).collect()
}

pub(super) async fn only(journal: &dyn Journal, query: &Query) -> CancellationRecord {
    let query = Query { with_history: true, ..query.clone() };
    let [found] = <[_; 1]>::try_from(journal.find(&query).await.unwrap()).expect("exactly one");
    found
}

pub(super) fn settled(memo: &CreditMemo, id: &str) -> Step {
    Step::Settled { key: memo.key.clone(), record: record(id) }
}

pub(super) fn freed(memo: &CreditMemo) -> Step {
    Step::Freed { key: memo.key.clone(), rejection: "the period is closed".to_owned() }
}

pub(super) fn confirmed(memo: &CreditMemo, number: &str, cents: i64) -> Step {
    let (key, number) = (memo.key.clone(), Some(number.to_owned()));
    Step::Confirmed { key, number, total: Amount::cents(cents) }
}

pub(super) fn ended(state: CancellationState, reason: Option<&str>) -> Step {
    let (reason, detail) = (reason.map(str::to_owned), Some("in a sentence".to_owned()));
    Step::AttemptEnded { state, reason, detail, took: Duration::from_millis(1234) }
}

#[track_caller]
pub(super) fn assert_claimed(result: &Result<(), JournalError>, by: &MemoKey) {
    assert!(matches!(result, Err(JournalError::Claimed(key)) if key == by), "{result:?}");
}
