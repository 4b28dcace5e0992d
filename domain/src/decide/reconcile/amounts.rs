//! Memos that do not come to what they should.

use std::collections::{BTreeMap, BTreeSet};

use super::{Discrepancy, Finding, MemoRef, OnRecord, View, Worth};
use crate::{
    Amount, ExistingMemo, RecordId, UnitId,
    conserve::rounding_bound,
    decide::credited::{Booked, BookedLine, Credits, credits_shipping},
};

impl View<'_> {
    /// Ours against what was sent, to the cent; others against the order, within tolerance.
    pub(super) fn differing(&self, overlap: &[Finding]) -> Vec<Finding> {
        let claimed = self.claims.standing.iter().map(|it| &it.memo.record);
        let overlapping = overlap.iter().filter_map(|it| match &it.discrepancy {
            Discrepancy::Doubled(memo) | Discrepancy::Unexplained(memo) => Some(&memo.record),
            _ => None,
        });
        let told: BTreeSet<&RecordId> = claimed.chain(overlapping).collect();
        let memos = self.case.billing.memos.iter().map(|memo| (&memo.id, memo));
        let memos: BTreeMap<&RecordId, &ExistingMemo> = memos.collect();
        let ours = self.claims.standing.iter().filter_map(|it| self.ours(it));
        let others = self.credited.memos.iter().filter_map(|booked| {
            let record = booked.record.as_ref().filter(|it| !told.contains(it))?;
            self.other(booked, memos.get(record)?)
        });
        ours.chain(others).collect()
    }

    /// A memo of ours against what was sent. What was voided is told as long as it is missing:
    /// somebody may have credited it otherwise.
    fn ours(&self, found: &OnRecord<'_>) -> Option<Finding> {
        let sent = &found.claim.memo;
        let is_open = || sent.units.iter().any(|id| self.open.on_voided.contains(id));
        let (expected, on_record) = match found.worth {
            Worth::Total(total) if total == sent.total => return None,
            Worth::Total(total) => (sent.total, total),
            Worth::Voided if !is_open() => return None,
            // Payment lines would make its total nothing as well.
            Worth::Voided | Worth::Foreign => (sent.credit, Amount::ZERO),
        };
        Some(different(found.memo.clone(), sent.units.clone(), expected, on_record))
    }

    /// A memo that we have no claim for, against the units that it names. What overlaps is told
    /// as that alone.
    fn other(&self, booked: &Booked, existing: &ExistingMemo) -> Option<Finding> {
        let memo = self.told.name(&existing.id);
        let is_credit = |line: &BookedLine| line.kind == Credits::Pieces && !line.units.is_empty();
        if booked.lines.is_empty() || !booked.lines.iter().all(is_credit) {
            return None;
        }
        let mut units: Vec<UnitId> =
            booked.lines.iter().flat_map(|it| &it.units).cloned().collect();
        let lines = u32::try_from(units.len()).unwrap_or(u32::MAX);
        let tolerance = self.case.policy.tolerance.times(lines).unwrap_or_default();
        if credits_shipping(self.case, existing) {
            units.push(UnitId::shipping());
        }
        let expected = self.worth(&units);
        let told = self.told.by_record.get(&existing.id);
        let on_record = match told.map(|it| self.told.worth(it)) {
            Some(Worth::Foreign | Worth::Voided) => Amount::ZERO,
            Some(Worth::Total(_)) | None => booked.credit,
        };
        // As much as an order may leave over for rounding is no difference.
        let order = self.case.order;
        let bound = rounding_bound(order.units.len(), order.currency);
        let rounding = if booked.rounding.abs() <= bound { booked.rounding } else { Amount::ZERO };
        let differs = tolerance < (on_record - rounding - expected).abs();
        differs.then(|| different(memo, units, expected, on_record))
    }
}

fn different(memo: MemoRef, units: Vec<UnitId>, expected: Amount, on_record: Amount) -> Finding {
    let discrepancy = Discrepancy::Different { memo, expected, on_record };
    Finding { discrepancy, units, amount: (on_record - expected).abs() }
}
