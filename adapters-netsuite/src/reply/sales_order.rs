//! A sales order.

use domain::{OrderLine, SalesOrder};

use super::{
    Node, Unreadable,
    field::{flag, number, own_id, reference, required_reference},
    line::{TaxDetails, billing_line, classes, items},
};
use crate::books::Books;

/// Reads a sales order with its lines.
pub(crate) fn sales_order(record: &Node, books: &Books) -> Result<SalesOrder, Unreadable> {
    let taxes = TaxDetails::of(record, books);
    let lines = items(record).map(|line| order_line(line, &taxes, books));
    Ok(SalesOrder {
        id: own_id(record)?,
        entity: required_reference(record, "entity")?,
        currency: reference(record, "currency")?,
        classes: classes(record)?,
        tax_item: reference(record, "taxItem")?,
        lines: lines.collect::<Result<_, _>>()?,
    })
}

fn order_line(line: &Node, taxes: &TaxDetails<'_>, books: &Books) -> Result<OrderLine, Unreadable> {
    Ok(OrderLine {
        line: billing_line(line, taxes, books)?,
        closed: flag(line, "isClosed")?.unwrap_or_default(),
        billed: number(line, "quantityBilled")?.unwrap_or_default(),
        fulfilled: number(line, "quantityFulfilled")?.unwrap_or_default(),
    })
}
