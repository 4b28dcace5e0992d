//! A ledger behind its breaker: calls that would be in vain are not made.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{Billing, CreditMemo, LinesToClose, RecordId, Tenant, Timestamp};
use ports::{
    Access, BillingQuery, Clock, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, Sending,
};

use crate::breaker::{Breaker, Permit, Trouble};

/// A ledger whose failures are remembered.
#[derive(Clone)]
pub struct Guarded {
    tenant: String,
    ledger: Arc<dyn Ledger>,
    access: Arc<dyn Access>,
    clock: Arc<dyn Clock>,
    breaker: Arc<Mutex<Breaker>>,
    /// For an order on which the ledger fails: its failures say nothing about others.
    is_aside: bool,
}

/// Nothing was sent: the breaker is open.
#[derive(Debug, thiserror::Error)]
#[error("held back for {0:?} after failures")]
pub struct HeldBack(Duration);

impl Guarded {
    /// Puts a closed breaker in front of a retailer's ledger and our access to it.
    #[must_use]
    pub fn new(
        tenant: &Tenant,
        ledger: Arc<dyn Ledger>,
        access: Arc<dyn Access>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let tenant = tenant.to_string();
        let breaker = Arc::default();
        let guarded = Self { tenant, ledger, access, clock, breaker, is_aside: false };
        guarded.show(None);
        guarded
    }

    /// The same ledger behind the same breaker, for an order on which it fails alone: that
    /// order's failures do not open the breaker, and its calls are no probe.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { is_aside: true, ..self.clone() }
    }

    /// Whether the account answers a call about no order, asked whatever the breaker says.
    /// When it does, an order that fails has opened the breaker, and it is closed again.
    pub async fn answers(&self) -> bool {
        match self.access.prove().await {
            Err(LedgerError::Unavailable(_) | LedgerError::Unknown(_)) => false,
            result => self.note(result).is_ok(),
        }
    }

    /// How long it is useless to try.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        self.with(|breaker| breaker.pause(self.clock.instant()))
    }

    /// What keeps the ledger from working, if anything does.
    #[must_use]
    pub fn trouble(&self) -> Option<Trouble> {
        self.with(|breaker| breaker.trouble())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Breaker) -> T) -> T {
        f(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Asks for a call. An order on which the ledger fails is no probe: what is asked in
    /// its place is about no order.
    async fn permit(&self) -> Result<(), LedgerError> {
        if self.is_aside && self.trouble().is_some() {
            self.prove().await?;
        }
        self.admit()
    }

    fn admit(&self) -> Result<(), LedgerError> {
        match self.with(|breaker| breaker.permit(self.clock.instant())) {
            Permit::Go => Ok(()),
            Permit::Wait(trouble, wait) => Err(held_back(trouble, wait)),
        }
    }

    fn note<T>(&self, result: Result<T, LedgerError>) -> Result<T, LedgerError> {
        let trouble = match &result {
            Err(LedgerError::Unavailable(_) | LedgerError::Unknown(_)) => {
                Some(Trouble::Unavailable)
            }
            Err(LedgerError::Forbidden(_)) => Some(Trouble::Permission),
            Err(LedgerError::Unauthorized(_)) => Some(Trouble::Credentials),
            // Throttled says nothing: calls that hang may hold the slots. The others are about
            // one order, not about the account.
            Err(
                LedgerError::Throttled(_) | LedgerError::Failed { .. } | LedgerError::Unreadable(_),
            ) => return result,
            Ok(_) | Err(LedgerError::Conflict { .. } | LedgerError::Refused { .. }) => None,
        };
        if trouble == Some(Trouble::Unavailable) && self.is_aside {
            return result;
        }
        self.with(|breaker| {
            let before = breaker.trouble();
            match trouble {
                Some(trouble) => breaker.failed(trouble, self.clock.instant()),
                None => breaker.succeeded(),
            }
            if before != breaker.trouble() {
                self.show(breaker.trouble());
            }
        });
        result
    }

    /// Says what holds the ledger back now, if anything does.
    fn show(&self, now: Option<Trouble>) {
        let tenant = &self.tenant;
        for trouble in Trouble::ALL {
            let labels = [("tenant", tenant.clone()), ("trouble", trouble.name().to_owned())];
            let value = if now == Some(trouble) { 1.0 } else { 0.0 };
            metrics::gauge!("memobridge_breaker_open", &labels).set(value);
        }
        if let Some(trouble) = now.map(Trouble::name) {
            tracing::error!(
                tenant,
                trouble,
                "The ERP of {tenant} is held back until it works: {trouble}"
            );
        }
    }
}

fn held_back(trouble: Trouble, wait: Duration) -> LedgerError {
    let held_back = HeldBack(wait);
    match trouble {
        Trouble::Unavailable => LedgerError::Unavailable(held_back.into()),
        Trouble::Permission => LedgerError::Forbidden(held_back.to_string()),
        Trouble::Credentials => LedgerError::Unauthorized(held_back.to_string()),
    }
}

#[async_trait]
impl Access for Guarded {
    async fn prove(&self) -> Result<(), LedgerError> {
        self.admit()?;
        match self.access.prove().await {
            // An outage is found out by those who need an answer, not by one who only asks.
            Err(error @ (LedgerError::Unavailable(_) | LedgerError::Unknown(_))) => Err(error),
            result => self.note(result),
        }
    }
}

#[async_trait]
impl Ledger for Guarded {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        self.permit().await?;
        self.note(self.ledger.billing(query).await)
    }

    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        self.permit().await?;
        self.note(self.ledger.post(memo, sending).await)
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        self.permit().await?;
        self.note(self.ledger.close_lines(lines).await)
    }

    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        self.permit().await?;
        self.note(self.ledger.confirm(records).await)
    }

    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError> {
        self.permit().await?;
        self.note(self.ledger.memos(since, place).await)
    }
}

#[cfg(test)]
mod tests;
