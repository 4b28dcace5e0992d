//! The promises about an order on which the ledger fails while it answers about others.

use super::{LedgerSubject, memo};
use crate::{LedgerError, Posted, Retry, Sending};

/// A failure on one memo, with the ledger's message, is distinguished from a failing ledger.
pub async fn a_failure_on_one_order_is_distinguished_from_an_outage(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    subject.fail_on_memos();
    for sending in [Sending::First, Sending::Resend, Sending::Resend] {
        let error = ledger.post(&memo, sending).await.unwrap_err();
        assert_eq!(error.retry(), Retry::Later, "{error:?}");
        let LedgerError::Failed { code, message } = error else { panic!("{error:?}") };
        assert!(!code.is_empty() && !message.is_empty(), "{code:?} {message:?}");
        ledger.billing(&subject.invoiced()).await.unwrap();
        ledger.billing(&subject.not_invoiced()).await.unwrap();
    }
    assert_eq!(subject.memos_on_record(), 0);
    subject.recover();
    let posted = ledger.post(&memo, Sending::Resend).await.unwrap();
    assert!(matches!(posted, Posted::Now(_)), "{posted:?}");
    assert_eq!(subject.memos_on_record(), 1);
}

/// An answer that cannot be read concerns its order, and never means "nothing on record".
pub async fn an_unreadable_answer_concerns_its_order(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    subject.garble();
    let error = ledger.billing(&subject.invoiced()).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unreadable(_)), "{error:?}");
    assert_eq!(error.retry(), Retry::Later, "{error:?}");
    ledger.billing(&subject.not_invoiced()).await.unwrap();
    subject.recover();
    let _ = ledger.post(&memo, Sending::First).await.unwrap();
    assert_eq!(subject.memos_on_record(), 1);
}
