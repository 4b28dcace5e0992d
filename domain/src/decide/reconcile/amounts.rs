//! Memos that do not come to what they should.

use super::{Discrepancy, Finding, MemoRef, OnRecord, View, Worth};
use crate::{
    Amount, UnitId,
    decide::credited::{Booked, credits_shipping},
};

impl View<'_> {
    /// Ours against what was sent, to the cent; others against the order, within tolerance.
    pub(super) fn differing(&self, overlap: &[Finding]) -> Vec<Finding> {
        let ours = self.claims.standing.iter().filter_map(ours);
        let others = self.credited.memos.iter().filter_map(|it| self.other(it, overlap));
        ours.chain(others).collect()
    }

    /// A memo that we have no claim for, against the units that it names. What overlaps is told
    /// as that alone.
    fn other(&self, booked: &Booked, overlap: &[Finding]) -> Option<Finding> {
        let record = booked.record.as_ref()?;
        let memo = self.sides.name(record);
        let is_claimed = self.claims.standing.iter().any(|it| it.memo == memo);
        let is_told = overlap.iter().any(|it| match &it.discrepancy {
            Discrepancy::Doubled(told) | Discrepancy::Unexplained(told) => *told == memo,
            _ => false,
        });
        let is_named =
            !booked.lines.is_empty() && booked.lines.iter().all(|it| !it.units.is_empty());
        if is_claimed || is_told || !is_named {
            return None;
        }
        let mut units: Vec<UnitId> =
            booked.lines.iter().flat_map(|it| &it.units).cloned().collect();
        let lines = u32::try_from(units.len()).unwrap_or(u32::MAX);
        let tolerance = self.case.policy.tolerance.times(lines).unwrap_or_default();
        let existing = self.case.billing.memos.iter().find(|it| it.id == *record)?;
        if credits_shipping(self.case, existing) {
            units.push(UnitId::shipping());
        }
        let expected = self.worth(&units);
        let told = self.sides.memos.iter().find(|it| it.memo.id == *record);
        let on_record = match told.map(|it| self.sides.worth(it)) {
            Some(Worth::Nothing) => Amount::ZERO,
            Some(Worth::Total(_)) | None => booked.credit,
        };
        // As much as an order may leave over for rounding is no difference.
        let order = self.case.order;
        let pieces = u32::try_from(order.units.len()).unwrap_or(u32::MAX);
        let bound = order.currency.smallest().times(pieces).unwrap_or_default();
        let rounding = if booked.rounding.abs() <= bound { booked.rounding } else { Amount::ZERO };
        let differs = tolerance < (on_record - rounding - expected).abs();
        differs.then(|| different(memo, units, expected, on_record))
    }
}

fn ours(found: &OnRecord<'_>) -> Option<Finding> {
    let sent = &found.claim.memo;
    let (expected, on_record) = match found.worth {
        Worth::Total(total) if total == sent.total => return None,
        Worth::Total(total) => (sent.total, total),
        // Payment lines would make its total nothing as well.
        Worth::Nothing => (sent.credit, Amount::ZERO),
    };
    Some(different(found.memo.clone(), sent.units.clone(), expected, on_record))
}

fn different(memo: MemoRef, units: Vec<UnitId>, expected: Amount, on_record: Amount) -> Finding {
    let discrepancy = Discrepancy::Different { memo, expected, on_record };
    Finding { discrepancy, units, amount: (on_record - expected).abs() }
}
