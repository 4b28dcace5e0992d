//! What is credited already: memos on record, manual ones included, and the claims in the journal.
//!
//! Decision and reconciliation both use this module. A memo created by memobridge is read together
//! with its claim, so that its units are known even where the line key column is missing. A settled
//! claim counts even where the ledger does not show its memo, but not where the ledger shows that
//! its memo was voided.

mod count;
mod existing_credit;
mod index;

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::DecisionInput;
pub(super) use crate::decide::credited::existing_credit::{
    Credits, ExistingCredit, ExistingCreditLine, credits_shipping,
};
use crate::{
    Amount, BillingLine, Claim, CreditMemo, ExistingMemo, InstrumentKey, Invoice, MemoKey, Reason,
    RecordId, Standing, Unit, UnitId,
};
use {
    self::{
        count::{Count, Left},
        index::Index,
    },
    crate::decide::credited::existing_credit::{claimed, existing_credit},
};

/// The number of memos that one sentence names.
const MEMOS_NAMED: usize = 5;

/// Everything credited for the order so far.
#[derive(Debug)]
pub(super) struct Credited {
    pub(super) memos: Vec<ExistingCredit>,
    /// Units known by id, shipping among them.
    pub(super) units: BTreeSet<UnitId>,
    /// Units known by id on memos created by memobridge.
    pub(super) own: BTreeSet<UnitId>,
    /// Units of memos created by memobridge that were voided; their claim keeps other memos from
    /// crediting them.
    voided: BTreeMap<UnitId, Voided>,
    /// The highest invoice on which each unit was credited by its id.
    last_credit: BTreeMap<UnitId, RecordId>,
    /// The highest invoice that names each unit.
    last_invoice: BTreeMap<UnitId, RecordId>,
    allocations: BTreeMap<InstrumentKey, Amount>,
    on_invoice: BTreeMap<RecordId, Amount>,
    /// The item lines of memos on each invoice line, as positions of memo and line.
    on_line: BTreeMap<(RecordId, u32), Vec<(usize, usize)>>,
    money: Vec<Money>,
    /// Memos created by memobridge whose units are known by their key alone, as positions.
    named: BTreeSet<usize>,
    count: Count,
}

/// A credited amount that is less than the price of a piece.
#[derive(Debug)]
struct Money {
    /// The units that it names; none where it names none.
    units: Vec<UnitId>,
    /// The products that its item may be.
    products: Vec<String>,
    /// Net.
    amount: Amount,
}

/// A memo created by memobridge that was voided.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Voided {
    key: MemoKey,
    name: String,
}

/// The part of an event that is not credited yet.
#[derive(Debug, Default)]
pub(super) struct Open<'a> {
    /// Units that no memo credits, including those that were billed again.
    pub(super) wanted: Vec<&'a Unit>,
    /// The pieces left of a wanted unit, where memos credit some of its pieces without its name.
    pub(super) partly: BTreeMap<&'a UnitId, Decimal>,
    /// Why the rest cannot be credited: it is on a memo created by memobridge that was voided.
    pub(super) voided: Option<Reason>,
    /// Units on such a memo.
    pub(super) on_voided: BTreeSet<UnitId>,
    /// Why a wanted unit needs a person: it was credited on one invoice, and is on a later invoice
    /// again.
    pub(super) again: Option<Reason>,
}

impl Credited {
    pub(super) fn of(input: &DecisionInput<'_>) -> Self {
        Self::by(&Products::of(input))
    }

    /// The same, for an order whose products are already indexed.
    pub(super) fn by(Products(index): &Products<'_>) -> Self {
        let input = index.input;
        let claims: Vec<&Claim> = input.claims.iter().filter(|claim| !claim.is_open()).collect();
        let pairs = Pairs::of(&claims);
        let (valid, voided): (Vec<&ExistingMemo>, Vec<&ExistingMemo>) =
            input.billing.memos.iter().partition(|memo| memo.standing == Standing::Valid);
        let mut shown = BTreeSet::new();
        let mut memos = Vec::new();
        let mut foreign = Vec::new();
        for memo in valid {
            let claim = pairs.claim_of(memo);
            if claim.is_none() && !index.is_of_the_order(memo) {
                continue;
            }
            shown.extend(claim);
            if claim.is_none() {
                foreign.push(memos.len());
            }
            memos.push(existing_credit(index, memo, claim.map(|nth| &claims[nth].memo)));
        }
        let mut credited = Self {
            memos,
            units: BTreeSet::new(),
            own: BTreeSet::new(),
            voided: BTreeMap::new(),
            last_credit: BTreeMap::new(),
            last_invoice: index.last_invoices(),
            allocations: BTreeMap::new(),
            on_invoice: BTreeMap::new(),
            on_line: BTreeMap::new(),
            money: Vec::new(),
            named: BTreeSet::new(),
            count: Count::default(),
        };
        credited.name_by_key(index, &foreign);
        let mut voided_claims = BTreeSet::new();
        for memo in voided {
            let is_new = |nth: &usize| !shown.contains(nth) && voided_claims.insert(*nth);
            let Some(nth) = pairs.claim_of(memo).filter(is_new) else { continue };
            let claim = &claims[nth].memo;
            let voided = Voided { key: claim.key.clone(), name: memo.name().to_owned() };
            credited.voided.extend(claim.units.iter().map(|id| (id.clone(), voided.clone())));
        }
        let counting = claims.iter().enumerate().filter(|(nth, _)| !voided_claims.contains(nth));
        for (nth, claim) in counting.map(|(nth, claim)| (nth, &claim.memo)) {
            // The ledger does not show the memo, so the claim counts.
            if !shown.contains(&nth) {
                credited.memos.push(claimed(claim));
            }
            credited.units.extend(claim.units.iter().cloned());
            credited.own.extend(claim.units.iter().cloned());
            for (instrument, amount) in claim.allocations() {
                *credited.allocations.entry(instrument.clone()).or_default() += amount;
            }
        }
        for nth in foreign {
            credited.allocate_by_item(input, nth);
        }
        credited.add_up(index);
        credited
    }

