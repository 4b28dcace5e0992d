//! A ledger behind its breaker: calls that would be in vain are not made.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{Billing, CreditMemo, LinesToClose, RecordId, Timestamp};
use ports::{
    BillingQuery, Clock, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, Sending,
};

use crate::breaker::{Breaker, Permit, Trouble};

/// A ledger whose failures are remembered.
pub struct Guarded {
    ledger: Arc<dyn Ledger>,
    clock: Arc<dyn Clock>,
    breaker: Mutex<Breaker>,
}

impl Guarded {
    /// Puts a closed breaker in front of `ledger`.
    #[must_use]
    pub fn new(ledger: Arc<dyn Ledger>, clock: Arc<dyn Clock>) -> Self {
        Self { ledger, clock, breaker: Mutex::default() }
    }

    /// How long it is useless to try.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        self.with(|breaker| breaker.pause(self.clock.now()))
    }

    /// What keeps the ledger from working, if anything does.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.with(|breaker| breaker.trouble())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Breaker) -> T) -> T {
        f(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn permit(&self) -> Result<(), LedgerError> {
        match self.with(|breaker| breaker.permit(self.clock.now())) {
            Permit::Go => Ok(()),
            Permit::Wait(trouble, wait) => Err(held_back(trouble, wait)),
        }
    }

    fn note<T>(&self, result: Result<T, LedgerError>) -> Result<T, LedgerError> {
        let trouble = match &result {
            Err(LedgerError::Unavailable(_) | LedgerError::Unknown(_)) => Trouble::Unavailable,
            Err(LedgerError::Forbidden(_)) => Trouble::Permission,
            Err(LedgerError::Unauthorized(_)) => Trouble::Credentials,
            Ok(_)
            | Err(
                LedgerError::Throttled(_)
                | LedgerError::Conflict { .. }
                | LedgerError::Refused { .. },
            ) => {
                self.with(Breaker::succeeded);
                return result;
            }
        };
        let before = self.trouble();
        self.with(|breaker| breaker.failed(trouble, self.clock.now()));
        if before != self.trouble() {
            tracing::error!(trouble = ?trouble, "The ERP is held back until it works: {trouble:?}");
        }
        result
    }
}

fn held_back(trouble: Trouble, wait: Duration) -> LedgerError {
    let text = format!("held back for {wait:?} after failures");
    match trouble {
        Trouble::Unavailable => LedgerError::Unavailable(text.into()),
        Trouble::Permission => LedgerError::Forbidden(text),
        Trouble::Credentials => LedgerError::Unauthorized(text),
    }
}

#[async_trait]
impl Ledger for Guarded {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        self.permit()?;
        self.note(self.ledger.billing(query).await)
    }

    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        self.permit()?;
        self.note(self.ledger.post(memo, sending).await)
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        self.permit()?;
        self.note(self.ledger.close_lines(lines).await)
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        self.permit()?;
        self.note(self.ledger.confirm(records).await)
    }

    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError> {
        self.permit()?;
        self.note(self.ledger.memos(since, place).await)
    }
}
