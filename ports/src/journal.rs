//! Durable record of cancellations, claims and attempts. The ledger, not the journal, decides what
//! is credited.

use std::{error::Error, time::Duration};

use async_trait::async_trait;
use domain::{
    Amount, Cancellation, CancellationId, Claim, CreditMemo, Flag, MemoKey, OrderId, RecordId,
    Tenant, Timestamp,
};

/// Stores every cancellation with its claims and its history.
///
/// # Contract
///
/// - A cancellation opened twice is one record: the second `open` finds the first, with the
///   earliest publication time of both and the first receipt.
/// - One attempt at a time holds an order's lease, and the lease ends: `acquire` returns
///   [`OrderLease::HeldByOther`] until the lease is released or has ended. Renewing with the same
///   token prolongs it.
/// - A unit is claimed by one key until that key is freed: [`Step::Claimed`] for
///   a unit under another key is [`JournalError::Claimed`] and changes nothing.
///   Claiming again under the same key replaces the memo while it is unsettled.
/// - An unsettled claim records when it was last sent without a known answer: when it was last
///   claimed, or the time in a later [`Step::ClaimKept`].
/// - A settled claim stays settled. [`Step::Freed`] never frees it; only [`Step::RecordGone`] does.
/// - A settled state is not undone by an attempt: after `posted`, `skipped` or `parked`,
///   [`Step::AttemptEnded`] with another state only adds to the history. Only [`Step::Retried`]
///   reopens the cancellation.
/// - [`Step::Failed`] counts failed tries until [`Step::Answered`], a settled state or
///   [`Step::Retried`]. They add nothing to the history.
/// - History is append-only; a step survives kill -9 once `record` has returned.
/// - `find` works while a service runs, also from another process.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Records a delivery of `cancellation` at `now`.
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError>;

    /// Acquires the order's lease for `lease` from `now`, or renews it if `token` has it already. A
    /// token identifies one run, never two.
    async fn acquire(
        &self,
        tenant: &Tenant,
        order: &OrderId,
        token: &LeaseToken,
        now: Timestamp,
        lease: Duration,
    ) -> Result<OrderLease, JournalError>;

    /// All claims of an order, in the order they were made.
    async fn claims(&self, tenant: &Tenant, order: &OrderId) -> Result<Vec<Claim>, JournalError>;

    /// Records steps of a cancellation in their order, with their effects: all or none.
    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError>;

    /// Cancellations that match, newest first; [`Query::after`] continues after a record's
    /// sequence.
    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError>;
}

/// Identifies one attempt of the worker or the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub String);

/// The answer to a request for an order's lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum OrderLease {
    /// The lease is acquired or renewed.
    Held,
    /// Another attempt holds the lease.
    HeldByOther,
}

/// What the journal knows about a cancellation that was just delivered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// The cancellation, with the earliest publication time of its deliveries.
    pub cancellation: Cancellation,
    /// From when the deadline counts: the first receipt, or the last retry by a person.
    pub waiting_since: Timestamp,
    /// Its state so far.
    pub known: Known,
    /// Consecutive tries in which the ledger failed on it.
    pub failed: Option<FailedTries>,
}

/// Consecutive tries of one cancellation in which the ledger failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedTries {
    /// Their number.
    pub count: u32,
    /// When the first of them ended.
    pub since: Timestamp,
    /// The ledger fails on this order alone: at least one [`Step::Failed`] reported that.
    pub is_order_bound: bool,
}

/// Whether a cancellation was seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Never.
    New,
    /// Yes, with this state.
    SeenBefore {
        /// Its state.
        state: CancellationState,
        /// The name of the reason for it, where it has one.
        reason: Option<String>,
    },
}

/// The state of a cancellation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CancellationState {
    /// Received, and without a final outcome.
    Working,
    /// In the queue.
    Deferred,
    /// Credited, by memobridge or by hand.
    Posted,
    /// Nothing to credit.
    Skipped,
    /// Needs manual action.
    Parked,
}

impl CancellationState {
    /// All states with their names.
    pub const ALL: [(Self, &str); 5] = [
        (Self::Working, "working"),
        (Self::Deferred, "deferred"),
        (Self::Posted, "posted"),
        (Self::Skipped, "skipped"),
        (Self::Parked, "parked"),
    ];

    /// Whether a redelivery returns this state without any work.
    #[must_use]
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Posted | Self::Skipped | Self::Parked)
    }

    /// The stable name.
    #[must_use]
    pub fn name(self) -> &'static str {
        let entry = Self::ALL.iter().find(|(state, _)| *state == self);
        entry.expect("every state is in the list").1
    }

    /// The state with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, it)| *it == name).map(|(state, _)| *state)
    }
}

