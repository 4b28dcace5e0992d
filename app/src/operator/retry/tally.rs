//! Counts the retried cancellations, and their amounts as far as they are known.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use domain::{Amount, CancellationId};
use ports::CancellationRecord;

use crate::operator::json::RetryAnswer;

/// The cancellations that were counted or requeued.
#[derive(Debug, Default)]
pub struct RetryTally {
    /// The cancellations, newest first.
    pub ids: Vec<CancellationId>,
    /// The credit of memos that are not on record yet, by currency.
    sums: BTreeMap<&'static str, Amount>,
    /// Units without a memo; their amount is not decided yet.
    unpriced: usize,
}

impl RetryTally {
    pub(super) fn add(&mut self, record: &CancellationRecord) {
        self.ids.push(record.cancellation.id());
        let memos = || record.memos.iter().map(|memo| &memo.claim);
        for claim in memos().filter(|it| it.is_open()) {
            *self.sums.entry(claim.memo.money.code()).or_default() += claim.memo.credit;
        }
        let priced: BTreeSet<_> = memos().flat_map(|it| &it.memo.units).collect();
        self.unpriced +=
            record.cancellation.units.keys().filter(|unit| !priced.contains(unit)).count();
    }

    /// As JSON, with the outcome.
    #[must_use]
    pub fn answer(&self, outcome: &'static str) -> RetryAnswer {
        RetryAnswer {
            outcome,
            count: self.ids.len(),
            sums: self.sums.iter().map(|(code, sum)| (*code, sum.to_string())).collect(),
            units_without_memo: self.unpriced,
        }
    }
}

/// The amounts as text.
impl fmt::Display for RetryTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sums: Vec<_> = self.sums.iter().map(|(code, sum)| format!("{sum} {code}")).collect();
        match sums.as_slice() {
            [] => f.write_str("no memo is in progress")?,
            some => write!(f, "memos in progress: {}", some.join(", "))?,
        }
        match self.unpriced {
            0 => Ok(()),
            1 => f.write_str("; 1 unit has no memo yet"),
            more => write!(f, "; {more} units have no memo yet"),
        }
    }
}
