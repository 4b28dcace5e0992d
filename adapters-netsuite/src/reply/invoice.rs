//! An invoice.

use domain::{Amount, Invoice};

use super::{
    Node, XmlError,
    field::{amount, date, own_id, reference, required_amount, required_reference},
    line::{TaxDetails, billing_line, classes, items},
};
use crate::account_conventions::AccountConventions;

/// Reads an invoice with its lines.
pub(crate) fn invoice(
    record: &Node,
    conventions: &AccountConventions,
) -> Result<Invoice, XmlError> {
    let taxes = TaxDetails::of(record, conventions);
    let lines = items(record).map(|line| billing_line(line, &taxes, conventions));
    Ok(Invoice {
        id: own_id(record)?,
        entity: required_reference(record, "entity")?,
        currency: reference(record, "currency")?,
        account: reference(record, "account")?,
        date: date(record, "tranDate", conventions)?,
        total: required_amount(record, "total", conventions)?,
        remaining: remaining(record, conventions)?,
        classes: classes(record)?,
        tax_item: reference(record, "taxItem")?,
        shipping_cost: amount(record, "shippingCost", conventions)?.unwrap_or_default(),
        shipping_tax_code: reference(record, "shippingTaxCode")?,
        shipping_taxes: taxes.of_shipping()?,
        lines: lines.collect::<Result<_, _>>()?,
    })
}

/// Zero where the invoice does not state its open amount: the memo is then left open instead of
/// misapplied.
fn remaining(record: &Node, conventions: &AccountConventions) -> Result<Amount, XmlError> {
    Ok(amount(record, "amountRemaining", conventions)?.unwrap_or_default())
}
