//! What is credited already: memos on record, whoever made them, and our own claims.
//!
//! A memo on record that is ours is read together with its claim, so that its
//! units are known even where the line key column is missing. A settled claim
//! counts even where the ledger does not show its memo.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::{
    Case,
    lines::{Role, likeness, pieces, role},
    shipping,
};
use crate::{
    Amount, BillingLine, Claim, ClaimState, CreditMemo, ExistingLine, ExistingMemo, InstrumentKey,
    Invoice, ItemRef, LineKind, MemoKey, RecordId, Unit, UnitId,
};

/// One earlier memo, brought to one form.
#[derive(Debug, Clone)]
pub(super) struct Booked {
    /// Its record; none where only our claim shows it.
    pub(super) record: Option<RecordId>,
    /// The invoice it credits.
    pub(super) invoice: Option<RecordId>,
    /// Whether we made it.
    pub(super) ours: bool,
    /// Its total, payment lines left out.
    pub(super) credit: Amount,
    /// What of that is rounding.
    pub(super) rounding: Amount,
    pub(super) lines: Vec<BookedLine>,
    /// What its payment lines took, by item.
    payments: Vec<(RecordId, Amount)>,
}

/// Goods on an earlier memo.
#[derive(Debug, Clone)]
pub(super) struct BookedLine {
    pub(super) item: ItemRef,
    pub(super) source_line: Option<u32>,
    pub(super) quantity: Decimal,
    /// Before its discount.
    pub(super) amount: Amount,
    /// After its discount.
    pub(super) net: Amount,
    pub(super) units: Vec<UnitId>,
}

/// Everything credited for the order so far.
#[derive(Debug)]
pub(super) struct Credited {
    pub(super) memos: Vec<Booked>,
    /// Units known by id, shipping among them.
    pub(super) units: BTreeSet<UnitId>,
    /// Units known by id on memos that are ours.
    pub(super) ours: BTreeSet<UnitId>,
    taken: BTreeMap<InstrumentKey, Amount>,
}

impl Credited {
    pub(super) fn of(case: &Case<'_>) -> Self {
        let settled = case.claims.iter().filter(|it| !it.is_open());
        let claims: Vec<&Claim> = settled.collect();
        let on_record = case.billing.memos.iter().map(|memo| {
            let claim = claims.iter().find(|claim| is_of(memo, claim));
            booked(case, memo, claim.map(|it| &it.memo))
        });
        let hidden =
            claims.iter().filter(|claim| !case.billing.memos.iter().any(|it| is_of(it, claim)));
        let mut credited = Self {
            memos: on_record.chain(hidden.map(|claim| claimed(&claim.memo))).collect(),
            units: BTreeSet::new(),
            ours: BTreeSet::new(),
            taken: BTreeMap::new(),
        };
        for memo in case.billing.memos.iter().filter(|it| credits_shipping(case, it)) {
            credited.units.insert(UnitId::shipping());
            if memo.external_id.as_deref().is_some_and(MemoKey::is_ours) {
                credited.ours.insert(UnitId::shipping());
            }
        }
        for memo in &credited.memos {
            for unit in memo.lines.iter().flat_map(|it| &it.units) {
                credited.units.insert(unit.clone());
                if memo.ours {
                    credited.ours.insert(unit.clone());
                }
            }
        }
        for claim in claims.iter().map(|it| &it.memo) {
            credited.units.extend(claim.units.iter().cloned());
            credited.ours.extend(claim.units.iter().cloned());
            for (instrument, amount) in claim.takings() {
                *credited.taken.entry(instrument.clone()).or_default() += amount;
            }
        }
        let foreign = |memo: &&ExistingMemo| !claims.iter().any(|claim| is_of(memo, claim));
        for memo in case.billing.memos.iter().filter(foreign) {
            credited.take_by_item(case, &booked(case, memo, None));
        }
        credited
    }

