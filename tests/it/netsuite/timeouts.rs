//! No answer in time, before and after it was done: the account finishes what it began.

use std::time::Duration;

use ports::{Ledger, LedgerError, Posted, Sending};
use sandbox::{
    netsuite::{Operation, Point},
    sale::Billing,
};

use super::Bench;

/// Real time: silence is what the adapter measures.
const TIMEOUT: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_memo_recorded_without_an_answer_is_found() {
    let bench = Bench::with(3, TIMEOUT).await;
    bench.install(1, &Billing::OneInvoice);
    let memo = bench.memo(1).await;
    let held = bench.account.hold(Operation::Add, Point::AfterCommit);
    let posted = bench.ledger.post(&memo, Sending::First).await.unwrap();
    assert!(matches!(posted, Posted::Already(_)), "{posted:?}");
    held.release();
    assert_eq!(bench.account.memos().len(), 1);
}

#[tokio::test]
async fn a_memo_recorded_long_after_the_timeout_is_not_duplicated() {
    let bench = Bench::with(3, TIMEOUT).await;
    bench.install(1, &Billing::OneInvoice);
    let memo = bench.memo(1).await;
    let held = bench.account.hold(Operation::Add, Point::BeforeCommit);
    let error = bench.ledger.post(&memo, Sending::First).await.unwrap_err();
    assert!(matches!(error, LedgerError::Failed { .. }), "{error:?}");
    assert_eq!(bench.account.memos().len(), 0);
    // Looked for, not found, sent again: now both arrive.
    let late = bench.account.hold(Operation::Add, Point::BeforeCommit);
    let posting = bench.ledger.post(&memo, Sending::Resend);
    let arriving = async {
        late.reached().await;
        held.release();
        while bench.account.memos().is_empty() {
            tokio::task::yield_now().await;
        }
        late.release();
    };
    let (posted, ()) = tokio::join!(posting, arriving);
    let posted = posted.unwrap();
    assert!(matches!(posted, Posted::Already(_)), "{posted:?}");
    assert_eq!(bench.account.memos().len(), 1);
}

#[tokio::test]
async fn lines_closed_without_an_answer_are_closed_once() {
    let bench = Bench::with(3, TIMEOUT).await;
    bench.install(1, &Billing::NotInvoiced);
    let lines = bench.lines(1).await;
    for point in [Point::AfterCommit, Point::BeforeCommit] {
        let held = bench.account.hold(Operation::Update, point);
        let error = bench.ledger.close_lines(&lines).await.unwrap_err();
        assert!(matches!(error, LedgerError::Unknown(_)), "{error:?} at {point:?}");
        held.release();
        bench.ledger.close_lines(&lines).await.unwrap();
        let order = bench.account.sales_order(lines.sales_order.as_str()).unwrap();
        assert!(order.lines.iter().all(|line| line.closed), "{point:?}: {order:?}");
    }
}
