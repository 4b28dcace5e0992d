//! The outcome of an attempt, and its names in answers, logs and metrics.

use std::time::Duration;

use domain::{MemoKey, Reason};

static ORDER_BUSY: Reason = Reason::OrderBusy;

/// How one attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// These memos are now on record.
    Posted(Vec<MemoKey>),
    /// Every unit was credited earlier, by memobridge or by hand.
    AlreadyPosted(Reason),
    /// Nothing to credit.
    Skipped(Reason),
    /// Try again later; these memos were posted meanwhile.
    Waiting {
        /// What is missing.
        reason: Reason,
        /// Memos of this attempt.
        posted: Vec<MemoKey>,
        /// The wait that the other system asked for.
        not_before: Option<Duration>,
    },
    /// Another run works on the order: try again after it.
    Busy,
    /// A person must check it; these memos were posted meanwhile.
    Parked {
        /// Why.
        reason: Reason,
        /// Memos of this attempt.
        posted: Vec<MemoKey>,
    },
    /// The ERP or the journal is unavailable, so nothing was decided.
    Unavailable {
        /// The system that is unavailable.
        reason: Reason,
        /// The wait that the other system asked for.
        not_before: Option<Duration>,
    },
}

impl Outcome {
    /// The stable name in answers, logs and metrics.
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

    /// Whether the outcome ends the cancellation until a person acts.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self {
            Self::Posted(_) | Self::AlreadyPosted(_) | Self::Skipped(_) | Self::Parked { .. } => {
                true
            }
            Self::Waiting { .. } | Self::Busy | Self::Unavailable { .. } => false,
        }
    }

    /// The reason, where there is one.
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

    /// Memos that this attempt put on record.
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