    /// Where the ledger has a memo under a planned memo's key and its lines name no
    /// units, it is over these very units. Whether that was news.
    pub(super) fn recognise(&mut self, case: &Case<'_>, planned: &[CreditMemo]) -> bool {
        let nameless = |it: &&ExistingMemo| it.lines.iter().all(|line| line.units.is_empty());
        let on_record = |memo: &&CreditMemo| {
            case.billing.memos.iter().filter(nameless).any(|it| same(it, memo))
        };
        let before = self.units.len();
        for memo in planned.iter().filter(on_record) {
            self.units.extend(memo.units.iter().cloned());
            self.ours.extend(memo.units.iter().cloned());
        }
        before < self.units.len()
    }

    /// The units of the event that are on no memo yet: those on one by id are
    /// dropped first, then as many of a product as its nameless lines account for.
    pub(super) fn still_wanted<'a>(&self, case: &Case<'a>) -> Vec<&'a Unit> {
        let named = |unit: &&Unit| case.cancellation.units.contains_key(&unit.id);
        let open = |unit: &&Unit| !self.units.contains(&unit.id);
        let mut left: BTreeMap<&str, Decimal> = BTreeMap::new();
        let wanted = case.order.units.iter().filter(named).filter(open);
        let creditable = |unit: &&'a Unit| {
            let Some(allowed) = self.countable(case, &unit.product) else {
                return true;
            };
            let left = left.entry(unit.product.as_str()).or_insert(allowed);
            let pieces = Decimal::from(unit.quantity);
            let fits = pieces <= *left;
            if fits {
                *left -= pieces;
            }
            fits
        };
        wanted.filter(creditable).collect()
    }

    /// What an instrument has given to earlier memos.
    pub(super) fn taken(&self, instrument: &InstrumentKey) -> Amount {
        self.taken.get(instrument).copied().unwrap_or_default()
    }

    /// Σ of earlier memos on an invoice, payment lines left out.
    pub(super) fn credit_on(&self, invoice: &RecordId) -> Amount {
        let on_it = self.memos.iter().filter(|it| it.invoice.as_ref() == Some(invoice));
        on_it.map(|it| it.credit).sum()
    }

    /// Earlier memos' goods on one line of an invoice.
    pub(super) fn lines_on<'a>(
        &'a self,
        invoice: &'a Invoice,
        line: &'a BillingLine,
    ) -> impl Iterator<Item = &'a BookedLine> {
        let on_it = self.memos.iter().filter(|it| it.invoice.as_ref() == Some(&invoice.id));
        let lines = on_it.flat_map(|it| &it.lines);
        lines.filter(|it| located(it, invoice).is_some_and(|found| found.line == line.line))
    }

    /// How many pieces of a product may still be credited, where earlier memos
    /// credit it without naming units.
    fn countable(&self, case: &Case<'_>, product: &str) -> Option<Decimal> {
        let mut lines = self.memos.iter().flat_map(|memo| &memo.lines);
        if lines.all(|line| !line.units.is_empty()) {
            return None;
        }
        let items = items_of(case, product);
        let is_product = |line: &&BookedLine| {
            let by_unit = |id| case.order.unit(id).is_some_and(|it| it.product == product);
            if line.units.is_empty() {
                return items.contains(&line.item.id) || likeness(&line.item, product).is_some();
            }
            line.units.iter().any(by_unit)
        };
        let lines = self.memos.iter().flat_map(|it| &it.lines).filter(is_product);
        let lines: Vec<_> = lines.collect();
        if lines.iter().all(|it| !it.units.is_empty()) {
            return None;
        }
        let of_product = case.order.units.iter().filter(|it| it.product == product);
        let cancelled = of_product.filter(|it| it.status == crate::UnitStatus::Cancelled);
        let cancelled: Decimal = cancelled.map(|it| Decimal::from(it.quantity)).sum();
        let credited: Decimal = lines.iter().map(|it| it.quantity).sum();
        Some((cancelled - credited).max(Decimal::ZERO))
    }

    /// Charges the payment lines of a memo without a claim to the instruments
    /// whose payment item they name, in order.
    fn take_by_item(&mut self, case: &Case<'_>, memo: &Booked) {
        for (item, amount) in &memo.payments {
            let mut left = *amount;
            for instrument in &case.order.instruments {
                let entry =
                    case.maps.payment_item(&instrument.method, &instrument.provider, case.order);
                if entry.ok().and_then(crate::Entry::id).as_ref() != Some(item) {
                    continue;
                }
                let taken = self.taken.entry(instrument.key.clone()).or_default();
                let free =
                    (instrument.paid().max(instrument.given_back()) - *taken).max(Amount::ZERO);
                *taken += free.min(left);
                left -= free.min(left);
            }
        }
    }
}

