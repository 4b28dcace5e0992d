//! What every implementation of the `ledger` port promises.

mod failing;
mod memos;

use std::{
    future::{Future, poll_fn},
    pin::pin,
    task::Poll,
};

use async_trait::async_trait;
use domain::{
    Amount, Application, Billing, BillingLine, CreditMemo, ExistingMemos, Invoice, LineKind,
    LineTarget, LinesToClose, MemoKey, MemoLine, RecordId, SalesOrder, Source, TaxBasis, Timestamp,
    UnitId,
};

pub use self::{failing::*, memos::*};
use crate::{BillingQuery, Ledger, LedgerError, Posted, Rejection, Retry, Sending};

/// A ledger set up for testing, with its faults.
///
/// It holds two orders of at least two units each, one piece per line, untaxed, in US dollars: one
/// on an unpaid invoice, one not invoiced at all. Their lines carry the ids of their units. There
/// is no credit memo.
#[async_trait]
pub trait LedgerSubject: Send + Sync {
    /// The ledger.
    fn ledger(&self) -> &dyn Ledger;

    /// The order that is on an invoice.
    fn invoiced(&self) -> BillingQuery;

    /// The order that is on none.
    fn not_invoiced(&self) -> BillingQuery;

    /// Records the next memo and loses the ledger's reply.
    fn lose_next_reply(&self);

    /// Rejects the next call because there are too many.
    fn throttle_next(&self);

    /// From now on the ledger fails on each memo of the invoiced order, records none, and answers
    /// everything else.
    fn fail_on_memos(&self);

    /// From now on its answers about the invoiced order are complete but cannot be read.
    fn garble(&self);

    /// From now on it fails on nothing and garbles nothing.
    fn recover(&self);

    /// From now on the ledger cannot be reached.
    async fn go_down(&self);

    /// From now on it can be reached again.
    async fn come_back(&self);

    /// Records a transaction under this key that is no credit memo.
    fn occupy(&self, key: &MemoKey);

    /// Changes a memo's amounts by hand.
    fn change_total(&self, memo: &RecordId);

    /// Closes all accounting periods before tomorrow.
    fn close_period(&self);

    /// Takes away the permission to see sales orders and credit memos.
    fn forbid(&self);

    /// Revokes the credentials of memobridge.
    fn revoke(&self);

    /// Enters a memo by hand, from the invoice, over the items of its first line, without an
    /// external id and without unit ids.
    fn credit_by_hand(&self) -> RecordId;

    /// Enters the same memo by hand without a source, with the order's number.
    fn credit_without_source(&self) -> RecordId;

    /// Voids a memo by hand.
    fn void(&self, memo: &RecordId);

    /// Limits every page to this many records.
    fn limit_pages(&self, records: usize);

    /// The ledger's clock, which dates the changes of records.
    fn now(&self) -> Timestamp;

    /// The number of credit memos on record.
    fn memos_on_record(&self) -> usize;
}

/// An order is returned with its invoices and the units on their lines.
pub async fn an_order_is_returned_with_its_invoices(subject: &dyn LedgerSubject) {
    let billing = subject.ledger().billing(&subject.invoiced()).await.unwrap();
    let (order, invoice) = (order(&billing), invoice(&billing));
    assert_eq!(invoice.entity, order.entity);
    assert_eq!(invoice.remaining, invoice.total);
    assert_eq!(billing.memos, []);
    for line in invoice.lines.iter().filter(|line| line.quantity.is_some()) {
        assert_eq!(line.units.len(), 1, "{line:?}");
    }
}

/// An order without an invoice has a valid answer.
pub async fn an_order_without_an_invoice_is_returned(subject: &dyn LedgerSubject) {
    let billing = subject.ledger().billing(&subject.not_invoiced()).await.unwrap();
    assert!(!order(&billing).lines.is_empty());
    assert_eq!(billing.invoices, []);
    assert_eq!(billing.cash_sales, []);
}

/// No sales order is not an error.
pub async fn an_unknown_order_is_no_error(subject: &dyn LedgerSubject) {
    let unknown = BillingQuery {
        reference: "NO-SUCH-ORDER".to_owned(),
        order: "00000000-0000-4000-8000-00000000dead".parse().unwrap(),
        existing_memos: ExistingMemos::Number,
        own_memos: Vec::new(),
        units: Vec::new(),
        ..subject.invoiced()
    };
    assert_eq!(subject.ledger().billing(&unknown).await.unwrap(), Billing::default());
}

