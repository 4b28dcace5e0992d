//! Memos whose total is not the expected one.

use std::collections::{BTreeMap, BTreeSet};

use super::{Discrepancy, MemoRef, OnRecord, ReconcileFinding, View, Worth};
use crate::{
    Amount, ExistingMemo, RecordId, UnitId,
    conserve::rounding_bound,
    decide::credited::{Credits, ExistingCredit, ExistingCreditLine, credits_shipping},
};

impl View<'_> {
    /// Compares a memo created by memobridge with what was sent, to the cent, and every other memo
    /// with the order, within the tolerance.
    pub(super) fn differing(&self, overlap: &[ReconcileFinding]) -> Vec<ReconcileFinding> {
        let claimed = self.claims.standing.iter().map(|it| &it.memo.record);
        let overlapping = overlap.iter().filter_map(|it| match &it.discrepancy {
            Discrepancy::Doubled(memo) | Discrepancy::Unexplained(memo) => Some(&memo.record),
            _ => None,
        });
        let reported_already: BTreeSet<&RecordId> = claimed.chain(overlapping).collect();
        let memos = self.decision_input.billing.memos.iter().map(|memo| (&memo.id, memo));
        let memos: BTreeMap<&RecordId, &ExistingMemo> = memos.collect();
        let own = self.claims.standing.iter().filter_map(|it| self.own_difference(it));
        let others = self.credited.memos.iter().filter_map(|existing_credit| {
            let record =
                existing_credit.record.as_ref().filter(|it| !reported_already.contains(it))?;
            self.foreign_difference(existing_credit, memos.get(record)?)
        });
        own.chain(others).collect()
    }

    /// A memo created by memobridge whose total differs from what was sent. A voided memo is
    /// reported as long as its units are not credited otherwise.
    fn own_difference(&self, found: &OnRecord<'_>) -> Option<ReconcileFinding> {
        let sent = &found.claim.memo;
        let is_open = || sent.units.iter().any(|id| self.open.on_voided.contains(id));
        let (expected, on_record) = match found.worth {
            Worth::Total(total) if total == sent.total => return None,
            Worth::Total(total) => (sent.total, total),
            Worth::Voided if !is_open() => return None,
            // Payment lines would make the total zero as well, so the credit is compared.
            Worth::Voided | Worth::Foreign => (sent.credit, Amount::ZERO),
        };
        Some(different(found.memo.clone(), sent.units.clone(), expected, on_record))
    }

    /// A memo without a claim whose amount differs from the units that it names. A memo that is
    /// reported as an overlap is not reported here again.
    fn foreign_difference(
        &self,
        existing_credit: &ExistingCredit,
        existing: &ExistingMemo,
    ) -> Option<ReconcileFinding> {
        let memo = self.reported.name(&existing.id);
        let is_credit =
            |line: &ExistingCreditLine| line.kind == Credits::Pieces && !line.units.is_empty();
        if existing_credit.lines.is_empty() || !existing_credit.lines.iter().all(is_credit) {
            return None;
        }
        let mut units: Vec<UnitId> =
            existing_credit.lines.iter().flat_map(|line| &line.units).cloned().collect();
        let lines = u32::try_from(units.len()).unwrap_or(u32::MAX);
        let tolerance = self.decision_input.policy.tolerance.times(lines).unwrap_or_default();
        if credits_shipping(self.decision_input, existing) {
            units.push(UnitId::shipping());
        }
        let expected = self.worth(&units);
        let in_window = self.reported.by_record.get(&existing.id);
        let on_record = match in_window.map(|it| self.reported.worth(it)) {
            Some(Worth::Foreign | Worth::Voided) => Amount::ZERO,
            Some(Worth::Total(_)) | None => existing_credit.credit,
        };
        // An amount that rounding may leave over is no difference.
        let order = self.decision_input.order;
        let bound = rounding_bound(order.units.len(), order.currency);
        let rounding = if existing_credit.rounding.abs() <= bound {
            existing_credit.rounding
        } else {
            Amount::ZERO
        };
        let differs = tolerance < (on_record - rounding - expected).abs();
        differs.then(|| different(memo, units, expected, on_record))
    }
}

fn different(
    memo: MemoRef,
    units: Vec<UnitId>,
    expected: Amount,
    on_record: Amount,
) -> ReconcileFinding {
    let discrepancy = Discrepancy::Different { memo, expected, on_record };
    ReconcileFinding { discrepancy, units, amount: (on_record - expected).abs() }
}