/// Whether the record is the one that a claim was settled with; somebody may have given it
/// another external id.
fn is_of(record: &ExistingMemo, claim: &Claim) -> bool {
    claim.state == ClaimState::Settled(record.id.clone()) || same(record, &claim.memo)
}

/// Whether the record is this memo of ours, by its key.
fn same(record: &ExistingMemo, memo: &CreditMemo) -> bool {
    let id = record.external_id.as_deref().unwrap_or("");
    id.eq_ignore_ascii_case(memo.key.as_str())
}

/// The invoice line that an earlier memo's line credits; `None` where it could be
/// any of several, which the count of its product then limits together.
fn located<'a>(booked: &BookedLine, invoice: &'a Invoice) -> Option<&'a BillingLine> {
    let by_number = booked.source_line.and_then(|it| invoice.line(it));
    let by_unit = || {
        let named = |line: &&BillingLine| line.units.iter().any(|it| booked.units.contains(it));
        invoice.lines.iter().find(named)
    };
    let by_item = || {
        let mut same = invoice.lines.iter().filter(|it| it.item.id == booked.item.id);
        same.next().filter(|_| same.next().is_none())
    };
    by_number.or_else(by_unit).or_else(by_item)
}

/// The records of items that billing lines show to be the product.
fn items_of<'a>(case: &Case<'a>, product: &str) -> BTreeSet<&'a RecordId> {
    let invoiced = case.billing.invoices.iter().flat_map(|it| &it.lines);
    let ordered = case.billing.sales_order.iter().flat_map(|it| &it.lines).map(|it| &it.line);
    let is_product = |line: &&BillingLine| {
        let by_unit = |id| case.order.unit(id).is_some_and(|it| it.product == product);
        line.units.iter().any(by_unit) || likeness(&line.item, product).is_some()
    };
    invoiced.chain(ordered).filter(is_product).map(|it| &it.item.id).collect()
}

/// The product of the order that a line without unit ids is about.
pub(super) fn product_of<'a>(case: &Case<'a>, line: &BookedLine) -> Option<&'a str> {
    let is_it = |product: &&str| {
        items_of(case, product).contains(&line.item.id) || likeness(&line.item, product).is_some()
    };
    case.order.units.iter().map(|it| it.product.as_str()).find(is_it)
}

/// Whether a memo credits the shipping.
pub(super) fn credits_shipping(case: &Case<'_>, memo: &ExistingMemo) -> bool {
    let is_shipping = |line: &ExistingLine| {
        role(&line.item.id, line.amount, case.policy, case.maps) == Role::Shipping
    };
    Amount::ZERO < memo.shipping_cost || memo.lines.iter().any(is_shipping)
}