/// A memo is on record as it was posted: under its key, from its invoice, with its units.
pub async fn a_posted_memo_is_on_record(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    let posted = ledger.post(&memo, Sending::First).await.unwrap();
    assert!(matches!(posted, Posted::Now(_)), "{posted:?}");
    let billing = ledger.billing(&subject.invoiced()).await.unwrap();
    let [found] = &billing.memos[..] else { panic!("{:?}", billing.memos) };
    assert_eq!(&found.id, posted.record());
    let external_id = found.external_id.as_deref().unwrap_or_default();
    assert!(external_id.eq_ignore_ascii_case(memo.key.as_str()), "{external_id}");
    assert_eq!(found.created_from.as_ref(), memo.source.invoice());
    assert_eq!(found.applied_to.iter().collect::<Vec<_>>(), [memo.source.invoice().unwrap()]);
    assert_eq!(found.total, memo.total);
    assert_eq!(units(&billing), memo.units);
    let invoice = invoice(&billing);
    assert_eq!(invoice.remaining, invoice.total - memo.total);
}

/// One key is one memo, however often it is posted and whatever is known about earlier attempts.
pub async fn a_repeated_post_is_a_no_op(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    let first = ledger.post(&memo, Sending::First).await.unwrap();
    for sending in [Sending::First, Sending::Resend, Sending::First] {
        let repeated = ledger.post(&memo, sending).await.unwrap();
        assert_eq!(repeated, Posted::Already(first.record().clone()), "{sending:?}");
    }
    assert_eq!(subject.memos_on_record(), 1);
}

/// A memo that is looked for first and not found is recorded.
pub async fn a_memo_that_never_arrived_is_recorded(subject: &dyn LedgerSubject) {
    let posted = subject.ledger().post(&memo(subject).await, Sending::Resend).await.unwrap();
    assert!(matches!(posted, Posted::Now(_)), "{posted:?}");
    assert_eq!(subject.memos_on_record(), 1);
}

/// A crash between commit and reply: the next attempt must not credit twice.
pub async fn a_lost_reply_does_not_duplicate(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    subject.lose_next_reply();
    let lost = ledger.post(&memo, Sending::First).await;
    assert!(matches!(lost, Ok(Posted::Already(_)) | Err(LedgerError::Unknown(_))), "{lost:?}");
    for sending in [Sending::Resend, Sending::First] {
        let found = ledger.post(&memo, sending).await.unwrap();
        assert!(matches!(found, Posted::Already(_)), "{found:?}");
    }
    assert_eq!(subject.memos_on_record(), 1);
}

/// Two concurrent attempts create one memo.
pub async fn two_concurrent_posts_make_one_memo(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    let (one, other) =
        both(ledger.post(&memo, Sending::First), ledger.post(&memo, Sending::First)).await;
    let (one, other) = (one.unwrap(), other.unwrap());
    assert_eq!(one.record(), other.record());
    assert_eq!(subject.memos_on_record(), 1);
}

/// A record under the key that is no credit memo is a conflict.
pub async fn another_record_under_the_key_is_a_conflict(subject: &dyn LedgerSubject) {
    let memo = memo(subject).await;
    subject.occupy(&memo.key);
    for sending in [Sending::First, Sending::Resend] {
        let error = subject.ledger().post(&memo, sending).await.unwrap_err();
        assert!(matches!(error, LedgerError::Conflict { .. }), "{error:?} for {sending:?}");
    }
    assert_eq!(subject.memos_on_record(), 0);
}

/// A memo over other units is a conflict.
pub async fn other_units_under_the_key_are_a_conflict(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let billing = ledger.billing(&subject.invoiced()).await.unwrap();
    let query = subject.invoiced();
    let [one, other] = [0, 1].map(|unit| from_invoice(&query, invoice(&billing), unit));
    let _ = ledger.post(&one, Sending::First).await.unwrap();
    let other = CreditMemo { key: one.key, ..other };
    for sending in [Sending::First, Sending::Resend] {
        let error = ledger.post(&other, sending).await.unwrap_err();
        assert!(matches!(error, LedgerError::Conflict { .. }), "{error:?} for {sending:?}");
    }
    assert_eq!(subject.memos_on_record(), 1);
}

/// A memo with a differing total counts as the same memo; a person checks the total.
pub async fn a_differing_total_is_no_conflict(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    let first = ledger.post(&memo, Sending::First).await.unwrap();
    subject.change_total(first.record());
    let found = ledger.post(&memo, Sending::Resend).await.unwrap();
    assert_eq!(found, Posted::Already(first.record().clone()));
    let [confirmed] = &ledger.confirm(&[first.record().clone()]).await.unwrap()[..] else {
        panic!("a memo is confirmed once");
    };
    assert_ne!(confirmed.total, memo.total);
}

