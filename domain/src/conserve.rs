//! Checks what the memos of an order add up to, before anything is sent.
//!
//! The memos never exceed the invoice. After the whole order is credited, they equal exactly what
//! the customer owed: the cents that rounding left over, or that an invoice lacks, get a line of
//! their own.

use std::collections::BTreeMap;

use crate::{Amount, CreditMemo, Currency, Invoice, LineKind, RecordId, UnitId};

/// The amount by which the memos are below or above what the customer owed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RoundingDifference {
    /// Nothing.
    None,
    /// So few cents that rounding explains the difference.
    Rounding(Amount),
    /// More than rounding can explain.
    Unexplained(Amount),
}

/// The largest difference that rounding explains: one smallest currency unit per unit of the order.
pub(crate) fn rounding_bound(units: usize, money: Currency) -> Amount {
    std::iter::repeat_n(money.smallest(), units).sum()
}

/// Compares what the customer owed with the sum of all memos.
pub(crate) fn rounding_difference(
    owed: Amount,
    credited: Amount,
    units: usize,
    money: Currency,
) -> RoundingDifference {
    let difference = owed - credited;
    if difference.is_zero() {
        RoundingDifference::None
    } else if difference.abs() <= rounding_bound(units, money) {
        RoundingDifference::Rounding(difference)
    } else {
        RoundingDifference::Unexplained(difference)
    }
}

/// An invoice's total without its payment lines.
pub(crate) fn invoiced(
    invoice: &Invoice,
    is_payment: impl Fn(&RecordId, Amount) -> bool,
) -> Amount {
    let paid = invoice.lines.iter().filter(|line| is_payment(&line.item.id, line.amount));
    invoice.total - paid.map(|it| it.amount).sum()
}

/// Net amount of a memo's items on each line of its invoice, discount included. `line_of` returns
/// the line of a unit where the memo names none.
pub(crate) fn net_on_lines(
    memo: &CreditMemo,
    line_of: impl Fn(&UnitId) -> Option<u32>,
) -> BTreeMap<u32, Amount> {
    let mut nets: BTreeMap<u32, Amount> = BTreeMap::new();
    let mut number = None;
    for line in &memo.lines {
        number = match line.kind {
            LineKind::Item => line.source_line.or_else(|| line.units.iter().find_map(&line_of)),
            LineKind::Discount => number,
            _ => None,
        };
        if let Some(number) = number {
            *nets.entry(number).or_default() += line.amount;
        }
    }
    nets
}
