//! The working set of one reconciliation run, larger than memory: memos by order, and findings.

use std::{collections::BTreeSet, error::Error};

use async_trait::async_trait;
use domain::{OrderId, RecordId, RecordedMemo, UnitId};

/// Keeps the ledger's memos of one run so that each order finds its own, and the findings.
/// Storefront and ledger list in different orders, and neither list fits into memory.
///
/// # Contract
///
/// - An index is empty when it is opened, belongs to one run, and is deleted when it is dropped
///   or the process ends, even by kill -9.
/// - Its memory use does not grow with the number of entries.
/// - Each call has its whole effect or none.
/// - After an error the run ends. The next run opens another index.
#[async_trait]
pub trait MemoIndex: Send + Sync {
    /// Keeps memos. A memo with the record of an earlier one replaces it.
    async fn keep(&self, memos: Vec<RecordedMemo>) -> Result<(), MemoIndexError>;

    /// For each order, the memos that have any of its lookup keys, each memo once, sorted by
    /// record id. Answers in the order of the argument.
    async fn memos_of(
        &self,
        orders: Vec<BTreeSet<MemoLookupKey>>,
    ) -> Result<Vec<Vec<RecordedMemo>>, MemoIndexError>;

    /// Those of these orders that no earlier call named. Later calls do not return them.
    async fn unseen(&self, orders: Vec<OrderId>) -> Result<BTreeSet<OrderId>, MemoIndexError>;

    /// Keeps findings. Equal ones are kept as often as they are given.
    async fn note(&self, findings: Vec<RankedFinding>) -> Result<(), MemoIndexError>;

    /// The findings after a position, by rank and then in the order in which they were noted.
    /// The default position is before the first finding. Only a page after the last finding
    /// is empty.
    async fn findings(&self, after: FindingPosition) -> Result<FindingPage, MemoIndexError>;
}

/// A name that an order and a memo have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MemoLookupKey(String);

impl MemoLookupKey {
    /// A unit on one of the memo's lines.
    #[must_use]
    pub fn unit(id: &UnitId) -> Self {
        Self(format!("unit {id}"))
    }

    /// The invoice that the memo was created from.
    #[must_use]
    pub fn invoice(id: &RecordId) -> Self {
        Self(format!("invoice {id}"))
    }

    /// The order's number, compared without case and outer spaces.
    #[must_use]
    pub fn number(number: &str) -> Self {
        Self(format!("number {}", number.trim().to_lowercase()))
    }

    /// Every key of a memo.
    #[must_use]
    pub fn of(recorded: &RecordedMemo) -> BTreeSet<Self> {
        let memo = &recorded.memo;
        let units = memo.lines.iter().flat_map(|line| &line.units).map(Self::unit);
        let invoice = memo.created_from.as_ref().map(Self::invoice);
        let number = recorded.reference.as_deref().map(Self::number);
        units.chain(invoice).chain(number).collect()
    }

    /// The key as text, unique among all kinds of keys.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A finding as the report writes it. An index does not read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RankedFinding {
    /// The place of its kind in the report.
    pub rank: u32,
    /// The finding.
    pub text: String,
}

/// The place of a finding in the report, issued by an index.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct FindingPosition {
    /// The finding's rank.
    pub rank: u32,
    /// Its number among all findings of the run, from 1.
    pub number: u32,
}

/// Findings in the order of the report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingPage {
    /// The findings' texts.
    pub findings: Vec<String>,
    /// The position of the last of them; none where there is no finding.
    pub last: Option<FindingPosition>,
}

/// The index cannot be opened, written or read.
#[derive(Debug, thiserror::Error)]
#[error("the reconciliation's temporary storage cannot be used")]
pub struct MemoIndexError(#[source] pub Box<dyn Error + Send + Sync>);