fn booked(case: &Case<'_>, memo: &ExistingMemo, claim: Option<&CreditMemo>) -> Booked {
    let mut lines: Vec<BookedLine> = Vec::new();
    let mut payments = Vec::new();
    let mut rounding = Amount::ZERO;
    for line in &memo.lines {
        match role(&line.item.id, line.amount, case.policy, case.maps) {
            Role::Goods => lines.push(BookedLine {
                item: line.item.clone(),
                source_line: line.source_line,
                quantity: pieces(line.quantity, Decimal::ONE),
                amount: line.amount,
                net: line.amount,
                units: units_on(case, memo, line),
            }),
            Role::Discount => {
                if let Some(last) = lines.last_mut() {
                    last.net += line.amount;
                }
            }
            Role::Payment => payments.push((line.item.id.clone(), -line.amount)),
            Role::Rounding => rounding += line.amount,
            Role::Tax | Role::Shipping => {}
        }
    }
    let nameless = lines.iter().all(|it| it.units.is_empty());
    if let Some(claim) = claim.filter(|_| nameless) {
        lines = claimed(claim).lines;
    }
    let taken: Amount = payments.iter().map(|(_, amount)| *amount).sum();
    let by_unit = || {
        let units: Vec<_> = lines.iter().flat_map(|it| &it.units).collect();
        let named =
            |it: &&Invoice| it.lines.iter().flat_map(|it| &it.units).any(|id| units.contains(&id));
        case.billing.invoices.iter().find(named).map(|it| it.id.clone())
    };
    let by_shipping = || {
        let alone = lines.is_empty() && credits_shipping(case, memo);
        shipping::bearer(case).0.filter(|_| alone).map(|it| it.id.clone())
    };
    let invoice = memo.created_from.clone();
    let invoice = invoice.or_else(|| claim.and_then(|it| it.source.invoice().cloned()));
    let invoice = invoice.or_else(|| memo.applied_to.first().cloned());
    let invoice = invoice.or_else(by_unit).or_else(by_shipping);
    let ours = claim.is_some() || memo.external_id.as_deref().is_some_and(MemoKey::is_ours);
    let record = Some(memo.id.clone());
    let credit = memo.total + taken;
    Booked { record, invoice, ours, credit, rounding, lines, payments }
}

/// The units on an earlier memo's line: those it names, else the one unit of the
/// invoice line it was made for, where that unit is cancelled and credited in full.
fn units_on(case: &Case<'_>, memo: &ExistingMemo, line: &ExistingLine) -> Vec<UnitId> {
    let invoice = memo.created_from.as_ref();
    let invoice = case.billing.invoices.iter().find(|it| Some(&it.id) == invoice);
    let made_for = invoice.zip(line.source_line).and_then(|(it, number)| it.line(number));
    let made_for = made_for.filter(|it| it.item.id == line.item.id && line.units.is_empty());
    let [id] = made_for.map_or(&[][..], |it| &it.units) else {
        return line.units.clone();
    };
    let in_full = |it: &Unit| {
        it.status == crate::UnitStatus::Cancelled
            && Decimal::from(it.quantity) <= pieces(line.quantity, Decimal::ONE)
            && it.net(case.order.treatment) <= line.amount + case.policy.tolerance
    };
    if case.order.unit(id).is_some_and(in_full) { vec![id.clone()] } else { Vec::new() }
}

fn claimed(memo: &CreditMemo) -> Booked {
    let mut lines: Vec<BookedLine> = Vec::new();
    for line in &memo.lines {
        match line.kind {
            LineKind::Item => lines.push(BookedLine {
                item: ItemRef { id: line.item.clone(), external_id: None, name: None },
                source_line: line.source_line,
                quantity: Decimal::from(line.quantity.unwrap_or(1)),
                amount: line.amount,
                net: line.amount,
                units: line.units.clone(),
            }),
            LineKind::Discount => {
                if let Some(last) = lines.last_mut() {
                    last.net += line.amount;
                }
            }
            _ => {}
        }
    }
    let invoice = memo.source.invoice().cloned();
    let (rounding, payments) = (Amount::ZERO, Vec::new());
    Booked { record: None, invoice, ours: true, credit: memo.credit, rounding, lines, payments }
}