/// A refusal is definite: nothing is on record, and corrected data are accepted under the same key.
pub async fn a_refusal_is_definite(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let good = memo(subject).await;
    let mut bad = good.clone();
    let application = bad.application.as_mut().unwrap();
    application.amount += bad.total;
    for sending in [Sending::First, Sending::Resend] {
        let error = ledger.post(&bad, sending).await.unwrap_err();
        let is_refusal = matches!(error, LedgerError::Rejected { kind: Rejection::Data, .. });
        assert!(is_refusal, "{error:?} for {sending:?}");
    }
    assert_eq!(subject.memos_on_record(), 0);
    let posted = ledger.post(&good, Sending::First).await.unwrap();
    assert!(matches!(posted, Posted::Now(_)), "{posted:?}");
}

/// A closed period is distinguished from bad data, because another date may help.
pub async fn a_closed_period_is_a_separate_rejection(subject: &dyn LedgerSubject) {
    let memo = memo(subject).await;
    subject.close_period();
    let error = subject.ledger().post(&memo, Sending::First).await.unwrap_err();
    let is_period = matches!(error, LedgerError::Rejected { kind: Rejection::Period, .. });
    assert!(is_period, "{error:?}");
    assert_eq!(subject.memos_on_record(), 0);
}

/// Records that memobridge may not see are never treated as absent; otherwise they would be
/// credited again.
pub async fn a_missing_permission_is_never_not_found(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    let _ = ledger.post(&memo, Sending::First).await.unwrap();
    subject.forbid();
    let error = ledger.post(&memo, Sending::Resend).await.unwrap_err();
    assert!(matches!(error, LedgerError::Forbidden(_)), "{error:?}");
    let error = ledger.billing(&subject.invoiced()).await.unwrap_err();
    assert!(matches!(error, LedgerError::Forbidden(_)), "{error:?}");
    assert_eq!(subject.memos_on_record(), 1);
}

/// Refused credentials are a separate case, because more attempts may lock them.
pub async fn refused_credentials_are_reported(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    subject.revoke();
    let error = ledger.post(&memo, Sending::First).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unauthorized(_)), "{error:?}");
    let error = ledger.billing(&subject.invoiced()).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unauthorized(_)), "{error:?}");
    assert_eq!(subject.memos_on_record(), 0);
}

/// A throttled call was not done, and says how long to wait.
pub async fn throttling_leaves_nothing_on_record(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    subject.throttle_next();
    let error = ledger.post(&memo, Sending::First).await.unwrap_err();
    assert!(matches!(error.retry(), Retry::After(_)), "{error:?}");
    assert_eq!(subject.memos_on_record(), 0);
    let posted = ledger.post(&memo, Sending::First).await.unwrap();
    assert!(matches!(posted, Posted::Now(_)), "{posted:?}");
}

/// After an outage the same call succeeds.
pub async fn an_outage_ends(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    subject.go_down().await;
    let error = ledger.billing(&subject.invoiced()).await.unwrap_err();
    assert!(matches!(error, LedgerError::Unavailable(_)), "{error:?}");
    let error = ledger.post(&memo, Sending::First).await.unwrap_err();
    assert_eq!(error.retry(), Retry::Later, "{error:?}");
    subject.come_back().await;
    let posted = ledger.post(&memo, Sending::Resend).await.unwrap();
    assert!(matches!(posted, Posted::Now(_)), "{posted:?}");
    assert_eq!(subject.memos_on_record(), 1);
}

/// Number and total are returned for existing records, and nothing for missing ones.
pub async fn totals_are_read_back(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let memo = memo(subject).await;
    let id = ledger.post(&memo, Sending::First).await.unwrap().record().clone();
    let records = [id.clone(), "999999999".parse().unwrap()];
    let [confirmed] = &ledger.confirm(&records).await.unwrap()[..] else {
        panic!("only what exists is confirmed");
    };
    assert_eq!(confirmed.record, id);
    assert_eq!(confirmed.total, memo.total);
    assert!(confirmed.number.is_some());
    assert_eq!(ledger.confirm(&[]).await.unwrap(), []);
}

/// A memo that names no invoice is found by the order's number, where the query asks for it.
pub async fn a_memo_without_an_invoice_is_found_by_the_number(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let query = subject.not_invoiced();
    let billing = ledger.billing(&query).await.unwrap();
    let memo = from_order(&query, order(&billing));
    let first = ledger.post(&memo, Sending::First).await.unwrap();
    let again = ledger.post(&memo, Sending::Resend).await.unwrap();
    assert_eq!(again, Posted::Already(first.record().clone()));
    let include = BillingQuery { existing_memos: ExistingMemos::Number, ..query };
    let billing = ledger.billing(&include).await.unwrap();
    let ids: Vec<_> = billing.memos.iter().map(|memo| &memo.id).collect();
    assert_eq!(ids, [first.record()]);
    assert_eq!(units(&billing), memo.units);
}

