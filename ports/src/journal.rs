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
/// - A cancellation opened twice is one: the second `open` finds the first, with
///   the earliest publication time of both and the first receipt.
/// - One attempt at a time holds an order's lease, and the lease ends: `acquire` answers
///   [`OrderLease::HeldByOther`] until it is released or has run out. Renewing with the same
///   token prolongs it.
/// - A unit is claimed by one key until that key is freed: [`Step::Claimed`] for
///   a unit under another key is [`JournalError::Claimed`] and changes nothing.
///   Claiming again under the same key replaces the memo while it is unsettled.
/// - An unsettled claim tells when it was last sent without an answer that is known:
///   when it was last claimed, or what [`Step::ClaimKept`] says since.
/// - A settled claim stays settled; it is never freed by [`Step::Freed`], and by
///   [`Step::RecordGone`] alone.
/// - An ending that settles nothing does not unsettle: after `posted`, `skipped`
///   or `parked`, [`Step::AttemptEnded`] with another state only adds to the history.
///   [`Step::Retried`] alone opens it again.
/// - Failed tries are counted by [`Step::Failed`] until [`Step::Answered`], a settled state
///   or [`Step::Retried`]. They add nothing to the history.
/// - History is append-only; what `record` returned for survives kill -9.
/// - `find` works while a service runs, from another process too.
#[async_trait]
pub trait Journal: Send + Sync {
    /// Takes note of a delivery of `cancellation` at `now`.
    async fn open(
        &self,
        cancellation: &Cancellation,
        now: Timestamp,
    ) -> Result<Received, JournalError>;

    /// Takes the order's lease for `lease` from `now`, or renews the one that
    /// `token` already has. A token names one run, never two.
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

    /// Writes down steps of a cancellation's life in their order, and what follows from
    /// them: all or none.
    async fn record(
        &self,
        id: &CancellationId,
        now: Timestamp,
        steps: &[Step],
    ) -> Result<(), JournalError>;

    /// Cancellations that match, newest first; the cursor is the last one's place.
    async fn find(&self, query: &Query) -> Result<Vec<CancellationRecord>, JournalError>;
}

/// Identifies one attempt of the worker or the webhook.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LeaseToken(pub String);

/// The answer to a request for an order's lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum OrderLease {
    /// It is.
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
    /// What became of it so far.
    pub known: Known,
    /// Tries in a row in which the ledger failed on it.
    pub failed: Option<FailedTries>,
}

/// Tries of one cancellation in a row in which the ledger failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedTries {
    /// How many.
    pub count: u32,
    /// When the first of them ended.
    pub since: Timestamp,
    /// The ledger fails on this order alone: [`Step::Failed`] said so once.
    pub is_order_bound: bool,
}

/// Whether a cancellation was seen before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// Never.
    New,
    /// Yes, and this became of it.
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
    /// Received, and not yet answered for good.
    Working,
    /// In the queue.
    Deferred,
    /// Credited, by memobridge or by hand.
    Posted,
    /// Nothing to credit.
    Skipped,
    /// Needs a person.
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

    /// Whether a redelivery is answered with it, and nothing is done.
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

/// One step of a cancellation's life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The memo's units are claimed under its key, with the memo as it will be sent now.
    Claimed(Box<CreditMemo>),
    /// The last sending was refused; that of `sent_at` got no answer and may still
    /// arrive: the units stay claimed.
    ClaimKept {
        /// The memo.
        key: MemoKey,
        /// What the refusal said, for people.
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
    /// The ledger refused the memo for good: its units are free again.
    Freed {
        /// The memo.
        key: MemoKey,
        /// Why, for people.
        rejection: String,
    },
    /// The ledger no longer has the record of a settled memo: its units are free
    /// again. Said by a person's reconciliation alone, never by an attempt.
    RecordGone {
        /// The memo.
        key: MemoKey,
    },
    /// The ledger's own number and total, read back.
    Confirmed {
        /// The memo.
        key: MemoKey,
        /// The number people see.
        number: Option<String>,
        /// The ledger's total.
        total: Amount,
    },
    /// The ledger failed on this try.
    Failed {
        /// It fails on this order alone, as far as this try shows.
        is_order_bound: bool,
    },
    /// The ledger answered this try: earlier failures no longer count.
    Answered,
    /// A person should see this, though the memo stands.
    Flagged(Flag),
    /// What was seen or decided, in sentences for people: each is a line of the
    /// history, once however often it is noted. Never a name, an address or a secret.
    Note(Vec<String>),
    /// An attempt ended so.
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
    /// A person wants it tried again: the deadline starts again.
    Retried,
    /// The attempt with this token released the order's lease.
    Released(LeaseToken),
}

/// Which cancellations are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query {
    /// Only this one.
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
    /// Only with a memo that is on record and was last sent at this moment or later.
    pub written_since: Option<Timestamp>,
    /// Not of this order.
    pub beside: Option<OrderId>,
    /// Only with a settled memo that was not confirmed.
    pub unconfirmed: bool,
    /// With their whole life; without, [`CancellationRecord::history`] is empty.
    pub with_history: bool,
    /// Only those that come after this place.
    pub after: Option<u64>,
    /// At most this many; 0 means 100.
    pub limit: usize,
}

/// What the journal knows about one cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CancellationRecord {
    /// The cancellation.
    pub cancellation: Cancellation,
    /// Where it is.
    pub state: CancellationState,
    /// The name of the reason for it.
    pub reason: Option<String>,
    /// The reason in a sentence.
    pub detail: Option<String>,
    /// Its first receipt.
    pub received_at: Timestamp,
    /// From when the deadline counts.
    pub waiting_since: Timestamp,
    /// Its last step.
    pub updated_at: Timestamp,
    /// Tries in a row in which the ledger failed on it.
    pub failed: Option<FailedTries>,
    /// How often it was delivered.
    pub deliveries: u32,
    /// Its memos, in the order they were claimed.
    pub memos: Vec<MemoRecord>,
    /// What a person should see.
    pub flags: Vec<String>,
    /// Its whole life, oldest first, where it was asked for: when, and what, for people.
    pub history: Vec<(Timestamp, String)>,
    /// Its place in the list, for the next page.
    pub sequence: u64,
}

/// One memo of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoRecord {
    /// The claim, with the memo as it was or will be sent.
    pub claim: Claim,
    /// The number people see, once it was read back.
    pub number: Option<String>,
    /// The ledger's total, once it was read back.
    pub confirmed_total: Option<Amount>,
}

/// Why the journal did not do it.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// A unit of the memo is claimed under another key.
    #[error("a unit is already claimed under {0}")]
    Claimed(MemoKey),
    /// It cannot store or read; nothing may be answered as done.
    #[error("journal is unavailable")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
}
