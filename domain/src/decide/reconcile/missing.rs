//! Cancelled units that are on no memo, by what our book says of them.

use super::{Cause, Course, Discrepancy, Finding, Known, Look, View};
use crate::{Amount, Unit, UnitId, decide::matching};

impl<'a> View<'a> {
    /// Units on no memo: missing, waiting or parked.
    pub(super) fn missing(&self) -> Vec<Finding> {
        let mut wanted = self.credited.still_wanted(self.case);
        let mut findings = self.vanished(&mut wanted);
        let mut groups: Vec<(Discrepancy, Vec<&Unit>)> = Vec::new();
        for unit in wanted {
            let Some(discrepancy) = self.fate(unit) else { continue };
            match groups.iter_mut().find(|(it, _)| *it == discrepancy) {
                Some((_, units)) => units.push(unit),
                None => groups.push((discrepancy, vec![unit])),
            }
        }
        let mut shipping = self.shipping_is_open(&findings);
        for (discrepancy, units) in groups {
            let mut ids: Vec<UnitId> = units.iter().map(|it| it.id.clone()).collect();
            if shipping && matches!(discrepancy, Discrepancy::Missing(_)) {
                ids.push(UnitId::shipping());
                shipping = false;
            }
            let amount = self.worth(&ids);
            findings.push(Finding { discrepancy, units: ids, amount });
        }
        findings
    }

    /// What was on memos of ours that are gone; it is taken out of `wanted`.
    fn vanished(&self, wanted: &mut Vec<&'a Unit>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for gone in &self.claims.gone {
            let memo = &gone.claim.memo;
            let is_open = |id: &&UnitId| {
                let is_wanted = wanted.iter().any(|it| it.id == **id);
                is_wanted || (id.is_shipping() && !self.credited.units.contains(*id))
            };
            let open: Vec<UnitId> = memo.units.iter().filter(is_open).cloned().collect();
            if open.is_empty() {
                continue;
            }
            wanted.retain(|it| !open.contains(&it.id));
            let is_whole = memo.units.iter().all(|it| {
                let free = |unit: &Unit| unit.credit(self.case.order.treatment).is_zero();
                open.contains(it) || self.case.order.unit(it).is_some_and(free)
            });
            let amount = if is_whole { memo.credit } else { self.worth(&open) };
            let cause = Cause::Vanished {
                cancellation: gone.known.id.clone(),
                key: memo.key.clone(),
                record: gone.record.clone(),
            };
            findings.push(Finding {
                discrepancy: Discrepancy::Missing(cause),
                units: open,
                amount,
            });
        }
        findings
    }

    /// What a unit on no memo is; `None` where a rule keeps it from being credited.
    fn fate(&self, unit: &Unit) -> Option<Discrepancy> {
        let naming = self.sides.known.iter().filter(|it| it.units.contains(&unit.id));
        let Some(Known { id, course, reason, .. }) = naming.min_by_key(|it| it.course) else {
            return Some(Discrepancy::Missing(Cause::Unseen));
        };
        match course {
            Course::Waiting => Some(Discrepancy::Waiting(id.clone(), reason.clone())),
            Course::Parked => Some(Discrepancy::Parked(id.clone(), reason.clone())),
            Course::Skipped => None,
            // Some of its units were credited and the others skipped: no invoice carries them.
            Course::Posted if self.is_loose(unit) => None,
            Course::Posted | Course::Abandoned => {
                Some(Discrepancy::Missing(Cause::Unrecorded(id.clone())))
            }
        }
    }

    /// Whether a close look shows that no invoice carries the unit.
    fn is_loose(&self, unit: &Unit) -> bool {
        let Some(unit) = self.case.order.unit(&unit.id) else { return false };
        let placement = matching::place(self.case, &[unit], self.credited);
        matches!(self.sides.look, Look::Close(_)) && placement.is_ok_and(|it| !it.loose.is_empty())
    }

    /// Whether the shipping is due with what is missing, and on no memo.
    fn shipping_is_open(&self, vanished: &[Finding]) -> bool {
        let shipping = UnitId::shipping();
        self.case.order.shipping_due(self.case.policy).is_some()
            && !self.credited.units.contains(&shipping)
            && !vanished.iter().any(|it| it.units.contains(&shipping))
    }

    /// Σ credit of some units, shipping among them.
    pub(super) fn worth(&self, units: &[UnitId]) -> Amount {
        let order = self.case.order;
        let shipping = units.iter().any(UnitId::is_shipping);
        let shipping = if shipping { order.shipping.credit } else { Amount::ZERO };
        order.credit_of(|it| units.contains(&it.id)) + shipping
    }
}