    /// Where a memo created by memobridge names no unit and its claim is lost, its key shows
    /// whether it covers a single unit, or the units of the event.
    fn name_by_key(&mut self, index: &Index<'_>, foreign: &[usize]) {
        let is_nameless_own = |nth: &&usize| {
            let memo = &self.memos[**nth];
            memo.own && memo.is_nameless() && !memo.lines.is_empty()
        };
        let nameless_own: Vec<usize> = foreign.iter().filter(is_nameless_own).copied().collect();
        if nameless_own.is_empty() {
            return;
        }
        let input = index.input;
        let inactive = input.order.units.iter().filter(|unit| !unit.is_active());
        let singles = inactive.map(|unit| vec![unit.id.clone()]);
        let event = input.cancellation.units.keys().cloned().collect();
        let with_shipping =
            |units: &Vec<UnitId>| [units.as_slice(), &[UnitId::shipping()]].concat();
        let sets: Vec<Vec<UnitId>> = singles.chain([event]).collect();
        let sets = sets.iter().flat_map(|units| [units.clone(), with_shipping(units)]);
        let key = |units: Vec<UnitId>| {
            (MemoKey::of(&input.cancellation.tenant, &input.order.id, &units), units)
        };
        let keys: BTreeMap<MemoKey, Vec<UnitId>> = sets.map(key).collect();
        let by_record: BTreeMap<&RecordId, &ExistingMemo> =
            input.billing.memos.iter().map(|memo| (&memo.id, memo)).collect();
        for nth in nameless_own {
            let record = self.memos[nth].record.as_ref();
            let memo = record.and_then(|record| by_record.get(record));
            let Some(units) = memo.and_then(|memo| keys.get(&memo.key()?)) else { continue };
            self.units.extend(units.iter().cloned());
            self.own.extend(units.iter().cloned());
            let items: Vec<UnitId> = units.iter().filter(|id| !id.is_shipping()).cloned().collect();
            match &mut self.memos[nth].lines[..] {
                [line] => line.units = items,
                _ => drop(self.named.insert(nth)),
            }
        }
    }

    /// Adds up what the memos credit, and where.
    fn add_up(&mut self, index: &Index<'_>) {
        let mut last: BTreeMap<&UnitId, &RecordId> = BTreeMap::new();
        let mut shipping = Amount::ZERO;
        let mut parts: BTreeMap<&UnitId, Amount> = BTreeMap::new();
        for (nth, memo) in self.memos.iter().enumerate() {
            self.units.extend(memo.units().cloned());
            if memo.own {
                self.own.extend(memo.units().cloned());
            }
            // A part of the shipping counts as money, like a part of a piece.
            shipping += memo.shipping;
            if memo.own && memo.shipping > Amount::ZERO {
                self.units.insert(UnitId::shipping());
                self.own.insert(UnitId::shipping());
            }
            for line in memo.lines.iter().filter(|line| line.kind == Credits::Money) {
                let products = index.products(&line.item).into_iter().map(str::to_owned);
                let (units, products) = (line.units.clone(), products.collect());
                self.money.push(Money { units, products, amount: line.net });
                if let [unit] = &line.units[..] {
                    *parts.entry(unit).or_default() += line.net;
                }
            }
            let Some(invoice) = &memo.invoice else { continue };
            *self.on_invoice.entry(invoice.clone()).or_default() += memo.credit;
            for (place, line) in memo.lines.iter().enumerate() {
                let on = index.located(invoice, line.source_line, &line.units, &line.item.id);
                if let Some(number) = on {
                    self.on_line.entry((invoice.clone(), number)).or_default().push((nth, place));
                }
            }
            for unit in memo.units() {
                let invoices = last.entry(unit).or_insert(invoice);
                if invoices.rank() < invoice.rank() {
                    *invoices = invoice;
                }
            }
        }
        // 5.00 of a shirt of 20.00 is goodwill; after a later manual credit of 15.00 the shirt is
        // credited.
        let whole = |(id, sum): &(&UnitId, Amount)| {
            index.units.get(id).is_some_and(|unit| index.least_for(&[unit]) <= *sum)
        };
        self.units.extend(parts.into_iter().filter(whole).map(|(id, _)| id.clone()));
        let net = index.input.order.shipping.net();
        if shipping > Amount::ZERO && net - index.input.policy.tolerance <= shipping {
            self.units.insert(UnitId::shipping());
        }
        self.last_credit = last.into_iter().map(|(unit, on)| (unit.clone(), on.clone())).collect();
        self.count = Count::of(index, &self.memos, &self.named);
    }

