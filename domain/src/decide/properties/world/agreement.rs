//! Compares a shop with its ledger.

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::TestCaseError};

use super::SaleHistory;
use crate::{
    Amount, ClaimState, Discrepancy, KnownCancellation, MemoKey, Order, Pass, Progress,
    ReconcileFinding, ReconcileInput, RecordId, RecordedMemo, UnitId, reconcile,
};

impl SaleHistory<'_> {
    /// All memos are on record and each unit is on one: no differences.
    pub(in crate::decide::properties) fn agrees(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.compare(Thoroughness::Yes, None), [], "{:#?}", self.memos);
        // Without ids only the full pass shows which item a product is.
        if self.sale.knows_units() {
            prop_assert_eq!(self.compare(Thoroughness::No, None), [], "{:#?}", self.memos);
        }
        Ok(())
    }

    /// Without one of its memos the order misses that memo's units, with their value.
    pub(in crate::decide::properties) fn misses_a_memo_that_goes(
        &self,
        nth: usize,
    ) -> Result<(), TestCaseError> {
        let Some(deleted) = self.memos.get(nth % self.memos.len().max(1)) else { return Ok(()) };
        let found = self.compare(Thoroughness::Yes, Some(&deleted.key));
        let is_missing = |it: &ReconcileFinding| matches!(it.discrepancy, Discrepancy::Missing(_));
        prop_assert!(found.iter().all(is_missing), "{:#?}", found);
        if !self.sale.knows_units() {
            return Ok(());
        }
        let worth = |it: &&UnitId| !it.is_shipping() && !self.is_free(it);
        let mut missing: Vec<_> = found.iter().flat_map(|it| &it.units).filter(worth).collect();
        missing.sort();
        let units: Vec<_> = deleted.units.iter().filter(worth).collect();
        prop_assert_eq!(missing, units, "{:#?}", deleted);
        // Rounding belongs to no unit and is known only from the claim.
        if self.story.claims.iter().any(|claim| claim.memo.key == deleted.key) {
            let amount: Amount = found.iter().map(|it| it.amount).sum();
            prop_assert_eq!(amount, deleted.credit, "{:#?} for {:#?}", found, deleted);
        }
        Ok(())
    }

    fn is_free(&self, id: &UnitId) -> bool {
        let nth = id.as_str().rsplit('-').next().and_then(|it| it.parse::<usize>().ok());
        nth.is_none_or(|it| self.sale.units[it].is_free())
    }

    fn compare(
        &self,
        thoroughness: Thoroughness,
        deleted: Option<&MemoKey>,
    ) -> Vec<ReconcileFinding> {
        let order = Order::check(&self.story.order).unwrap();
        let is_kept = |id: Option<&str>| {
            deleted.is_none_or(|key| id.is_none_or(|it| !it.eq_ignore_ascii_case(key.as_str())))
        };
        let mut story = self.story.clone();
        story.memos.retain(|memo| is_kept(memo.external_id.as_deref()));
        let known = story.claims.iter().enumerate().map(|(nth, claim)| KnownCancellation {
            id: format!("can-{nth}").parse().unwrap(),
            units: claim.memo.units.clone(),
            progress: Progress::Posted,
            reason: None,
            claims: vec![claim.clone()],
        });
        let totals: BTreeMap<RecordId, Amount> = story
            .claims
            .iter()
            .filter(|claim| is_kept(Some(claim.memo.key.as_str())))
            .filter_map(|claim| match &claim.state {
                ClaimState::Settled(record) => Some((record.clone(), claim.memo.total)),
                ClaimState::Unsettled { .. } => None,
            })
            .collect();
        let recorded = story.memos.iter().map(|memo| RecordedMemo {
            memo: memo.clone(),
            reference: None,
            currency: None,
        });
        let billing = story.billing(&order);
        let (known, memos): (Vec<_>, Vec<_>) = (known.collect(), recorded.collect());
        reconcile(&ReconcileInput {
            tenant: &"dodici".parse().unwrap(),
            order: &order,
            known: &known,
            memos: &memos,
            totals: &totals,
            pass: if thoroughness == Thoroughness::Yes {
                Pass::Full(&billing)
            } else {
                Pass::Quick
            },
            policy: &story.policy,
            maps: &story.maps,
        })
    }
}

/// Whether everything on record was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Thoroughness {
    Yes,
    No,
}
