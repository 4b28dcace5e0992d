//! A credit memo on record: complete, by its identity, or by the values that are read back.

use domain::{ExistingLine, ExistingMemo, RecordId, RecordedMemo, Standing, UnitId};
use ports::Confirmed;

use super::{
    Node, XmlError,
    field::{
        amount, flag, integer, made_from, number, own_id, reference, required_amount,
        required_reference,
    },
    line::{item, items, line_amount, units},
};
use crate::account_conventions::AccountConventions;

/// The fields that identify a record as the memo that is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    /// Its record.
    pub(crate) id: RecordId,
    /// The customer.
    pub(crate) entity: RecordId,
    /// The invoice it was made from.
    pub(crate) created_from: Option<RecordId>,
    /// The order's number.
    pub(crate) reference: Option<String>,
    /// The units on all its lines.
    pub(crate) units: Vec<UnitId>,
}

/// Reads the identity of a memo.
pub(crate) fn identity(
    record: &Node,
    conventions: &AccountConventions,
) -> Result<Identity, XmlError> {
    Ok(Identity {
        id: own_id(record)?,
        entity: required_reference(record, "entity")?,
        created_from: made_from(record)?,
        reference: record.value("otherRefNum").map(str::to_owned),
        units: items(record).flat_map(|line| units(line, conventions)).collect(),
    })
}

/// Reads a memo with its lines; its standing is known from the search that found it.
pub(crate) fn existing(
    record: &Node,
    conventions: &AccountConventions,
    standing: Standing,
) -> Result<ExistingMemo, XmlError> {
    let lines = items(record).map(|line| existing_line(line, conventions));
    Ok(ExistingMemo {
        id: own_id(record)?,
        external_id: record.attribute("externalId").map(str::to_owned),
        number: record.value("tranId").map(str::to_owned),
        entity: reference(record, "entity")?,
        standing,
        created_from: made_from(record)?,
        applied_to: applied_to(record)?,
        total: required_amount(record, "total", conventions)?,
        shipping_cost: amount(record, "shippingCost", conventions)?.unwrap_or_default(),
        lines: lines.collect::<Result<_, _>>()?,
    })
}

/// Reads a memo with the other data that ties it to an order.
pub(crate) fn recorded(
    record: &Node,
    conventions: &AccountConventions,
    standing: Standing,
) -> Result<RecordedMemo, XmlError> {
    Ok(RecordedMemo {
        memo: existing(record, conventions, standing)?,
        reference: record.value("otherRefNum").map(str::to_owned),
        currency: reference(record, "currency")?,
    })
}

/// Reads number and total of a memo.
pub(crate) fn confirmed(
    record: &Node,
    conventions: &AccountConventions,
) -> Result<Confirmed, XmlError> {
    Ok(Confirmed {
        record: own_id(record)?,
        number: record.value("tranId").map(str::to_owned),
        total: required_amount(record, "total", conventions)?,
    })
}

fn existing_line(line: &Node, conventions: &AccountConventions) -> Result<ExistingLine, XmlError> {
    Ok(ExistingLine {
        item: item(line)?,
        source_line: integer(line, "orderLine")?,
        quantity: number(line, "quantity")?,
        amount: line_amount(line, conventions)?,
        units: units(line, conventions),
    })
}

/// The list also names invoices to which nothing is applied.
fn applied_to(record: &Node) -> Result<Vec<RecordId>, XmlError> {
    let mut invoices = Vec::new();
    for row in record.child("applyList").into_iter().flat_map(|it| it.all("apply")) {
        if flag(row, "apply")? == Some(true)
            && let Some(doc) = row.value("doc")
        {
            invoices.push(doc.parse().map_err(|_| XmlError::value("doc", doc))?);
        }
    }
    Ok(invoices)
}
