//! Existing credit memos, normalised: what each of their lines credits of the order's units.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{
    super::{
        DecisionInput,
        lines::{Role, pieces, role},
        shipping,
    },
    index::Index,
};
use crate::{Amount, CreditMemo, ExistingLine, ExistingMemo, ItemRef, LineKind, RecordId, UnitId};

/// An existing credit memo, normalised.
#[derive(Debug, Clone)]
pub(in crate::decide) struct ExistingCredit {
    /// Its record; none where only its claim shows it.
    pub(in crate::decide) record: Option<RecordId>,
    /// The name that people search for.
    pub(in crate::decide) name: String,
    /// The invoice it credits.
    pub(in crate::decide) invoice: Option<RecordId>,
    /// Whether memobridge created it.
    pub(in crate::decide) own: bool,
    /// Its total, payment lines left out.
    pub(in crate::decide) credit: Amount,
    /// The part of it that is rounding.
    pub(in crate::decide) rounding: Amount,
    pub(in crate::decide) lines: Vec<ExistingCreditLine>,
    /// The amounts of its payment lines, by item.
    pub(super) payments: Vec<(RecordId, Amount)>,
    /// Shipping on it, net.
    pub(super) shipping: Amount,
}

/// An item line of an existing memo.
#[derive(Debug, Clone)]
pub(in crate::decide) struct ExistingCreditLine {
    pub(in crate::decide) item: ItemRef,
    pub(in crate::decide) source_line: Option<u32>,
    /// Pieces that it credits; zero where it credits money alone.
    pub(in crate::decide) quantity: Decimal,
    /// Before its discount.
    pub(in crate::decide) amount: Amount,
    /// After its discount.
    pub(in crate::decide) net: Amount,
    /// The units that it names, or the single unit of the line that it was made from.
    pub(in crate::decide) units: Vec<UnitId>,
    pub(in crate::decide) kind: Credits,
    /// The invoice line that it was made from, where that line names several units.
    pub(super) made_for: Option<(RecordId, u32)>,
}

/// What a line credits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::decide) enum Credits {
    /// Pieces: each is credited with its price.
    Pieces,
    /// Money: a price adjustment or goodwill, less than the price of a piece.
    Money,
}

impl ExistingCredit {
    /// The units that it credits by name.
    pub(in crate::decide) fn units(&self) -> impl Iterator<Item = &UnitId> {
        let pieces = self.lines.iter().filter(|line| line.kind == Credits::Pieces);
        pieces.flat_map(|line| &line.units)
    }

    /// Whether none of its item lines names a unit.
    pub(super) fn is_nameless(&self) -> bool {
        self.lines.iter().all(|line| line.units.is_empty())
    }
}

impl ExistingCreditLine {
    /// A line that credits pieces, before the discount lines that may follow it.
    fn of(
        item: &ItemRef,
        source_line: Option<u32>,
        quantity: Decimal,
        amount: Amount,
        units: &[UnitId],
    ) -> Self {
        Self {
            item: item.clone(),
            source_line,
            quantity,
            amount,
            net: amount,
            units: units.to_vec(),
            kind: Credits::Pieces,
            made_for: None,
        }
    }
}

/// A discount line belongs to the item lines before it.
fn discount(lines: &mut [ExistingCreditLine], amount: Amount) {
    if let Some(last) = lines.last_mut() {
        last.net += amount;
    }
}

/// Whether a memo credits shipping.
pub(in crate::decide) fn credits_shipping(input: &DecisionInput<'_>, memo: &ExistingMemo) -> bool {
    shipping_on(input, memo) > Amount::ZERO
}

/// The shipping that a memo credits in its body and on its lines, net.
fn shipping_on(input: &DecisionInput<'_>, memo: &ExistingMemo) -> Amount {
    let is_shipping = |line: &&ExistingLine| {
        role(&line.item.id, line.amount, input.policy, input.maps) == Role::Shipping
    };
    memo.shipping_cost + memo.lines.iter().filter(is_shipping).map(|line| line.amount).sum()
}

/// Normalises a memo on record, with its claim if memobridge created it.
pub(super) fn existing_credit(
    index: &Index<'_>,
    memo: &ExistingMemo,
    claim: Option<&CreditMemo>,
) -> ExistingCredit {
    let input = index.input;
    let is_own = claim.is_some() || memo.is_own();
    let (mut lines, mut payments) = (Vec::<ExistingCreditLine>::new(), Vec::new());
    let mut rounding = Amount::ZERO;
    for line in &memo.lines {
        match role(&line.item.id, line.amount, input.policy, input.maps) {
            Role::Item => {
                let quantity = pieces(line.quantity, Decimal::ONE);
                let (source_line, units) = (line.source_line, &line.units);
                lines.push(ExistingCreditLine::of(
                    &line.item,
                    source_line,
                    quantity,
                    line.amount,
                    units,
                ));
            }
            Role::Discount => discount(&mut lines, line.amount),
            Role::Payment => payments.push((line.item.id.clone(), -line.amount)),
            Role::Rounding => rounding += line.amount,
            Role::Tax | Role::Shipping => {}
        }
    }
    let is_nameless = lines.iter().all(|line| line.units.is_empty());
    match claim.filter(|_| is_nameless) {
        Some(claim) => lines = claimed(claim).lines,
        // A memo of memobridge credits the units of its claim, even where its amounts were edited.
        None => lines.iter_mut().for_each(|line| read(index, memo, line, is_own)),
    }
    let allocations: Amount = payments.iter().map(|(_, amount)| *amount).sum();
    ExistingCredit {
        record: Some(memo.id.clone()),
        name: memo.name().to_owned(),
        invoice: invoice(index, memo, claim, &lines, is_own),
        own: is_own,
        credit: memo.total + allocations,
        rounding,
        lines,
        payments,
        shipping: shipping_on(input, memo),
    }
}

