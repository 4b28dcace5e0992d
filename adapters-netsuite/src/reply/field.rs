//! Fields of a record by type: absent is `None`, present but unreadable is an error.

use domain::{Amount, CivilDate, RecordId, decimal};
use rust_decimal::Decimal;

use super::{Node, Unreadable};
use crate::books::Books;

/// The id of the record that this node is.
pub(crate) fn own_id(node: &Node) -> Result<RecordId, Unreadable> {
    let raw = node.attribute("internalId").ok_or(Unreadable::Missing("internalId"))?;
    raw.parse().map_err(|_| Unreadable::value("internalId", raw))
}

/// The record that this one was made from.
pub(crate) fn made_from(node: &Node) -> Result<Option<RecordId>, Unreadable> {
    reference(node, "createdFrom")
}

/// The record that a field refers to.
pub(super) fn reference(node: &Node, name: &'static str) -> Result<Option<RecordId>, Unreadable> {
    let Some(raw) = node.child(name).and_then(|it| it.attribute("internalId")) else {
        return Ok(None);
    };
    raw.parse().map(Some).map_err(|_| Unreadable::value(name, raw))
}

/// The record that a field must refer to.
pub(super) fn required_reference(node: &Node, name: &'static str) -> Result<RecordId, Unreadable> {
    reference(node, name)?.ok_or(Unreadable::Missing(name))
}

/// Decimals of quantities and rates that count; what a `double` prints beyond is noise.
const DECIMALS: u32 = 9;

/// A number.
pub(super) fn number(node: &Node, name: &'static str) -> Result<Option<Decimal>, Unreadable> {
    let Some(raw) = node.value(name) else {
        return Ok(None);
    };
    let number = decimal(raw).map_err(|_| Unreadable::value(name, raw))?;
    Ok(Some(number.round_dp(DECIMALS)))
}

/// An amount of money.
pub(super) fn amount(
    node: &Node,
    name: &'static str,
    books: &Books,
) -> Result<Option<Amount>, Unreadable> {
    let Some(raw) = node.value(name) else {
        return Ok(None);
    };
    let amount = raw.parse().map_err(|_| Unreadable::value(name, raw))?;
    Ok(Some(books.on_record(amount)))
}

/// An amount that must be there.
pub(super) fn required_amount(
    node: &Node,
    name: &'static str,
    books: &Books,
) -> Result<Amount, Unreadable> {
    amount(node, name, books)?.ok_or(Unreadable::Missing(name))
}

/// A whole number that is not negative.
pub(super) fn integer(node: &Node, name: &'static str) -> Result<Option<u32>, Unreadable> {
    let Some(raw) = node.value(name) else {
        return Ok(None);
    };
    raw.parse().map(Some).map_err(|_| Unreadable::value(name, raw))
}

/// Yes or no.
pub(super) fn flag(node: &Node, name: &'static str) -> Result<Option<bool>, Unreadable> {
    match node.value(name) {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(other) => Err(Unreadable::value(name, other)),
    }
}

/// A date that must be there.
pub(super) fn date(
    node: &Node,
    name: &'static str,
    books: &Books,
) -> Result<CivilDate, Unreadable> {
    let raw = node.value(name).ok_or(Unreadable::Missing(name))?;
    books.date(raw).ok_or_else(|| Unreadable::value(name, raw))
}
