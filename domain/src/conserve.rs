//! Conservation: what memos add up to, checked before anything is sent.
//!
//! Never above the invoice, and after the whole order is credited exactly what
//! the customer owed: the cents that rounding left over get a line of their own.

use crate::{Amount, CreditMemo, Currency, Invoice, LineKind, RecordId};

/// What the order still lacks to add up, or has too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Residue {
    /// Nothing.
    None,
    /// So few cents that rounding explains them.
    Rounding(Amount),
    /// More than rounding can explain.
    Unexplained(Amount),
}

/// Compares what the customer owed with what all memos come to. At most one
/// smallest currency unit per unit of the order is rounding.
pub(crate) fn residue(owed: Amount, credited: Amount, units: usize, money: Currency) -> Residue {
    let difference = owed - credited;
    let bound: Amount = std::iter::repeat_n(money.smallest(), units).sum();
    match () {
        () if difference.is_zero() => Residue::None,
        () if difference.abs() <= bound => Residue::Rounding(difference),
        () => Residue::Unexplained(difference),
    }
}

/// What of a rounding residue fits on a memo of this credit: the invoice must not come
/// above its total, nor the memo below nothing.
pub(crate) fn placeable(residue: Amount, room: Amount, credit: Amount) -> Amount {
    residue.min(room.max(Amount::ZERO)).max(-credit)
}

/// An invoice's total, payment lines left out.
pub(crate) fn invoiced(
    invoice: &Invoice,
    is_payment: impl Fn(&RecordId, Amount) -> bool,
) -> Amount {
    let paid = invoice.lines.iter().filter(|it| is_payment(&it.item.id, it.amount));
    invoice.total - paid.map(|it| it.amount).sum()
}

/// Net amount of a memo's goods on one line of its invoice, discount included.
pub(crate) fn net_on_line(memo: &CreditMemo, line: u32, units: &[crate::UnitId]) -> Amount {
    let mut sum = Amount::ZERO;
    let mut on_line = false;
    for it in &memo.lines {
        on_line = match it.kind {
            LineKind::Item => {
                it.source_line == Some(line)
                    || (it.source_line.is_none() && it.units.iter().any(|id| units.contains(id)))
            }
            LineKind::Discount => on_line,
            _ => false,
        };
        if on_line {
            sum += it.amount;
        }
    }
    sum
}
