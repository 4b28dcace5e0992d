//! Cancelled units that are on no memo, explained by their progress in the journal.

use std::collections::{BTreeMap, BTreeSet};

use super::{Discrepancy, KnownCancellation, MissingCause, Pass, Progress, ReconcileFinding, View};
use crate::{Amount, Unit, UnitId, decide::matching};

impl<'a> View<'a> {
    /// Units on no memo: missing, waiting or parked.
    pub(super) fn missing(&self) -> Vec<ReconcileFinding> {
        let mut wanted = self.open.wanted.clone();
        let mut findings = self.deleted(&mut wanted);
        let known = self.known();
        let loose = self.uninvoiced(&wanted, &known);
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
            let mut ids: Vec<UnitId> = units.iter().map(|unit| unit.id.clone()).collect();
            if shipping && matches!(discrepancy, Discrepancy::Missing(_)) {
                ids.push(UnitId::shipping());
                shipping = false;
            }
            let amount = self.worth(&ids);
            findings.push(ReconcileFinding { discrepancy, units: ids, amount });
        }
        if shipping && self.open.wanted.is_empty() {
            findings.extend(self.missing_shipping());
        }
        findings
    }

    /// The shipping, where every cancelled unit is credited without it.
    fn missing_shipping(&self) -> Option<ReconcileFinding> {
        let about = self.input.known.iter().min_by_key(|known| known.progress);
        let is_read = matches!(self.input.pass, Pass::Full(_));
        let is_loose = is_read && self.decision_input.billing.invoices.is_empty();
        let discrepancy = fate(about, is_loose)?;
        let units = vec![UnitId::shipping()];
        Some(ReconcileFinding { discrepancy, amount: self.worth(&units), units })
    }

    /// The units on deleted memos created by memobridge; they are removed from `wanted`.
    fn deleted(&self, wanted: &mut Vec<&'a Unit>) -> Vec<ReconcileFinding> {
        let mut findings = Vec::new();
        let mut left: BTreeSet<&UnitId> = wanted.iter().map(|unit| &unit.id).collect();
        for deleted in &self.claims.deleted {
            let memo = &deleted.claim.memo;
            let is_open =
                |id: &&UnitId| left.contains(id) || (id.is_shipping() && !self.credited.has(id));
            let open: Vec<UnitId> = memo.units.iter().filter(is_open).cloned().collect();
            if open.is_empty() {
                continue;
            }
            let opened: BTreeSet<&UnitId> = open.iter().collect();
            let is_whole = memo.units.iter().all(|it| {
                let free = |unit: &Unit| unit.credit(self.decision_input.order.treatment).is_zero();
                opened.contains(it) || self.products.unit(it).is_some_and(free)
            });
            left.retain(|id| !opened.contains(id));
            let amount = if is_whole { memo.credit } else { self.worth(&open) };
            let cause = MissingCause::RecordDeleted {
                cancellation: deleted.known.id.clone(),
                key: memo.key.clone(),
                record: deleted.record.clone(),
            };
            findings.push(ReconcileFinding {
                discrepancy: Discrepancy::Missing(cause),
                units: open,
                amount,
            });
        }
        wanted.retain(|unit| left.contains(&unit.id));
        findings
    }

    /// The journal's record of each unit; where several cancellations name it, the one with the
    /// least progress.
    fn known(&self) -> BTreeMap<&'a UnitId, &'a KnownCancellation> {
        let mut known: BTreeMap<&UnitId, &KnownCancellation> = BTreeMap::new();
        for it in self.input.known {
            for unit in &it.units {
                let first = known.entry(unit).or_insert(it);
                if it.progress < first.progress {
                    *first = it;
                }
            }
        }
        known
    }

    /// The units of finished cancellations that, by a full pass, no invoice carries.
    fn uninvoiced(
        &self,
        wanted: &[&'a Unit],
        known: &BTreeMap<&UnitId, &KnownCancellation>,
    ) -> BTreeSet<&'a UnitId> {
        let is_posted =
            |unit: &&&Unit| known.get(&unit.id).is_some_and(|it| it.progress == Progress::Posted);
        let posted: Vec<&Unit> = wanted.iter().filter(is_posted).copied().collect();
        if posted.is_empty() || matches!(self.input.pass, Pass::Quick) {
            return BTreeSet::new();
        }
        let matching = matching::match_units(self.decision_input, &posted, self.credited);
        let loose = matching.map(|it| it.uninvoiced).unwrap_or_default();
        loose.into_iter().map(|unit| &unit.id).collect()
    }

    /// Whether the shipping is due with the missing units and on no memo.
    fn shipping_is_open(&self, vanished: &[ReconcileFinding]) -> bool {
        let shipping = UnitId::shipping();
        self.decision_input.order.shipping_due(self.decision_input.policy).is_some()
            && !self.credited.has(&shipping)
            && !vanished.iter().any(|it| it.units.contains(&shipping))
    }

    /// Sum of the credit of some units, shipping included.
    pub(super) fn worth(&self, units: &[UnitId]) -> Amount {
        let order = self.decision_input.order;
        let shipping = units.iter().any(UnitId::is_shipping);
        let shipping = if shipping { order.shipping.credit } else { Amount::ZERO };
        let units: BTreeSet<&UnitId> = units.iter().collect();
        let units = units.into_iter().filter_map(|id| self.products.unit(id));
        units.map(|unit| unit.credit(order.treatment)).sum::<Amount>() + shipping
    }
}

/// The kind of difference for a unit on no memo; `None` where a rule excludes it from credit.
fn fate(known: Option<&KnownCancellation>, is_loose: bool) -> Option<Discrepancy> {
    let Some(KnownCancellation { id, progress, reason, .. }) = known else {
        return Some(Discrepancy::Missing(MissingCause::NoEvent));
    };
    match progress {
        Progress::Waiting => Some(Discrepancy::Waiting(id.clone(), reason.clone())),
        Progress::Parked => Some(Discrepancy::Parked(id.clone(), reason.clone())),
        Progress::Skipped => None,
        // Some of its units were credited and the others skipped, because no invoice carries them.
        Progress::Posted if is_loose => None,
        Progress::Posted | Progress::Abandoned => {
            Some(Discrepancy::Missing(MissingCause::NotRecorded(id.clone())))
        }
    }
}
