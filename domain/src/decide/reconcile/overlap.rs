//! Memos that credit what another memo credits, or what is not cancelled at all.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{Discrepancy, ReconcileFinding, View};
use crate::{
    Amount, RecordId, UnitId, UnitStatus,
    decide::credited::{Credits, ExistingCredit, ExistingCreditLine},
};

/// What the memos counted so far credit.
#[derive(Default)]
struct UnitCounts<'a> {
    units: BTreeSet<&'a UnitId>,
    /// Pieces by product, including those of named units.
    pieces: BTreeMap<&'a str, Decimal>,
    /// Pieces of each product that are cancelled or returned.
    inactive: BTreeMap<&'a str, Decimal>,
    /// Products with a unit that is neither cancelled nor returned.
    active: BTreeSet<&'a str>,
}

/// The part of one memo that exceeds what may be credited.
#[derive(Default)]
struct Excess {
    /// Units that an earlier counted memo credits.
    doubled: Vec<UnitId>,
    /// The value of the doubled units, of the nameless pieces beyond what is cancelled or returned,
    /// and of the money on units that are fully credited.
    amount: Amount,
    /// Whether there are such nameless pieces, or such money.
    is_beyond: bool,
    /// Units that are neither cancelled nor returned.
    strays: Vec<UnitId>,
    /// Lines with items of another order, or with money that is no piece.
    strange: usize,
    /// Lines that credit something not credited before.
    new: usize,
}

impl View<'_> {
    /// Doubled and unexplained memos. The memos created by memobridge are counted first, then the
    /// others from the oldest.
    pub(super) fn overlap(&self) -> Vec<ReconcileFinding> {
        let mut memos: Vec<&ExistingCredit> = self.credited.memos.iter().collect();
        memos.sort_by_key(|memo| (!memo.own, memo.record.as_ref().map(RecordId::rank)));
        let mut tally = UnitCounts::default();
        for unit in &self.decision_input.order.units {
            if unit.is_active() {
                tally.active.insert(&unit.product);
            } else {
                *tally.inactive.entry(&unit.product).or_default() += Decimal::from(unit.quantity);
            }
        }
        let mut findings = Vec::new();
        for memo in memos {
            let excess = self.excess(memo, &mut tally);
            let Some(record) = &memo.record else { continue };
            let name = self.reported.name(record);
            let finding = match excess {
                Excess { doubled, amount, is_beyond, new, .. }
                    if is_beyond || !doubled.is_empty() =>
                {
                    ReconcileFinding {
                        discrepancy: Discrepancy::Doubled(name),
                        amount: if new == 0 { memo.credit } else { amount },
                        units: doubled,
                    }
                }
                Excess { strays, strange, .. }
                    if !strays.is_empty() || (strange == memo.lines.len() && strange > 0) =>
                {
                    ReconcileFinding {
                        discrepancy: Discrepancy::Unexplained(name),
                        units: strays,
                        amount: memo.credit,
                    }
                }
                _ => continue,
            };
            findings.push(finding);
        }
        findings
    }

    fn excess<'m>(&'m self, memo: &'m ExistingCredit, tally: &mut UnitCounts<'m>) -> Excess {
        let mut excess = Excess::default();
        for line in &memo.lines {
            if line.kind == Credits::Money {
                self.weigh(line, tally, &mut excess);
                continue;
            }
            if line.units.is_empty() {
                self.count(line, tally, &mut excess);
                continue;
            }
            let before = excess.doubled.len();
            for id in &line.units {
                let unit = self.products.unit(id);
                if !tally.units.insert(id) {
                    excess.amount += self.worth(std::slice::from_ref(id));
                    excess.doubled.push(id.clone());
                } else if let Some(unit) = unit.filter(|it| !it.is_active()) {
                    let pieces = tally.pieces.entry(&unit.product).or_default();
                    *pieces += Decimal::from(unit.quantity);
                } else {
                    excess.strays.push(id.clone());
                }
            }
            if excess.doubled.len() - before < line.units.len() {
                excess.new += 1;
            }
        }
        excess
    }

    /// Counts a line without unit ids against the cancelled or returned pieces of its product.
    fn count<'m>(
        &'m self,
        line: &'m ExistingCreditLine,
        tally: &mut UnitCounts<'m>,
        excess: &mut Excess,
    ) {
        let Some(product) = self.products.of_line(line) else {
            excess.strange += 1;
            excess.new += 1;
            return;
        };
        let allowed = tally.inactive.get(product).copied().unwrap_or_default();
        let counted = tally.pieces.entry(product).or_default();
        *counted += line.quantity;
        let beyond = (*counted - allowed).clamp(Decimal::ZERO, line.quantity);
        if beyond < line.quantity {
            excess.new += 1;
        }
        if beyond > Decimal::ZERO {
            excess.is_beyond = true;
            excess.amount += self.price(product, beyond);
        }
    }

    /// Counts money that is less than a piece. On fully credited units it is too much; on a
    /// cancelled or returned unit it is a part of its credit; on an active unit its purpose is
    /// unknown.
    fn weigh<'m>(
        &'m self,
        line: &'m ExistingCreditLine,
        tally: &UnitCounts<'m>,
        excess: &mut Excess,
    ) {
        let is_inactive =
            |id: &UnitId| self.products.unit(id).is_some_and(|unit| !unit.is_active());
        let is_beyond = match &line.units[..] {
            [] => self.products.of_line(line).is_some_and(|product| {
                let allowed = tally.inactive.get(product).copied().unwrap_or_default();
                let counted = tally.pieces.get(product).copied().unwrap_or_default();
                !tally.active.contains(product) && allowed <= counted
            }),
            units => units.iter().all(|id| tally.units.contains(id)),
        };
        if is_beyond {
            excess.is_beyond = true;
            excess.amount += line.net;
            excess.doubled.extend(line.units.iter().cloned());
            return;
        }
        excess.new += 1;
        if line.units.is_empty() || !line.units.iter().all(is_inactive) {
            excess.strange += 1;
        }
    }

    /// The value of this many pieces of a product: of the cancelled ones, if there are any.
    fn price(&self, product: &str, pieces: Decimal) -> Amount {
        let order = self.decision_input.order;
        let of_product = || order.units.iter().filter(|unit| unit.product == product);
        let cancelled = of_product().find(|it| it.status == UnitStatus::Cancelled);
        let unit = cancelled.or_else(|| of_product().next());
        let price =
            unit.map(|it| it.credit(order.treatment).share(pieces, Decimal::from(it.quantity)));
        order.currency.round(price.unwrap_or_default())
    }
}
