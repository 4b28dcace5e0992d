//! The promises about listing all memos since a moment.

use std::{slice, time::Duration};

use domain::{ExistingMemos, RecordedMemo, Standing, Timestamp};

use super::{LedgerSubject, memo};
use crate::{BillingQuery, Cursor, LedgerError, Posted, Sending};

/// Reconciliation sees every memo, manual or not, and can recognise those of memobridge.
pub async fn memos_are_listed_with_their_ties_to_an_order(subject: &dyn LedgerSubject) {
    let posted_memo = memo(subject).await;
    let posted = subject.ledger().post(&posted_memo, Sending::First).await.unwrap();
    let by_hand = subject.credit_by_hand();
    let memos = all_memos(subject, subject.now()).await;
    let [first, second] = &memos[..] else { panic!("{memos:?}") };
    assert_eq!((&first.memo.id, &second.memo.id), (posted.record(), &by_hand));
    let key = first.memo.external_id.as_deref().unwrap_or_default();
    assert!(key.eq_ignore_ascii_case(posted_memo.key.as_str()), "{key}");
    assert_eq!(first.memo.total, posted_memo.total);
    assert_eq!(first.reference.as_deref(), Some(posted_memo.reference.as_str()));
    assert_eq!(first.currency, posted_memo.currency);
    let units: Vec<_> = first.memo.lines.iter().flat_map(|line| &line.units).collect();
    assert_eq!(units, posted_memo.units.iter().collect::<Vec<_>>());
    assert_eq!((&second.memo.external_id, second.memo.lines[0].units.len()), (&None, 0));
    assert_eq!(second.memo.lines[0].quantity, Some(1.into()));
    for it in &memos {
        assert_eq!(it.memo.created_from.as_ref(), posted_memo.source.invoice());
        assert!(it.memo.number.is_some() && it.memo.standing == Standing::Valid, "{it:?}");
    }
}

/// All memos are listed: a missed memo would be reported as a missing credit.
pub async fn all_memos_are_listed_for_every_page_size(subject: &dyn LedgerSubject) {
    let mut made = vec![subject.credit_by_hand(), subject.credit_by_hand()];
    made.push(subject.credit_by_hand());
    for limit in [1, 2, 3, 100] {
        subject.limit_pages(limit);
        let memos = all_memos(subject, subject.now()).await;
        let listed: Vec<_> = memos.iter().map(|memo| memo.memo.id.clone()).collect();
        assert_eq!(listed, made, "pages of {limit}");
    }
}

/// Memos that did not change since the start of the window are not listed.
pub async fn unchanged_memos_are_not_listed(subject: &dyn LedgerSubject) {
    let _ = subject.credit_by_hand();
    let later = subject.now().after(Duration::from_mins(1));
    assert_eq!(all_memos(subject, later).await, []);
}

/// A voided memo is on record and credits nothing.
pub async fn a_voided_memo_is_listed_as_voided(subject: &dyn LedgerSubject) {
    let (voided, other) = (subject.credit_by_hand(), subject.credit_by_hand());
    subject.void(&voided);
    let memos = all_memos(subject, subject.now()).await;
    let listed: Vec<_> =
        memos.iter().map(|memo| (memo.memo.id.clone(), memo.memo.standing)).collect();
    assert_eq!(listed, [(other, Standing::Valid), (voided, Standing::Voided)]);
}

/// A voided memo credits nothing, so it is returned only to a query that names its record.
pub async fn a_voided_memo_is_returned_only_where_it_is_asked_for(subject: &dyn LedgerSubject) {
    let (voided, other) = (subject.credit_by_hand(), subject.credit_by_hand());
    subject.void(&voided);
    for existing_memos in [ExistingMemos::Invoice, ExistingMemos::Number] {
        let query = BillingQuery { existing_memos, ..subject.invoiced() };
        let found_with = |own_memos| async {
            let query = BillingQuery { own_memos, ..query.clone() };
            let memos = subject.ledger().billing(&query).await.unwrap().memos;
            memos.into_iter().map(|memo| (memo.id, memo.standing)).collect::<Vec<_>>()
        };
        let valid = (other.clone(), Standing::Valid);
        assert_eq!(found_with(Vec::new()).await, slice::from_ref(&valid), "{existing_memos:?}");
        assert_eq!(
            found_with(vec![other.clone()]).await,
            slice::from_ref(&valid),
            "{existing_memos:?}"
        );
        let mut both = found_with(vec![voided.clone(), other.clone()]).await;
        both.sort_by_key(|(_, standing)| *standing == Standing::Voided);
        assert_eq!(both, [valid, (voided.clone(), Standing::Voided)], "{existing_memos:?}");
    }
}

/// A memo without a source is found by the order's number, and by nothing else.
pub async fn a_memo_without_a_source_is_found_by_the_number(subject: &dyn LedgerSubject) {
    let by_hand = subject.credit_without_source();
    for (existing_memos, expected) in
        [(ExistingMemos::Number, vec![by_hand]), (ExistingMemos::Invoice, Vec::new())]
    {
        let query = BillingQuery { existing_memos, ..subject.invoiced() };
        let memos = subject.ledger().billing(&query).await.unwrap().memos;
        let found: Vec<_> = memos.iter().map(|memo| memo.id.clone()).collect();
        assert_eq!(found, expected, "{existing_memos:?}");
        assert!(memos.iter().all(|memo| memo.created_from.is_none() && memo.entity.is_some()));
    }
}

/// The key of a voided memo stays taken, and nothing is credited under it.
pub async fn a_voided_memo_under_the_key_is_reported_as_voided(subject: &dyn LedgerSubject) {
    let memo = memo(subject).await;
    let posted = subject.ledger().post(&memo, Sending::First).await.unwrap();
    let record = posted.record().clone();
    subject.void(&record);
    for sending in [Sending::First, Sending::Resend] {
        let again = subject.ledger().post(&memo, sending).await.unwrap();
        assert_eq!(again, Posted::Voided(record.clone()), "{sending:?}");
    }
    assert_eq!(subject.memos_on_record(), 1);
}

/// A missing permission is an error, not an empty list.
pub async fn a_missing_permission_to_see_memos_is_an_error(subject: &dyn LedgerSubject) {
    let _ = subject.credit_by_hand();
    subject.forbid();
    let answer = subject.ledger().memos(subject.now(), &Cursor::default()).await;
    assert!(matches!(answer, Err(LedgerError::Forbidden(_))), "{answer:?}");
}

/// All memos since a moment, page by page.
async fn all_memos(subject: &dyn LedgerSubject, since: Timestamp) -> Vec<RecordedMemo> {
    let (mut memos, mut place) = (Vec::new(), Cursor::default());
    loop {
        let page = subject.ledger().memos(since, &place).await.unwrap();
        memos.extend(page.memos);
        let Some(next) = page.next else { return memos };
        place = next;
    }
}
