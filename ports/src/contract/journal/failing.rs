//! The promises about failed tries, which separate a failing order from a failing ledger.

use super::{
    JournalSubject,
    sample::{ORDER, OTHER_ORDER, at, cancellation, id, memo, order, record},
    steps::{ended, only},
};
use crate::{CancellationState, FailedTries, Journal, Query, Step};

async fn step(journal: &dyn Journal, second: i64, step: &Step) {
    journal.record(&id(), at(second), std::slice::from_ref(step)).await.unwrap();
}

/// Consecutive failed tries are counted, visible to other processes, and add no history line.
pub async fn consecutive_failed_tries_are_counted(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    let delivery = cancellation(ORDER, &["a"], 0);
    assert_eq!(journal.open(&delivery, at(0)).await.unwrap().failed, None);
    let failed = |is_order_bound| Step::Failed { is_order_bound };
    let lines = only(journal, &Query::default()).await.history.len();
    step(journal, 10, &failed(false)).await;
    step(journal, 20, &failed(true)).await;
    step(journal, 30, &failed(false)).await;
    let expected = Some(FailedTries { count: 3, since: at(10), is_order_bound: true });
    let other = subject.reopen().await;
    assert_eq!(other.open(&delivery, at(40)).await.unwrap().failed, expected);
    assert_eq!(only(&*other, &Query::default()).await.failed, expected);
    // The delivery adds one line.
    assert_eq!(only(journal, &Query::default()).await.history.len(), lines + 1);

    step(journal, 50, &ended(CancellationState::Deferred, Some("not-invoiced"))).await;
    assert_eq!(only(journal, &Query::default()).await.failed, expected, "a wait changes no count");
    let ends =
        [Step::Answered, ended(CancellationState::Parked, Some("erp-refused")), Step::Retried];
    for end in ends {
        step(journal, 60, &failed(true)).await;
        step(journal, 70, &end).await;
        assert_eq!(only(journal, &Query::default()).await.failed, None, "{end:?}");
        step(journal, 80, &Step::Retried).await;
    }
    step(journal, 90, &failed(false)).await;
    let expected = Some(FailedTries { count: 1, since: at(90), is_order_bound: false });
    assert_eq!(only(journal, &Query::default()).await.failed, expected);
}

/// A query finds the memos of other orders that were sent since a moment and are on record.
pub async fn memos_of_other_orders_are_found(subject: &dyn JournalSubject) {
    let journal = subject.journal();
    let written = async |since, beside: &str| {
        let query = Query {
            written_since: Some(at(since)),
            beside: Some(order(beside)),
            ..Query::default()
        };
        journal.find(&query).await.unwrap().len()
    };
    let delivery = cancellation(OTHER_ORDER, &["a"], 0);
    journal.open(&delivery, at(0)).await.unwrap();
    let memo = memo(OTHER_ORDER, &["a"], 2000);
    let key = memo.key.clone();
    let claimed = Step::Claimed(Box::new(memo));
    journal.record(&delivery.id(), at(100), &[claimed]).await.unwrap();
    assert_eq!(written(0, ORDER).await, 0, "no answer is known");
    let settled = Step::Settled { key, record: record("71300") };
    journal.record(&delivery.id(), at(130), &[settled]).await.unwrap();
    assert_eq!(written(100, ORDER).await, 1);
    assert_eq!(written(101, ORDER).await, 0, "it was sent before");
    assert_eq!(written(100, OTHER_ORDER).await, 0, "it is the order's own");
}
