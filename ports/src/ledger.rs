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
/// - A record under the key that is no credit memo of the same customer, source and units is
///   [`LedgerError::Conflict`]. A differing total is no conflict.
/// - [`LedgerError::Rejected`] is definite: the ledger answered, and nothing is on record under the
///   key.
/// - A voided memo credits nothing. `billing` returns a voided memo only if
///   [`BillingQuery::own_memos`] names its record. `post` returns [`Posted::Voided`] for a voided
///   memo whose record had the key before this call sent the memo.
/// - A missing permission is [`LedgerError::Forbidden`], never "not found". A field or value of one
///   record that the integration's role may not set is a [`LedgerError::Rejected`].
/// - [`LedgerError::Failed`] and [`LedgerError::Unreadable`] concern one call while the account
///   answers others. As after [`LedgerError::Unknown`], a memo may still arrive.
/// - `memos` returns every credit memo once, manual or not, with voided memos marked as voided. A
///   memo that cannot be read is left out. The call has lower priority than all other calls.
/// - Every call ends within the adapter's own timeout.
#[async_trait]
pub trait Ledger: Send + Sync {
    /// All sales documents and memos of an order; a missing sales order is not an error.
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError>;

    /// Records `memo`, or finds the memo that is already on record under its key.
    async fn post(&self, memo: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError>;

    /// Brings sales-order lines to their targets; repeating the call changes nothing.
    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError>;

    /// Reads number and total of these records, in one batch. A record that does not exist is
    /// missing in the answer.
    async fn confirm(&self, records: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError>;

    /// One page of the credit memos that were created or changed since `since`.
    async fn memos(&self, since: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError>;
}

/// The order whose billing is read, and how much of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingQuery {
    /// The order's number: the sales order's external id.
    pub reference: String,
    /// The storefront's id. It is the external id of a sales order where no sales order has the
    /// number, or where the one that has it belongs to another shop.
    pub order: OrderId,
    /// The data that separates its records from another shop's with the same number.
    pub identity: OrderIdentity,
    /// The currency of its amounts; amounts that the ledger stores as binary fractions are rounded
    /// to it.
    pub money: Currency,
    /// Which memos are searched for.
    pub existing_memos: ExistingMemos,
    /// Records of memos created by memobridge. A record that is not among the memos found is read
    /// separately, and returned if it was voided.
    pub own_memos: Vec<RecordId>,
    /// The units that the caller needs; an empty list means all. Where an invoice names every one
    /// of them, the sales order may be returned without its lines.
    pub units: Vec<UnitId>,
}

impl BillingQuery {
    /// A query for all units of an order, and for every memo with its number.
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
    /// It may have been sent: look for it before recording it.
    Resend,
}

/// How a memo came to be on record, with its record id in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Posted {
    /// This call created it.
    Now(RecordId),
    /// An earlier call had created it.
    Already(RecordId),
    /// An earlier call had created it, and it was voided since: it credits nothing, and its key is
    /// taken.
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

/// A credit memo as the ledger shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// Its record.
    pub record: RecordId,
    /// The number shown to people, for example `CM1042`.
    pub number: Option<String>,
    /// Its total, payment lines included.
    pub total: Amount,
}

/// Credit memos on record, manual ones included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoPage {
    /// The memos.
    pub memos: Vec<RecordedMemo>,
    /// The cursor of the next page, if there is one.
    pub next: Option<Cursor>,
}

/// Why a call of the ledger failed.
///
/// Each variant is a case that a caller handles differently; the transport's own error is the
/// source, for the log. Texts never contain credentials.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The ledger throttles the caller; nothing was done.
    #[error("ledger throttles calls, retry after {0:?}")]
    Throttled(Duration),
    /// The ledger could not be reached or reports that it is down; nothing was done.
    #[error("ledger is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// No complete answer to a write that may have been done. A posted memo must be looked for
    /// before it is posted again.
    #[error("ledger did not answer, the outcome is unknown")]
    Unknown(#[source] Box<dyn Error + Send + Sync>),
    /// The ledger failed on this write and names no cause, while it answers other calls about the
    /// same order. A memo was looked up afterwards and is not on record. If the write fails each
    /// time, the order is the cause.
    #[error("ledger failed on this order: {code}: {message}")]
    Failed {
        /// The ledger's machine-readable code.
        code: String,
        /// The ledger's message, with the id of the error where it gives one.
        message: String,
    },
    /// The complete answer about this order cannot be read, or the ledger refuses the look-up. A
    /// memo was looked up, where that is possible, and is not on record.
    #[error("ledger's answer about this order cannot be used: {0}")]
    Unreadable(String),
    /// The ledger rejects the credentials; more attempts may lock them.
    #[error("ledger rejects the credentials: {0}")]
    Unauthorized(String),
    /// The integration's role lacks a permission.
    #[error("ledger denies a permission: {0}")]
    Forbidden(String),
    /// Another record is on record under this key.
    #[error("ledger holds another record under {key}: {found}")]
    Conflict {
        /// The key.
        key: MemoKey,
        /// The record that has the key, for people.
        found: String,
    },
    /// The ledger refused the data; nothing is on record.
    #[error("ledger refused: {code}: {message}")]
    Rejected {
        /// The kind of rejection.
        kind: Rejection,
        /// The ledger's machine-readable code.
        code: String,
        /// The ledger's explanation, safe to log.
        message: String,
    },
}

/// What a rejection is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The data.
    Data,
    /// The accounting period of the memo's date is closed.
    Period,
    /// The record changed while it was read: read it again.
    Stale,
}

impl LedgerError {
    /// When the worker may try the job again.
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