/// Finds the units of a line, and whether the line credits them. A unit is credited only by its
/// full price, so that 5.00 of a shirt of 20.00 is money and no shirt.
fn read(index: &Index<'_>, memo: &ExistingMemo, line: &mut ExistingCreditLine, is_own: bool) {
    if line.units.is_empty() {
        let source = memo.created_from.as_ref();
        let target = index.made_for(source, line.source_line, &line.item.id);
        let target = target.filter(|it| !it.units.is_empty());
        let least = match &target {
            Some(target) => target.least,
            None => index.least_of(&index.products(&line.item)),
        };
        if !is_own && least.is_some_and(|least| price(line) < least) {
            line.kind = Credits::Money;
            if let Some([only]) = target.map(|it| it.units) {
                line.units = vec![only.id.clone()];
            }
        } else if let Some(target) = target {
            if target.is_whole(Some(line.quantity)) && index.least_for(target.units) <= line.net {
                line.units = target.units.iter().map(|unit| unit.id.clone()).collect();
            } else {
                line.made_for = Some((target.invoice.clone(), target.number));
            }
        }
    } else if !is_own {
        let known: Vec<_> =
            line.units.iter().filter_map(|id| index.units.get(id).copied()).collect();
        if !known.is_empty() && line.net < index.least_for(&known) {
            line.kind = Credits::Money;
        }
    }
    if line.kind == Credits::Money {
        line.quantity = Decimal::ZERO;
    }
}

/// The credit of one piece of a line.
pub(super) fn price(line: &ExistingCreditLine) -> Decimal {
    line.net.share(Decimal::ONE, line.quantity).value()
}

/// The invoice that a memo credits. A memo that has the order's number but names no invoice counts
/// against the only invoice that it can belong to.
fn invoice(
    index: &Index<'_>,
    memo: &ExistingMemo,
    claim: Option<&CreditMemo>,
    lines: &[ExistingCreditLine],
    is_own: bool,
) -> Option<RecordId> {
    let is_known = |id: &&RecordId| !index.has_invoices() || index.is_invoice(Some(*id));
    let units: Vec<&UnitId> = lines.iter().flat_map(|line| &line.units).collect();
    let items: BTreeSet<&RecordId> = lines.iter().map(|line| &line.item.id).collect();
    let items: Vec<&RecordId> = items.into_iter().collect();
    let by_shipping = || {
        let is_alone = lines.is_empty() && credits_shipping(index.input, memo);
        shipping::shipping_invoice(index.input).0.filter(|_| is_alone).map(|it| it.id.clone())
    };
    let is_applied = !memo.applied_to.is_empty();
    let item_decides = !is_own && !is_applied && (units.is_empty() || !index.names_units());
    let by_item = || index.invoice_having(&items).filter(|_| item_decides);
    let invoice = memo.created_from.as_ref().filter(is_known).cloned();
    let invoice = invoice.or_else(|| claim.and_then(|it| it.source.invoice().cloned()));
    let invoice = invoice.or_else(|| memo.applied_to.iter().find(is_known).cloned());
    invoice.or_else(|| index.invoice_naming(&units)).or_else(by_shipping).or_else(by_item)
}

/// A memo created by memobridge that only its claim shows.
pub(super) fn claimed(memo: &CreditMemo) -> ExistingCredit {
    let mut lines: Vec<ExistingCreditLine> = Vec::new();
    for line in &memo.lines {
        match line.kind {
            LineKind::Item => {
                let item = ItemRef { id: line.item.clone(), external_id: None, name: None };
                let quantity = Decimal::from(line.quantity.unwrap_or(1));
                let (source_line, units) = (line.source_line, &line.units);
                lines.push(ExistingCreditLine::of(
                    &item,
                    source_line,
                    quantity,
                    line.amount,
                    units,
                ));
            }
            LineKind::Discount => discount(&mut lines, line.amount),
            _ => {}
        }
    }
    ExistingCredit {
        record: None,
        name: memo.key.to_string(),
        invoice: memo.source.invoice().cloned(),
        own: true,
        credit: memo.credit,
        rounding: Amount::ZERO,
        lines,
        payments: Vec::new(),
        shipping: Amount::ZERO,
    }
}
