//! A sales order.

use domain::{OrderLine, SalesOrder};

use super::{
    Node, XmlError,
    field::{flag, number, own_id, reference, required_reference},
    line::{TaxDetails, billing_line, classes, items},
};
use crate::account_conventions::AccountConventions;

/// Reads a sales order with its lines.
pub(crate) fn sales_order(
    record: &Node,
    conventions: &AccountConventions,
) -> Result<SalesOrder, XmlError> {
    let taxes = TaxDetails::of(record, conventions);
    let lines = items(record).map(|line| order_line(line, &taxes, conventions));
    Ok(SalesOrder {
        id: own_id(record)?,
        entity: required_reference(record, "entity")?,
        currency: reference(record, "currency")?,
        classes: classes(record)?,
        tax_item: reference(record, "taxItem")?,
        lines: lines.collect::<Result<_, _>>()?,
    })
}

fn order_line(
    line: &Node,
    taxes: &TaxDetails<'_>,
    conventions: &AccountConventions,
) -> Result<OrderLine, XmlError> {
    Ok(OrderLine {
        line: billing_line(line, taxes, conventions)?,
        closed: flag(line, "isClosed")?.unwrap_or_default(),
        billed: number(line, "quantityBilled")?.unwrap_or_default(),
        fulfilled: number(line, "quantityFulfilled")?.unwrap_or_default(),
    })
}
