//! Lines of a transaction, with their items, unit ids and tax details.

use std::collections::HashMap;

use domain::{Amount, BillingLine, Classes, ItemRef, LineTax, UnitId};

use super::{
    Node, XmlError,
    field::{amount, flag, integer, number, reference, required_amount, required_reference},
};
use crate::{account_conventions::AccountConventions, request::SHIPPING_TAXES};

/// Header classification.
pub(super) fn classes(record: &Node) -> Result<Classes, XmlError> {
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
    line: &Node,
    taxes: &TaxDetails<'_>,
    conventions: &AccountConventions,
) -> Result<BillingLine, XmlError> {
    Ok(BillingLine {
        line: integer(line, "line")?.ok_or(XmlError::Missing("line"))?,
        item: item(line)?,
        quantity: number(line, "quantity")?,
        amount: line_amount(line, conventions)?,
        tax_code: reference(line, "taxCode")?,
        taxable: flag(line, "isTaxable")?,
        taxes: taxes.of_line(line)?,
        location: reference(line, "location")?,
        units: units(line, conventions),
    })
}

/// The item of a line.
pub(super) fn item(line: &Node) -> Result<ItemRef, XmlError> {
    let node = line.required("item")?;
    Ok(ItemRef {
        id: required_reference(line, "item")?,
        external_id: node.attribute("externalId").map(str::to_owned),
        name: node.value("name").map(str::to_owned),
    })
}

/// The amount of a line; zero for description lines.
pub(super) fn line_amount(
    line: &Node,
    conventions: &AccountConventions,
) -> Result<Amount, XmlError> {
    if let Some(amount) = amount(line, "amount", conventions)? {
        return Ok(amount);
    }
    // A rate may also be a percentage, but then the amount is given. It may be finer than
    // the currency: 3 at 33.3333 are 100.00.
    let rate = number(line, "rate").ok().flatten().unwrap_or_default();
    let quantity = number(line, "quantity")?.unwrap_or_default();
    let product = rate.saturating_mul(quantity);
    let amount = Amount::new(product);
    let amount = amount.map_err(|_| XmlError::value("rate", &product.to_string()))?;
    Ok(conventions.on_record(amount))
}

/// The unit ids on a line, from the key column.
pub(super) fn units(line: &Node, conventions: &AccountConventions) -> Vec<UnitId> {
    let fields = line.child("customFieldList").into_iter().flat_map(|it| it.all("customField"));
    // Older versions return the script id as internal id.
    let is_key = |it: &&Node| {
        let names = [it.attribute("scriptId"), it.attribute("internalId")];
        names.iter().flatten().any(|name| name.eq_ignore_ascii_case(&conventions.line_key_field))
    };
    let values = fields.filter(is_key).filter_map(|it| it.value("value"));
    values.flat_map(AccountConventions::units).collect()
}

/// The tax details of a record, by the reference that ties each to its line.
pub(super) struct TaxDetails<'a> {
    rows: HashMap<String, Vec<&'a Node>>,
    of_shipping: Vec<&'a Node>,
    conventions: &'a AccountConventions,
}

impl<'a> TaxDetails<'a> {
    /// Indexes the record's details.
    pub(super) fn of(record: &'a Node, conventions: &'a AccountConventions) -> Self {
        let mut details = Self { rows: HashMap::new(), of_shipping: Vec::new(), conventions };
        for row in record.child("taxDetailsList").into_iter().flat_map(|it| it.all("taxDetails")) {
            let is_shipping = |name: &str| name.eq_ignore_ascii_case(SHIPPING_TAXES);
            let names = [row.value("taxDetailsReference"), row.value("lineType")];
            if names.into_iter().flatten().any(is_shipping) {
                details.of_shipping.push(row);
            }
            if let [Some(name), _] = names {
                details.rows.entry(name.to_ascii_lowercase()).or_default().push(row);
            }
        }
        details
    }

    /// The details of the body's shipping.
    pub(super) fn of_shipping(&self) -> Result<Vec<LineTax>, XmlError> {
        self.of_shipping.iter().map(|row| tax(row, self.conventions)).collect()
    }

    fn of_line(&self, line: &Node) -> Result<Vec<LineTax>, XmlError> {
        let name = line.value("taxDetailsReference").map(str::to_ascii_lowercase);
        let rows = name.and_then(|name| self.rows.get(&name)).into_iter().flatten();
        rows.map(|row| tax(row, self.conventions)).collect()
    }
}

fn tax(row: &Node, conventions: &AccountConventions) -> Result<LineTax, XmlError> {
    Ok(LineTax {
        tax_type: required_reference(row, "taxType")?,
        tax_code: required_reference(row, "taxCode")?,
        rate: number(row, "taxRate")?,
        amount: required_amount(row, "taxAmount", conventions)?,
    })
}