    /// Where the ledger has a memo under a planned memo's key and its lines name no units, the memo
    /// covers exactly the planned units. Returns whether that was unknown before.
    pub(super) fn adopt_existing(
        &mut self,
        input: &DecisionInput<'_>,
        planned: &[CreditMemo],
    ) -> bool {
        let before = self.units.len();
        for memo in planned {
            let places = input.billing.memos.iter().filter(|it| same(it, memo));
            for record in places.map(|it| &it.id) {
                let is_this_record =
                    |it: &ExistingCredit| it.record.as_ref() == Some(record) && it.is_nameless();
                let Some(nth) = self.memos.iter().position(is_this_record) else { continue };
                self.units.extend(memo.units.iter().cloned());
                self.own.extend(memo.units.iter().cloned());
                self.named.insert(nth);
                self.count.forget(nth);
            }
        }
        before < self.units.len()
    }

    /// The event's units that are not credited. Units that a memo credits by id are removed first,
    /// then as many of a product as its nameless pieces credit.
    pub(super) fn open<'a>(&self, input: &DecisionInput<'a>) -> Open<'a> {
        let left = self.count.left(input, &self.units);
        let mut open = Open::default();
        for (unit, Left { pieces: left, by }) in input.order.units.iter().zip(left) {
            let pieces = Decimal::from(unit.quantity);
            if !input.cancellation.units.contains_key(&unit.id) {
                continue;
            }
            if let Some(reason) = self.billed_again(unit, by) {
                open.again.get_or_insert(reason);
                open.wanted.push(unit);
            } else if self.units.contains(&unit.id) {
                // Nothing is left of a unit that a memo credits by its id.
            } else if unit.is_active() || left == pieces {
                match self.voided.get(&unit.id) {
                    Some(voided) => open.stop_at(&unit.id, voided),
                    None => open.wanted.push(unit),
                }
            } else if left > Decimal::ZERO {
                open.partly.insert(&unit.id, left);
                open.wanted.push(unit);
            }
        }
        let shipping = UnitId::shipping();
        if let Some(voided) = self.voided.get(&shipping)
            && !self.units.contains(&shipping)
            && input.order.shipping_due(input.policy).is_some()
        {
            open.stop_at(&shipping, voided);
        }
        open
    }

    /// Whether a unit was credited on one invoice, by its id or by a nameless piece of this memo,
    /// and is on a later invoice again.
    fn billed_again(&self, unit: &Unit, nameless: Option<usize>) -> Option<Reason> {
        let by_piece = || self.memos[nameless?].invoice.as_ref();
        let credited = self.last_credit.get(&unit.id).or_else(by_piece)?;
        let billed = self.last_invoice.get(&unit.id)?;
        (credited.rank() < billed.rank()).then(|| Reason::BilledAgain {
            unit: unit.id.clone(),
            credited: credited.clone(),
            billed: billed.clone(),
        })
    }

    /// Whether no other memo may credit the unit: it is credited, or claimed by a voided memo.
    pub(super) fn has(&self, unit: &UnitId) -> bool {
        self.units.contains(unit) || self.voided.contains_key(unit)
    }

    /// The amount that earlier memos took from an instrument.
    pub(super) fn allocations(&self, instrument: &InstrumentKey) -> Amount {
        self.allocations.get(instrument).copied().unwrap_or_default()
    }

    /// Sum of earlier memos on an invoice, payment lines left out.
    pub(super) fn credit_on(&self, invoice: &RecordId) -> Amount {
        self.on_invoice.get(invoice).copied().unwrap_or_default()
    }

    /// The item lines of earlier memos on one line of an invoice.
    pub(super) fn lines_on<'a>(
        &'a self,
        invoice: &'a Invoice,
        line: &'a BillingLine,
    ) -> impl Iterator<Item = &'a ExistingCreditLine> {
        self.places(invoice, line).map(|(memo, place)| &self.memos[*memo].lines[*place])
    }

    /// The names of the memos that used up an invoice, or one line of it.
    pub(super) fn takers(&self, invoice: &Invoice, line: Option<&BillingLine>) -> Vec<String> {
        let memos: BTreeSet<usize> = if let Some(line) = line {
            self.places(invoice, line).map(|(memo, _)| *memo).collect()
        } else {
            let on_it = |memo: &ExistingCredit| memo.invoice.as_ref() == Some(&invoice.id);
            (0..self.memos.len()).filter(|nth| on_it(&self.memos[*nth])).collect()
        };
        let more = memos.len().saturating_sub(MEMOS_NAMED);
        let named = memos.into_iter().take(MEMOS_NAMED);
        let named = named.map(|nth| self.memos[nth].name.clone());
        named.chain((more > 0).then(|| format!("{more} more"))).collect()
    }

    /// What memos credited on products of these units as money, not as pieces.
    pub(super) fn money_on(&self, units: &[&Unit]) -> Amount {
        let ids: BTreeSet<&UnitId> = units.iter().map(|unit| &unit.id).collect();
        let products: BTreeSet<&str> = units.iter().map(|unit| unit.product.as_str()).collect();
        let is_on_them = |money: &&Money| match money.units[..] {
            [] => money.products.iter().any(|product| products.contains(product.as_str())),
            _ => money.units.iter().any(|id| ids.contains(id)),
        };
        self.money.iter().filter(is_on_them).map(|money| money.amount).sum()
    }

    fn places(
        &self,
        invoice: &Invoice,
        line: &BillingLine,
    ) -> impl Iterator<Item = &(usize, usize)> {
        self.on_line.get(&(invoice.id.clone(), line.line)).into_iter().flatten()
    }

    /// Charges the payment lines of a memo without a claim to the instruments
    /// whose payment item they name, in order.
    fn allocate_by_item(&mut self, input: &DecisionInput<'_>, memo: usize) {
        for (item, amount) in &self.memos[memo].payments {
            let mut left = *amount;
            for instrument in &input.order.instruments {
                let entry =
                    input.maps.payment_item(&instrument.method, &instrument.provider, input.order);
                if entry.ok().and_then(crate::Entry::id).as_ref() != Some(item) {
                    continue;
                }
                let allocations = self.allocations.entry(instrument.key.clone()).or_default();
                let free = (instrument.paid().max(instrument.given_back()) - *allocations)
                    .max(Amount::ZERO);
                *allocations += free.min(left);
                left -= free.min(left);
            }
        }
    }
}

