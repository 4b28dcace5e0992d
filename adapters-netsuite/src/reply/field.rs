//! Fields of a record by type: absent is `None`, present but unreadable is an error.

use domain::{Amount, CivilDate, RecordId, decimal};
use rust_decimal::Decimal;

use super::{Node, XmlError};
use crate::account_conventions::AccountConventions;

/// The id of the record that this node is.
pub(crate) fn own_id(node: &Node) -> Result<RecordId, XmlError> {
    let raw = node.attribute("internalId").ok_or(XmlError::Missing("internalId"))?;
    raw.parse().map_err(|_| XmlError::value("internalId", raw))
}

/// The record that this one was made from.
pub(crate) fn made_from(node: &Node) -> Result<Option<RecordId>, XmlError> {
    reference(node, "createdFrom")
}

/// The record that a field refers to.
pub(super) fn reference(node: &Node, name: &'static str) -> Result<Option<RecordId>, XmlError> {
    let Some(raw) = node.child(name).and_then(|it| it.attribute("internalId")) else {
        return Ok(None);
    };
    raw.parse().map(Some).map_err(|_| XmlError::value(name, raw))
}

/// The record that a field must refer to.
pub(super) fn required_reference(node: &Node, name: &'static str) -> Result<RecordId, XmlError> {
    reference(node, name)?.ok_or(XmlError::Missing(name))
}

/// The decimals of quantities and rates; further decimals are noise of a `double`.
const DECIMALS: u32 = 9;

/// A number.
pub(super) fn number(node: &Node, name: &'static str) -> Result<Option<Decimal>, XmlError> {
    let Some(raw) = node.value(name) else {
        return Ok(None);
    };
    let number = decimal(raw).map_err(|_| XmlError::value(name, raw))?;
    Ok(Some(number.round_dp(DECIMALS)))
}

/// An amount of money.
pub(super) fn amount(
    node: &Node,
    name: &'static str,
    conventions: &AccountConventions,
) -> Result<Option<Amount>, XmlError> {
    let Some(raw) = node.value(name) else {
        return Ok(None);
    };
    let amount = raw.parse().map_err(|_| XmlError::value(name, raw))?;
    Ok(Some(conventions.on_record(amount)))
}

/// A required amount.
pub(super) fn required_amount(
    node: &Node,
    name: &'static str,
    conventions: &AccountConventions,
) -> Result<Amount, XmlError> {
    amount(node, name, conventions)?.ok_or(XmlError::Missing(name))
}

/// A whole number that is not negative.
pub(super) fn integer(node: &Node, name: &'static str) -> Result<Option<u32>, XmlError> {
    let Some(raw) = node.value(name) else {
        return Ok(None);
    };
    raw.parse().map(Some).map_err(|_| XmlError::value(name, raw))
}

/// A boolean.
pub(super) fn flag(node: &Node, name: &'static str) -> Result<Option<bool>, XmlError> {
    match node.value(name) {
        None => Ok(None),
        Some("true" | "1") => Ok(Some(true)),
        Some("false" | "0") => Ok(Some(false)),
        Some(other) => Err(XmlError::value(name, other)),
    }
}

/// A required date.
pub(super) fn date(
    node: &Node,
    name: &'static str,
    conventions: &AccountConventions,
) -> Result<CivilDate, XmlError> {
    let raw = node.value(name).ok_or(XmlError::Missing(name))?;
    conventions.date(raw).ok_or_else(|| XmlError::value(name, raw))
}
