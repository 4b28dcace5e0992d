//! How an attempt ends, and what answers, logs and metrics say of it.

use std::time::Duration;

use domain::{MemoKey, Reason};

static ORDER_BUSY: Reason = Reason::OrderBusy;

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// These memos are on record now.
    Posted(Vec<MemoKey>),
    /// Every unit was credited earlier, by memobridge or by hand.
    AlreadyPosted(Reason),
    /// Nothing to credit.
    Skipped(Reason),
    /// Again later; these memos were posted meanwhile.
    Waiting {
        /// What is missing.
        reason: Reason,
        /// Memos of this attempt.
        posted: Vec<MemoKey>,
        /// The wait that the other system asked for.
        not_before: Option<Duration>,
    },
    /// Another run works on the order: again when that has ended.
    Busy,
    /// A person must look at it; these memos were posted meanwhile.
    Parked {
        /// Why.
        reason: Reason,
        /// Memos of this attempt.
        posted: Vec<MemoKey>,
    },
    /// The ERP or the journal is unavailable: nothing is decided.
    Unavailable {
        /// What does not work.
        reason: Reason,
        /// The wait that the other system asked for.
        not_before: Option<Duration>,
    },
}

impl Outcome {
    /// The stable name, as answers, logs and metrics say it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Posted(_) => "posted",
            Self::AlreadyPosted(_) => "already-posted",
            Self::Skipped(_) => "skipped",
            Self::Waiting { .. } | Self::Busy => "deferred",
            Self::Parked { .. } => "parked",
            Self::Unavailable { .. } => "unavailable",
        }
    }

    /// Whether nothing follows by itself.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Posted(_) | Self::AlreadyPosted(_) | Self::Skipped(_) | Self::Parked { .. } => {
                true
            }
            Self::Waiting { .. } | Self::Busy | Self::Unavailable { .. } => false,
        }
    }

    /// Why, where there is a reason.
    #[must_use]
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            Self::Posted(_) => None,
            Self::Busy => Some(&ORDER_BUSY),
            Self::AlreadyPosted(reason)
            | Self::Skipped(reason)
            | Self::Waiting { reason, .. }
            | Self::Parked { reason, .. }
            | Self::Unavailable { reason, .. } => Some(reason),
        }
    }

    /// Memos that are on record because of this attempt.
    #[must_use]
    pub fn memos(&self) -> &[MemoKey] {
        match self {
            Self::Posted(posted) | Self::Waiting { posted, .. } | Self::Parked { posted, .. } => {
                posted
            }
            Self::AlreadyPosted(_) | Self::Skipped(_) | Self::Busy | Self::Unavailable { .. } => {
                &[]
            }
        }
    }
}
