//! Lines of a transaction, and what hangs on them: items, unit ids, tax details.

use domain::{Amount, BillingLine, Classes, ItemRef, LineTax, UnitId};

use super::{
    Node, Unreadable,
    field::{amount, flag, integer, number, reference, required_amount, required_reference},
};
use crate::{books::Books, request::SHIPPING_TAXES};

/// Header classification.
pub(super) fn classes(record: &Node) -> Result<Classes, Unreadable> {
    Ok(Classes {
        location: reference(record, "location")?,
        department: reference(record, "department")?,
        class: reference(record, "class")?,
        subsidiary: reference(record, "subsidiary")?,
    })
}

/// The nodes of a record's item lines.
pub(super) fn items(record: &Node) -> impl Iterator<Item = &Node> {
    record.child("itemList").into_iter().flat_map(|it| it.all("item"))
}

/// A line of an invoice or a sales order.
pub(super) fn billing_line(
    record: &Node,
    line: &Node,
    books: &Books,
) -> Result<BillingLine, Unreadable> {
    let name = line.value("taxDetailsReference");
    Ok(BillingLine {
        line: integer(line, "line")?.ok_or(Unreadable::Missing("line"))?,
        item: item(line)?,
        quantity: number(line, "quantity")?,
        amount: line_amount(line)?,
        tax_code: reference(line, "taxCode")?,
        taxable: flag(line, "isTaxable")?,
        taxes: name.map_or_else(|| Ok(Vec::new()), |it| taxes(record, |row| is_of(row, it)))?,
        location: reference(line, "location")?,
        units: units(line, books),
    })
}

/// The item that a line names.
pub(super) fn item(line: &Node) -> Result<ItemRef, Unreadable> {
    let node = line.required("item")?;
    Ok(ItemRef {
        id: required_reference(line, "item")?,
        external_id: node.attribute("externalId").map(str::to_owned),
        name: node.value("name").map(str::to_owned),
    })
}

/// What a line comes to; lines that only say something come to nothing.
pub(super) fn line_amount(line: &Node) -> Result<Amount, Unreadable> {
    if let Some(amount) = amount(line, "amount")? {
        return Ok(amount);
    }
    // A rate may also be a percentage, but then the amount is given.
    let rate = amount(line, "rate").ok().flatten().unwrap_or_default();
    let quantity = number(line, "quantity")?.unwrap_or_default();
    let product = rate.value().saturating_mul(quantity);
    Amount::new(product).map_err(|_| Unreadable::value("rate", &product.to_string()))
}

/// The unit ids on a line, from the key column.
pub(super) fn units(line: &Node, books: &Books) -> Vec<UnitId> {
    let fields = line.child("customFieldList").into_iter().flat_map(|it| it.all("customField"));
    // Older versions give the script id as internal id.
    let is_key = |it: &&Node| {
        let names = [it.attribute("scriptId"), it.attribute("internalId")];
        names.iter().flatten().any(|name| name.eq_ignore_ascii_case(&books.line_key_field))
    };
    let values = fields.filter(is_key).filter_map(|it| it.value("value"));
    values.flat_map(Books::units).collect()
}

/// The tax details of the body's shipping.
pub(super) fn shipping_taxes(record: &Node) -> Result<Vec<LineTax>, Unreadable> {
    let is_shipping = |row: &Node| {
        is_of(row, SHIPPING_TAXES)
            || row.value("lineType").is_some_and(|it| it.eq_ignore_ascii_case(SHIPPING_TAXES))
    };
    taxes(record, is_shipping)
}

fn taxes(record: &Node, wanted: impl Fn(&Node) -> bool) -> Result<Vec<LineTax>, Unreadable> {
    let rows = record.child("taxDetailsList").into_iter().flat_map(|it| it.all("taxDetails"));
    rows.filter(|row| wanted(row)).map(tax).collect()
}

fn is_of(row: &Node, name: &str) -> bool {
    row.value("taxDetailsReference").is_some_and(|it| it.eq_ignore_ascii_case(name))
}

fn tax(row: &Node) -> Result<LineTax, Unreadable> {
    Ok(LineTax {
        tax_type: required_reference(row, "taxType")?,
        tax_code: required_reference(row, "taxCode")?,
        rate: number(row, "taxRate")?,
        amount: required_amount(row, "taxAmount")?,
    })
}
