//! Cancelled units that are on no memo, by what our book says of them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Cause, Course, Discrepancy, Finding, Known, Look, View};
use crate::{Amount, Unit, UnitId, decide::matching};

impl<'a> View<'a> {
    /// Units on no memo: missing, waiting or parked.
    pub(super) fn missing(&self) -> Vec<Finding> {
        let mut wanted = self.open.wanted.clone();
        let mut findings = self.vanished(&mut wanted);
        let known = self.known();
        let loose = self.loose(&wanted, &known);
        let mut groups: Vec<(Discrepancy, Vec<&Unit>)> = Vec::new();
        let mut places: BTreeMap<Option<&str>, usize> = BTreeMap::new();
        for unit in wanted {
            let about = known.get(&unit.id).copied();
            let Some(discrepancy) = fate(about, loose.contains(&unit.id)) else { continue };
            let place = places.entry(about.map(|it| it.id.as_str())).or_insert_with(|| {
                groups.push((discrepancy, Vec::new()));
                groups.len() - 1
            });
            groups[*place].1.push(unit);
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
        if shipping && self.open.wanted.is_empty() {
            findings.extend(self.missing_shipping());
        }
        findings
    }

    /// The shipping, where every cancelled unit is credited without it.
    fn missing_shipping(&self) -> Option<Finding> {
        let about = self.sides.known.iter().min_by_key(|known| known.course);
        let is_read = matches!(self.sides.look, Look::Close(_));
        let is_loose = is_read && self.case.billing.invoices.is_empty();
        let discrepancy = fate(about, is_loose)?;
        let units = vec![UnitId::shipping()];
        Some(Finding { discrepancy, amount: self.worth(&units), units })
    }

    /// What was on memos of ours that are gone; it is taken out of `wanted`.
    fn vanished(&self, wanted: &mut Vec<&'a Unit>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut left: BTreeSet<&UnitId> = wanted.iter().map(|unit| &unit.id).collect();
        for gone in &self.claims.gone {
            let memo = &gone.claim.memo;
            let is_open =
                |id: &&UnitId| left.contains(id) || (id.is_shipping() && !self.credited.has(id));
            let open: Vec<UnitId> = memo.units.iter().filter(is_open).cloned().collect();
            if open.is_empty() {
                continue;
            }
            let opened: BTreeSet<&UnitId> = open.iter().collect();
            let is_whole = memo.units.iter().all(|it| {
                let free = |unit: &Unit| unit.credit(self.case.order.treatment).is_zero();
                opened.contains(it) || self.products.unit(it).is_some_and(free)
            });
            left.retain(|id| !opened.contains(id));
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
        wanted.retain(|unit| left.contains(&unit.id));
        findings
    }

    /// What our book knows of each unit: where several cancellations name it, the one that got
    /// least far.
    fn known(&self) -> BTreeMap<&'a UnitId, &'a Known> {
        let mut known: BTreeMap<&UnitId, &Known> = BTreeMap::new();
        for it in self.sides.known {
            for unit in &it.units {
                let first = known.entry(unit).or_insert(it);
                if it.course < first.course {
                    *first = it;
                }
            }
        }
        known
    }

    /// The units of cancellations that are done of which a close look shows that no invoice
    /// carries them.
    fn loose(
        &self,
        wanted: &[&'a Unit],
        known: &BTreeMap<&UnitId, &Known>,
    ) -> BTreeSet<&'a UnitId> {
        let is_posted =
            |unit: &&&Unit| known.get(&unit.id).is_some_and(|it| it.course == Course::Posted);
        let posted: Vec<&Unit> = wanted.iter().filter(is_posted).copied().collect();
        if posted.is_empty() || matches!(self.sides.look, Look::Passing) {
            return BTreeSet::new();
        }
        let placement = matching::place(self.case, &posted, self.credited);
        let loose = placement.map(|it| it.loose).unwrap_or_default();
        loose.into_iter().map(|unit| &unit.id).collect()
    }

    /// Whether the shipping is due with what is missing, and on no memo.
    fn shipping_is_open(&self, vanished: &[Finding]) -> bool {
        let shipping = UnitId::shipping();
        self.case.order.shipping_due(self.case.policy).is_some()
            && !self.credited.has(&shipping)
            && !vanished.iter().any(|it| it.units.contains(&shipping))
    }

    /// Σ credit of some units, shipping among them.
    pub(super) fn worth(&self, units: &[UnitId]) -> Amount {
        let order = self.case.order;
        let shipping = units.iter().any(UnitId::is_shipping);
        let shipping = if shipping { order.shipping.credit } else { Amount::ZERO };
        let units: BTreeSet<&UnitId> = units.iter().collect();
        let units = units.into_iter().filter_map(|id| self.products.unit(id));
        units.map(|unit| unit.credit(order.treatment)).sum::<Amount>() + shipping
    }
}

/// What a unit on no memo is; `None` where a rule keeps it from being credited.
fn fate(known: Option<&Known>, is_loose: bool) -> Option<Discrepancy> {
    let Some(Known { id, course, reason, .. }) = known else {
        return Some(Discrepancy::Missing(Cause::Unseen));
    };
    match course {
        Course::Waiting => Some(Discrepancy::Waiting(id.clone(), reason.clone())),
        Course::Parked => Some(Discrepancy::Parked(id.clone(), reason.clone())),
        Course::Skipped => None,
        // Some of its units were credited and the others skipped: no invoice carries them.
        Course::Posted if is_loose => None,
        Course::Posted | Course::Abandoned => {
            Some(Discrepancy::Missing(Cause::Unrecorded(id.clone())))
        }
    }
}
