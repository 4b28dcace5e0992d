//! A ledger behind its circuit breaker, which prevents useless calls.

pub mod breaker;

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use domain::{Billing, CreditMemo, LinesToClose, RecordId, Tenant, Timestamp};
use ports::{
    BillingQuery, Clock, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, ReadPermissions,
    Sending,
};

use crate::ledger::circuit_breaker::breaker::{Breaker, BreakerCause, BreakerPermit};

/// A ledger whose failures are counted.
#[derive(Clone)]
pub struct CircuitBreakerLedger {
    tenant: String,
    ledger: Arc<dyn Ledger>,
    permissions: Arc<dyn ReadPermissions>,
    clock: Arc<dyn Clock>,
    breaker: Arc<Mutex<Breaker>>,
    /// Whether this is for an order on which the ledger fails; its failures do not count for other
    /// orders.
    is_aside: bool,
}

/// The circuit breaker is open; nothing was sent.
#[derive(Debug, thiserror::Error)]
#[error("suspended for {0:?} after failures")]
pub struct BreakerOpenError(Duration);

impl CircuitBreakerLedger {
    /// Puts a closed breaker in front of a customer's ledger and its read permissions.
    #[must_use]
    pub fn new(
        tenant: &Tenant,
        ledger: Arc<dyn Ledger>,
        permissions: Arc<dyn ReadPermissions>,
        clock: Arc<dyn Clock>,
    ) -> Self {
        let tenant = tenant.to_string();
        let breaker = Arc::default();
        let protected = Self { tenant, ledger, permissions, clock, breaker, is_aside: false };
        protected.show(None);
        protected
    }

    /// The same ledger behind the same breaker, for an order on which it fails alone: that order's
    /// failures do not open the breaker, and its calls are no probe.
    #[must_use]
    pub fn aside(&self) -> Self {
        Self { is_aside: true, ..self.clone() }
    }

    /// Whether the account answers a call that concerns no order; the call ignores the breaker. If
    /// it does, a failing order has opened the breaker, and the breaker is closed again.
    pub async fn answers(&self) -> bool {
        match self.permissions.verify().await {
            Err(LedgerError::Unavailable(_) | LedgerError::Unknown(_)) => false,
            result => self.note(result).is_ok(),
        }
    }

    /// How long calls remain suspended.
    #[must_use]
    pub fn pause(&self) -> Option<Duration> {
        self.with(|breaker| breaker.pause(self.clock.instant()))
    }

    /// Why calls are suspended, if they are.
    #[must_use]
    pub fn cause(&self) -> Option<BreakerCause> {
        self.with(|breaker| breaker.cause())
    }

    fn with<T>(&self, f: impl FnOnce(&mut Breaker) -> T) -> T {
        f(&mut self.breaker.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Requests a call. For an order on which the ledger fails, a call that concerns no order is
    /// used as the probe.
    async fn permit(&self) -> Result<(), LedgerError> {
        if self.is_aside && self.cause().is_some() {
            self.verify().await?;
        }
        self.admit()
    }

    fn admit(&self) -> Result<(), LedgerError> {
        match self.with(|breaker| breaker.permit(self.clock.instant())) {
            BreakerPermit::Go => Ok(()),
            BreakerPermit::Wait(cause, wait) => Err(breaker_open(cause, wait)),
        }
    }

    fn note<T>(&self, result: Result<T, LedgerError>) -> Result<T, LedgerError> {
        let cause = match &result {
            Err(LedgerError::Unavailable(_) | LedgerError::Unknown(_)) => {
                Some(BreakerCause::Unavailable)
            }
            Err(LedgerError::Forbidden(_)) => Some(BreakerCause::Permission),
            Err(LedgerError::Unauthorized(_)) => Some(BreakerCause::Credentials),
            // Throttling proves nothing, because calls that hang may occupy the slots. The other
            // errors concern one order, not the account.
            Err(
                LedgerError::Throttled(_) | LedgerError::Failed { .. } | LedgerError::Unreadable(_),
            ) => return result,
            Ok(_) | Err(LedgerError::Conflict { .. } | LedgerError::Rejected { .. }) => None,
        };
        if cause == Some(BreakerCause::Unavailable) && self.is_aside {
            return result;
        }
        self.with(|breaker| {
            let before = breaker.cause();
            match cause {
                Some(cause) => breaker.failed(cause, self.clock.instant()),
                None => breaker.succeeded(),
            }
            if before != breaker.cause() {
                self.show(breaker.cause());
            }
        });
        result
    }

    /// Shows in log and metrics why calls are suspended now.
    fn show(&self, now: Option<BreakerCause>) {
        let tenant = &self.tenant;
        for cause in BreakerCause::ALL {
            let labels = [("tenant", tenant.clone()), ("cause", cause.name().to_owned())];
            let value = if now == Some(cause) { 1.0 } else { 0.0 };
            metrics::gauge!("memobridge_circuit_breaker_open", &labels).set(value);
        }
        if let Some(cause) = now.map(BreakerCause::name) {
            tracing::error!(
                tenant,
                cause,
                "Suspended calls to the ERP of {tenant} until it works: {cause}"
            );
        }
    }
}

fn breaker_open(cause: BreakerCause, wait: Duration) -> LedgerError {
    let held_back = BreakerOpenError(wait);
    match cause {
        BreakerCause::Unavailable => LedgerError::Unavailable(held_back.into()),
        BreakerCause::Permission => LedgerError::Forbidden(held_back.to_string()),
        BreakerCause::Credentials => LedgerError::Unauthorized(held_back.to_string()),
    }
}

#[async_trait]
impl ReadPermissions for CircuitBreakerLedger {
    async fn verify(&self) -> Result<(), LedgerError> {
        self.admit()?;
        match self.permissions.verify().await {
            // An outage is detected by calls that need an answer, not by this probe.
            Err(error @ (LedgerError::Unavailable(_) | LedgerError::Unknown(_))) => Err(error),
            result => self.note(result),
        }
    }
}

#[async_trait]
impl Ledger for CircuitBreakerLedger {
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