/// One step in the processing of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The memo's units are claimed under its key, together with the memo as it will now be sent.
    Claimed(Box<CreditMemo>),
    /// The ledger refused the last sending; the sending at `sent_at` got no answer and may still
    /// arrive, so the units stay claimed.
    ClaimKept {
        /// The memo.
        key: MemoKey,
        /// The ledger's message, for people.
        rejection: String,
        /// When it was last sent without an answer.
        sent_at: Timestamp,
    },
    /// The memo is on record in the ledger under this id.
    Settled {
        /// The memo.
        key: MemoKey,
        /// Its record.
        record: RecordId,
    },
    /// The ledger refused the memo definitely: its units are free again.
    Freed {
        /// The memo.
        key: MemoKey,
        /// The ledger's message, for people.
        rejection: String,
    },
    /// The ledger no longer has the record of a settled memo: its units are free again. Recorded
    /// only by a person's reconciliation, never by an attempt.
    RecordGone {
        /// The memo.
        key: MemoKey,
    },
    /// The ledger's own number and total, read back.
    Confirmed {
        /// The memo.
        key: MemoKey,
        /// The number shown to people.
        number: Option<String>,
        /// The ledger's total.
        total: Amount,
    },
    /// The ledger failed on this try.
    Failed {
        /// It failed on this order alone, as far as this try shows.
        is_order_bound: bool,
    },
    /// The ledger answered this try: earlier failures no longer count.
    Answered,
    /// A person should check this memo; it stays posted.
    Flagged(Flag),
    /// What was observed or decided, in sentences for people. Each is one line of the history,
    /// written once however often it is noted. Never a name, an address or a secret.
    Note(Vec<String>),
    /// An attempt ended.
    AttemptEnded {
        /// The state it leaves the cancellation in.
        state: CancellationState,
        /// The name of the reason, where there is one.
        reason: Option<String>,
        /// The reason in a sentence.
        detail: Option<String>,
        /// How long the attempt took.
        took: Duration,
    },
    /// A person requested a retry: the deadline restarts.
    Retried,
    /// The attempt with this token released the order's lease.
    Released(LeaseToken),
}

/// The conditions of a query; all of them must hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only the cancellation with this id.
    pub id: Option<CancellationId>,
    /// Only in this state.
    pub state: Option<CancellationState>,
    /// Only with this reason.
    pub reason: Option<String>,
    /// Only of this tenant.
    pub tenant: Option<Tenant>,
    /// Only of this order.
    pub order: Option<OrderId>,
    /// Only those first received since.
    pub since: Option<Timestamp>,
    /// Only with a claim that is not settled.
    pub unsettled: bool,
    /// Only with a memo that is on record and was last sent at this time or later.
    pub written_since: Option<Timestamp>,
    /// Only of other orders than this one.
    pub beside: Option<OrderId>,
    /// Only with a settled memo that was not confirmed.
    pub unconfirmed: bool,
    /// With the history; otherwise [`CancellationRecord::history`] is empty.
    pub with_history: bool,
    /// Only records after this sequence.
    pub after: Option<u64>,
    /// At most this many; 0 means 100.
    pub limit: usize,
}

/// What the journal stores about one cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancellationRecord {
    /// The cancellation.
    pub cancellation: Cancellation,
    /// Its state.
    pub state: CancellationState,
    /// The name of the reason for its state.
    pub reason: Option<String>,
    /// The reason in a sentence.
    pub detail: Option<String>,
    /// Its first receipt.
    pub received_at: Timestamp,
    /// From when the deadline counts.
    pub waiting_since: Timestamp,
    /// When its last step was recorded.
    pub updated_at: Timestamp,
    /// Consecutive tries in which the ledger failed on it.
    pub failed: Option<FailedTries>,
    /// How often it was delivered.
    pub deliveries: u32,
    /// Its memos, in the order they were claimed.
    pub memos: Vec<MemoRecord>,
    /// The flags that a person should check.
    pub flags: Vec<String>,
    /// The history, oldest first, where the query asked for it: time and text for people.
    pub history: Vec<(Timestamp, String)>,
    /// Its position in the list, for the next page.
    pub sequence: u64,
}

/// One memo of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoRecord {
    /// Its claim: the memo as sent, and whether it is settled.
    pub claim: Claim,
    /// The number people see, once it was read back.
    pub number: Option<String>,
    /// The ledger's total, once it was read back.
    pub confirmed_total: Option<Amount>,
}

/// Why a call of the journal failed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A unit of the memo is claimed under another key.
    #[error("a unit is already claimed under {0}")]
    Claimed(MemoKey),
    /// The journal cannot read or write; the caller must not report success.
    #[error("journal is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
