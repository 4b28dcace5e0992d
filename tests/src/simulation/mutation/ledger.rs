//! Bugs in front of the ledger, and in what is handed to it.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use async_trait::async_trait;
use domain::{
    Amount, Billing, CreditMemo, ExistingMemo, LineKind, LinesToClose, RecordId, Standing,
    Timestamp,
};
use ports::{
    BillingQuery, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, Rejection, Sending,
};

use super::{super::manual_memos::of_another_shop, Mutation};

pub(super) struct MutatedLedger {
    mutation: Mutation,
    inner: Arc<dyn Ledger>,
    sent: AtomicU64,
}

impl MutatedLedger {
    pub(super) fn new(mutation: Mutation, inner: Arc<dyn Ledger>) -> Self {
        Self { mutation, inner, sent: AtomicU64::new(0) }
    }

    /// An error as the bug takes it.
    fn mistake(&self, error: LedgerError) -> LedgerError {
        let fails_alone = matches!(error, LedgerError::Failed { .. } | LedgerError::Unreadable(_));
        if self.mutation == Mutation::BadOrderIsOutage && fails_alone {
            return LedgerError::Unavailable(error.to_string().into());
        }
        let refused = matches!(
            (self.mutation, &error),
            (Mutation::UnknownIsRefused, LedgerError::Unknown(_))
                | (Mutation::OutageIsRefusal, LedgerError::Unavailable(_))
                | (Mutation::LoginIsRefusal, LedgerError::Unauthorized(_))
                | (Mutation::ThrottleIsRefusal, LedgerError::Throttled(_))
                | (Mutation::StaleIsRefusal, LedgerError::Rejected { kind: Rejection::Stale, .. })
                | (Mutation::PeriodIsData, LedgerError::Rejected { kind: Rejection::Period, .. })
        );
        if !refused {
            return error;
        }
        let message = error.to_string();
        LedgerError::Rejected { kind: Rejection::Data, code: "MISTAKEN".to_owned(), message }
    }

    /// Tells what was voided of an order's memos as if it counted.
    async fn add_voided(
        &self,
        query: &BillingQuery,
        billing: &mut Billing,
    ) -> Result<(), LedgerError> {
        let page = self.inner.memos(Timestamp::from_millis(0), &Cursor::default()).await?;
        let of_order = page.memos.into_iter().filter(|memo| {
            memo.memo.standing == Standing::Voided
                && memo.reference.as_ref() == Some(&query.reference)
        });
        for told in of_order {
            billing.memos.retain(|memo| memo.id != told.memo.id);
            billing.memos.push(ExistingMemo { standing: Standing::Valid, ..told.memo });
        }
        Ok(())
    }

    /// A memo as the bug makes it.
    fn distort(&self, memo: &CreditMemo) -> CreditMemo {
        let mut memo = memo.clone();
        match self.mutation {
            Mutation::KeyOfTheMoment => {
                let number = self.sent.fetch_add(1, Ordering::Relaxed);
                memo.key = format!("{}-{number}", memo.key).parse().expect("it is a key");
            }
            Mutation::RoundsToCents => round_to_cents(&mut memo),
            Mutation::ByPosition => {
                let items = memo.lines.iter_mut().filter(|line| line.kind == LineKind::Item);
                for (line, number) in items.zip(1..) {
                    line.source_line = Some(number);
                }
            }
            Mutation::NoDiscounts => {
                let is_discount = |it: &LineKind| *it == LineKind::Discount;
                let discounts = memo.lines.iter().filter(|line| is_discount(&line.kind));
                let sum: Amount = discounts.map(|it| it.amount).sum();
                memo.lines.retain(|line| !is_discount(&line.kind));
                memo.credit -= sum;
                memo.total -= sum;
            }
            _ => {}
        }
        memo
    }
}

/// Takes the names of units off lines that name another shop's.
fn forget_whose(billing: &mut Billing, query: &BillingQuery) {
    let ordered = billing.sales_order.iter_mut().flat_map(|order| &mut order.lines);
    let ordered = ordered.map(|line| &mut line.line);
    let invoiced = billing.invoices.iter_mut().flat_map(|invoice| &mut invoice.lines);
    for line in ordered.chain(invoiced) {
        line.units.retain(|unit| query.identity.units.contains(unit));
    }
}

fn round_to_cents(memo: &mut CreditMemo) {
    let round = |amount: &mut Amount| {
        *amount = Amount::new(amount.value().round_dp(2)).expect("it is no larger than before");
    };
    memo.lines.iter_mut().for_each(|line| round(&mut line.amount));
    round(&mut memo.credit);
    round(&mut memo.total);
}

#[async_trait]
impl Ledger for MutatedLedger {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        let mut asked = query.clone();
        if self.mutation == Mutation::TakesForeign {
            asked.identity.units.extend(query.identity.units.iter().map(of_another_shop));
        }
        let billing = self.inner.billing(&asked).await;
        let mut billing = billing.map_err(|it| self.mistake(it))?;
        match self.mutation {
            Mutation::HidesMemos | Mutation::KnowsNothingOfMemos => billing.memos.clear(),
            Mutation::ShippingAgain => {
                billing.memos.iter_mut().for_each(|memo| memo.shipping_cost = Amount::ZERO);
            }
            Mutation::TakesForeign => forget_whose(&mut billing, query),
            Mutation::CountsVoided => self.add_voided(query, &mut billing).await?,
            Mutation::IgnoresSourceless => {
                let invoices: Vec<_> =
                    billing.invoices.iter().map(|invoice| invoice.id.clone()).collect();
                let of_invoice = |id: &RecordId| invoices.contains(id);
                billing.memos.retain(|memo| memo.created_from.as_ref().is_some_and(of_invoice));
            }
            Mutation::GoodwillIsPiece => {
                // So much that no price is above it.
                let by_hand = billing.memos.iter_mut().filter(|memo| memo.external_id.is_none());
                let lines = by_hand.flat_map(|memo| &mut memo.lines);
                lines.filter(|line| line.quantity.is_some()).for_each(|line| {
                    line.amount = Amount::cents(100_000_000);
                });
            }
            _ => {}
        }
        Ok(billing)
    }

    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        let posted = self.inner.post(&self.distort(memo), sending).await;
        posted.map_err(|it| self.mistake(it))
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        self.inner.close_lines(lines).await
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        match self.mutation {
            Mutation::ConfirmsNothing => Ok(Vec::new()),
            _ => self.inner.confirm(records).await,
        }
    }

    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError> {
        self.inner.memos(since, place).await
    }
}