impl Open<'_> {
    fn stop_at(&mut self, unit: &UnitId, voided: &Voided) {
        let Voided { key, name } = voided.clone();
        self.voided.get_or_insert(Reason::MemoVoided { key, memo: name });
        self.on_voided.insert(unit.clone());
    }
}

/// The claims of memos on record, by the record that settled the claim or by the key: the external
/// id of the record may have been changed by hand.
struct Pairs<'a> {
    by_record: BTreeMap<&'a RecordId, usize>,
    by_key: BTreeMap<&'a MemoKey, usize>,
}

impl<'a> Pairs<'a> {
    fn of(claims: &[&'a Claim]) -> Self {
        let (mut by_record, mut by_key) = (BTreeMap::new(), BTreeMap::new());
        for (nth, claim) in claims.iter().enumerate() {
            if let Some(record) = claim.record() {
                by_record.insert(record, nth);
            }
            by_key.insert(&claim.memo.key, nth);
        }
        Self { by_record, by_key }
    }

    fn claim_of(&self, memo: &ExistingMemo) -> Option<usize> {
        let by_record = self.by_record.get(&memo.id).copied();
        by_record.or_else(|| self.by_key.get(&memo.key()?).copied())
    }
}

/// Whether the record is this memo of memobridge, by its key.
fn same(record: &ExistingMemo, memo: &CreditMemo) -> bool {
    record.standing == Standing::Valid && record.key().as_ref() == Some(&memo.key)
}

/// The products of the order that lines without unit ids may credit.
pub(super) struct Products<'a>(Index<'a>);

impl<'a> Products<'a> {
    pub(super) fn of(input: &'a DecisionInput<'a>) -> Self {
        Self(Index::of(input))
    }

    /// The product that a line without unit ids credits; the first where it may be several.
    pub(super) fn of_line(&self, line: &ExistingCreditLine) -> Option<&'a str> {
        self.0.products(&line.item).pop_first()
    }

    /// The unit with this id.
    pub(super) fn unit(&self, id: &UnitId) -> Option<&'a Unit> {
        self.0.units.get(id).copied()
    }
}
