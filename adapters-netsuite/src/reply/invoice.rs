//! An invoice.

use domain::{Amount, Invoice};

use super::{
    Node, Unreadable,
    field::{amount, date, own_id, reference, required_amount, required_reference},
    line::{billing_line, classes, items, shipping_taxes},
};
use crate::books::Books;

/// Reads an invoice with its lines.
pub(crate) fn invoice(record: &Node, books: &Books) -> Result<Invoice, Unreadable> {
    let lines = items(record).map(|line| billing_line(record, line, books));
    Ok(Invoice {
        id: own_id(record)?,
        entity: required_reference(record, "entity")?,
        currency: reference(record, "currency")?,
        account: reference(record, "account")?,
        date: date(record, "tranDate", books)?,
        total: required_amount(record, "total")?,
        remaining: remaining(record)?,
        classes: classes(record)?,
        tax_item: reference(record, "taxItem")?,
        shipping_cost: amount(record, "shippingCost")?.unwrap_or_default(),
        shipping_tax_code: reference(record, "shippingTaxCode")?,
        shipping_taxes: shipping_taxes(record)?,
        lines: lines.collect::<Result<_, _>>()?,
    })
}

/// Without a word of what remains nothing does: a memo is then left open, not misapplied.
fn remaining(record: &Node) -> Result<Amount, Unreadable> {
    Ok(amount(record, "amountRemaining")?.unwrap_or_default())
}
