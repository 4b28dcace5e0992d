//! An invoice.

use domain::{Amount, Invoice};

use super::{
    Node, Unreadable,
    field::{amount, date, own_id, reference, required_amount, required_reference},
    line::{TaxDetails, billing_line, classes, items},
};
use crate::books::Books;

/// Reads an invoice with its lines.
pub(crate) fn invoice(record: &Node, books: &Books) -> Result<Invoice, Unreadable> {
    let taxes = TaxDetails::of(record, books);
    let lines = items(record).map(|line| billing_line(line, &taxes, books));
    Ok(Invoice {
        id: own_id(record)?,
        entity: required_reference(record, "entity")?,
        currency: reference(record, "currency")?,
        account: reference(record, "account")?,
        date: date(record, "tranDate", books)?,
        total: required_amount(record, "total", books)?,
        remaining: remaining(record, books)?,
        classes: classes(record)?,
        tax_item: reference(record, "taxItem")?,
        shipping_cost: amount(record, "shippingCost", books)?.unwrap_or_default(),
        shipping_tax_code: reference(record, "shippingTaxCode")?,
        shipping_taxes: taxes.of_shipping()?,
        lines: lines.collect::<Result<_, _>>()?,
    })
}

/// Without a word of what remains nothing does: a memo is then left open, not misapplied.
fn remaining(record: &Node, books: &Books) -> Result<Amount, Unreadable> {
    Ok(amount(record, "amountRemaining", books)?.unwrap_or_default())
}
