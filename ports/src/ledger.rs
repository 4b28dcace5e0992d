//! The ledger: the accounting system in which credit memos are recorded.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use domain::{
    Amount, Billing, CreditMemo, Currency, ExistingMemos, LinesToClose, Maps, MemoKey, Order,
    OrderId, OrderIdentity, RecordId, RecordedMemo, Timestamp, UnitId,
};

use crate::{Cursor, Retry};

/// Reads billing and records credit memos, at most one per key.
///
/// # Contract
///
/// - `post` is idempotent on `memo.key`: a second call with the same memo
///   returns [`Posted::Already`] with the first record's id and changes nothing.
/// - After a lost reply, `post` with [`Sending::Resend`] finds the record instead
///   of making a second one. After any error `post` may be called again.
/// - A record under the key that is no credit memo of the same customer, source
///   and units is [`LedgerError::Conflict`]. A differing total is none.
/// - [`LedgerError::Rejected`] is definite: the ledger answered, and nothing is
///   on record under the key.
/// - What was voided credits nothing: `billing` tells no voided memo but those of
///   [`BillingQuery::own_memos`], and `post` tells one that it finds under a key that was taken before
///   it was sent for the first time as [`Posted::Voided`].
/// - A missing permission is never "not found": it is [`LedgerError::Forbidden`]. A field or value
///   of one record that the integration's role may not set is a [`LedgerError::Rejected`].
/// - [`LedgerError::Failed`] and [`LedgerError::Unreadable`] are about one call while the
///   account answers. As after [`LedgerError::Unknown`], a memo may still arrive.
/// - `memos` tells every credit memo once, manual or not, voided ones as voided. One that cannot be
///   read is left out. It waits behind everybody else's calls.
/// - Every call ends within the adapter's own timeout.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// Everything on record for an order; no sales order is not an error.
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError>;

    /// Records `memo`, or finds the one already on record under its key.
    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError>;

    /// Brings sales-order lines to their targets; doing it twice is doing it once.
    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError>;

    /// Reads number and total of these records back, in one batch. A record that
    /// does not exist is absent from the answer.
    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError>;

    /// The credit memos that were made or changed since a moment: the page at this place.
    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError>;
}

/// Which order's billing is wanted, and how far to look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingQuery {
    /// The order's number: the sales order's external id.
    pub reference: String,
    /// The storefront's id: the external id of sales orders where the number misses, or
    /// where its sales order is another shop's.
    pub order: OrderId,
    /// What tells its records from another shop's with the same number.
    pub identity: OrderIdentity,
    /// The currency of its amounts: what the ledger keeps as binary fractions is rounded to it.
    pub money: Currency,
    /// Which memos are searched for.
    pub existing_memos: ExistingMemos,
    /// Records of memos created by memobridge: one that is not among the memos found is asked for,
    /// and told where it was voided.
    pub own_memos: Vec<RecordId>,
    /// The units that are asked about; none asks about all. Where every one of them
    /// is on an invoice by name, the sales order may be told without its lines.
    pub units: Vec<UnitId>,
}

impl BillingQuery {
    /// Asks about all units of an order, and for every memo that bears its number.
    #[must_use]
    pub fn of(order: &Order, maps: &Maps) -> Self {
        Self {
            reference: order.reference.clone(),
            order: order.id.clone(),
            identity: OrderIdentity::of(order, maps),
            money: order.currency,
            existing_memos: ExistingMemos::Number,
            own_memos: Vec::new(),
            units: Vec::new(),
        }
    }
}

/// What is known about earlier attempts to post a memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// It was never sent: record it at once.
    First,
    /// It may have been sent: look for it before it is recorded.
    Resend,
}

/// How a memo came to be on record, with the ledger's own id of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Posted {
    /// This call created it.
    Now(RecordId),
    /// An earlier call had created it.
    Already(RecordId),
    /// An earlier call had created it, and somebody voided it since: it credits nothing, and
    /// its key is taken.
    Voided(RecordId),
}

impl Posted {
    /// The record.
    #[must_use]
    pub fn record(&self) -> &RecordId {
        match self {
            Self::Now(id) | Self::Already(id) | Self::Voided(id) => id,
        }
    }
}

/// A credit memo as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Its record.
    pub record: RecordId,
    /// The number people see, for example `CM1042`.
    pub number: Option<String>,
    /// Its total, payment lines included.
    pub total: Amount,
}

/// Credit memos on record, manual ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoPage {
    /// The memos.
    pub memos: Vec<RecordedMemo>,
    /// The place of the next page, if there is one.
    pub next: Option<Cursor>,
}

/// Why a call of the ledger failed.
///
/// Variants are the cases a caller can tell apart; the transport's own error
/// travels in `source` for the log. Texts never carry credentials.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The ledger throttles the caller; nothing was done.
    #[error("ledger throttles calls, retry after {0:?}")]
    Throttled(Duration),
    /// It could not be reached or says that it is down; nothing was done.
    #[error("ledger is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// No whole answer to something that may have been done: what was posted
    /// must be looked for before it is posted again.
    #[error("ledger did not answer, the outcome is unknown")]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
    /// It failed on this write, and names no cause, while it answers other calls about
    /// the same order. A memo was looked up afterwards and is not on record. When the
    /// write fails each time, the cause is the order.
    #[error("ledger failed on this order: {code}: {message}")]
    Failed {
        /// The ledger's machine-readable code.
        code: String,
        /// The ledger's words, with the id of the error where it gives one.
        message: String,
    },
    /// Its whole answer about this order cannot be read, or it refuses to look. A memo
    /// was looked up, where that is possible, and is not on record.
    #[error("ledger's answer about this order cannot be used: {0}")]
    Unreadable(String),
    /// It rejects the credentials; trying again may lock them.
    #[error("ledger rejects the credentials: {0}")]
    Unauthorized(String),
    /// The integration's role lacks a permission.
    #[error("ledger denies a permission: {0}")]
    Forbidden(String),
    /// Something else is on record under this key.
    #[error("ledger holds another record under {key}: {found}")]
    Conflict {
        /// The key.
        key: MemoKey,
        /// What holds it, for people.
        found: String,
    },
    /// It refused the data; nothing is on record.
    #[error("ledger refused: {code}: {message}")]
    Rejected {
        /// What kind of refusal.
        kind: Rejection,
        /// The ledger's machine-readable code.
        code: String,
        /// The ledger's explanation, safe to log.
        message: String,
    },
}

/// What a refusal is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The data.
    Data,
    /// The accounting period of the memo's date is closed.
    Period,
    /// It changed while it was read: read it again.
    Stale,
}

impl LedgerError {
    /// What the worker should do with the job.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Throttled(wait) => Retry::After(*wait),
            Self::Unavailable(_)
            | Self::Unknown(_)
            | Self::Failed { .. }
            | Self::Unreadable(_)
            | Self::Unauthorized(_)
            | Self::Forbidden(_)
            | Self::Rejected { kind: Rejection::Stale, .. } => Retry::Later,
            Self::Conflict { .. } | Self::Rejected { .. } => Retry::Never,
        }
    }
}