/// Targets are absolute, so closing twice has the effect of closing once; other lines stay
/// unchanged.
pub async fn closing_lines_is_idempotent(subject: &dyn LedgerSubject) {
    let ledger = subject.ledger();
    let query = subject.not_invoiced();
    let before = order(&ledger.billing(&query).await.unwrap()).clone();
    let closed = &before.lines[0].line;
    let target =
        LineTarget { line: closed.line, quantity: Some(0.into()), amount: None, closed: true };
    let lines = LinesToClose { sales_order: before.id.clone(), targets: vec![target] };
    for _ in 0..2 {
        ledger.close_lines(&lines).await.unwrap();
        let after = order(&ledger.billing(&query).await.unwrap()).clone();
        assert!(after.lines[0].closed);
        assert_eq!(after.lines[0].line.quantity, Some(0.into()));
        assert_eq!(after.lines[0].line.units, closed.units);
        assert_eq!(after.lines[1..], before.lines[1..]);
    }
}

/// The memo over the first unit of the invoiced order.
async fn memo(subject: &dyn LedgerSubject) -> CreditMemo {
    let query = subject.invoiced();
    let billing = subject.ledger().billing(&query).await.unwrap();
    from_invoice(&query, invoice(&billing), 0)
}

fn from_invoice(query: &BillingQuery, invoice: &Invoice, unit: usize) -> CreditMemo {
    let line = &invoice.lines[unit];
    let application = Application { invoice: invoice.id.clone(), amount: line.amount };
    CreditMemo {
        source: Source::Invoice(invoice.id.clone()),
        entity: invoice.entity.clone(),
        currency: invoice.currency.clone(),
        account: invoice.account.clone(),
        date: invoice.date,
        lines: vec![MemoLine { source_line: Some(line.line), ..credited(line) }],
        application: Some(application),
        ..outline(query, line, &invoice.id)
    }
}

fn from_order(query: &BillingQuery, order: &SalesOrder) -> CreditMemo {
    CreditMemo {
        entity: order.entity.clone(),
        currency: order.currency.clone(),
        ..outline(query, &order.lines[0].line, &order.id)
    }
}

/// A memo over one line, with the fields that do not depend on its source.
fn outline(query: &BillingQuery, line: &BillingLine, source: &RecordId) -> CreditMemo {
    let tenant = "contract".parse().unwrap();
    CreditMemo {
        key: MemoKey::of(&tenant, &query.order, &line.units),
        order: query.order.clone(),
        units: line.units.clone(),
        source: Source::SalesOrder(source.clone()),
        entity: source.clone(),
        currency: Some(source.clone()),
        money: "USD".parse().unwrap(),
        account: None,
        location: None,
        department: None,
        class: None,
        subsidiary: None,
        custom_form: None,
        date: "2026-11-23".parse().unwrap(),
        reference: query.reference.clone(),
        text: "the contract's memo".to_owned(),
        tax_item: None,
        tax_basis: TaxBasis::Codes,
        lines: vec![credited(line)],
        shipping: None,
        application: None,
        fields: Vec::new(),
        cleared: Vec::new(),
        credit: line.amount,
        total: line.amount,
    }
}

fn credited(line: &BillingLine) -> MemoLine {
    MemoLine {
        kind: LineKind::Item,
        item: line.item.id.clone(),
        source_line: None,
        quantity: Some(1),
        rate: Some(line.amount),
        amount: line.amount,
        tax_code: line.tax_code.clone(),
        taxable: line.taxable,
        location: line.location.clone(),
        units: line.units.clone(),
        taxes: Vec::new(),
        fields: Vec::new(),
    }
}

#[track_caller]
fn order(billing: &Billing) -> &SalesOrder {
    billing.sales_order.as_ref().unwrap()
}

#[track_caller]
fn invoice(billing: &Billing) -> &Invoice {
    let [invoice] = &billing.invoices[..] else { panic!("{:?}", billing.invoices) };
    assert!(Amount::ZERO.value() < invoice.total.value());
    invoice
}

fn units(billing: &Billing) -> Vec<UnitId> {
    let lines = billing.memos.iter().flat_map(|memo| &memo.lines);
    lines.flat_map(|it| it.units.iter().cloned()).collect()
}

/// Runs two futures concurrently.
async fn both<A: Future, B: Future>(one: A, other: B) -> (A::Output, B::Output) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(output) = one.as_mut().poll(context)
        {
            first = Some(output);
        }
        if second.is_none()
            && let Poll::Ready(output) = other.as_mut().poll(context)
        {
            second = Some(output);
        }
        match (first.take(), second.take()) {
            (Some(one), Some(other)) => Poll::Ready((one, other)),
            (one, other) => {
                (first, second) = (one, other);
                Poll::Pending
            }
        }
    })
    .await
}
