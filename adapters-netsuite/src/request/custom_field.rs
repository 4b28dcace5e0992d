//! Custom fields: an attribute states the type, which decides the form of the value.

use domain::{CustomField, FieldType};

use super::Element;
use crate::account_conventions::AccountConventions;

/// The list of a record's or a line's custom fields, in the namespace of its owner.
pub(super) fn list(name: &'static str, fields: Vec<Element>) -> Option<Element> {
    (!fields.is_empty()).then(|| Element::new(name).children(fields))
}

/// One field with its value; `None` for a multiple choice without a choice, which the schema cannot
/// express.
pub(super) fn field(field: &CustomField, conventions: &AccountConventions) -> Option<Element> {
    let value = field.value.as_str();
    let single = |text: &str| vec![Element::new("c:value").content(text)];
    let (kind, values) = match field.kind {
        FieldType::String => ("c:StringCustomFieldRef", single(value)),
        FieldType::Select => ("c:SelectCustomFieldRef", entries(value)),
        FieldType::MultiSelect => ("c:MultiSelectCustomFieldRef", entries(value)),
        FieldType::Boolean => ("c:BooleanCustomFieldRef", single(value)),
        FieldType::Long => ("c:LongCustomFieldRef", single(value)),
        FieldType::Double => ("c:DoubleCustomFieldRef", single(value)),
        FieldType::Date => ("c:DateCustomFieldRef", single(&date(value, conventions))),
    };
    (!values.is_empty()).then(|| typed(kind, &field.script_id).children(values))
}

/// A text field.
pub(super) fn string(script_id: &str, value: &str) -> Element {
    typed("c:StringCustomFieldRef", script_id).text("c:value", value)
}

fn typed(kind: &'static str, script_id: &str) -> Element {
    Element::new("c:customField").attribute("xsi:type", kind).attribute("scriptId", script_id)
}

fn entries(value: &str) -> Vec<Element> {
    let ids = value.split(',').map(str::trim).filter(|id| !id.is_empty());
    ids.map(|id| Element::new("c:value").attribute("internalId", id)).collect()
}

/// An invalid date is passed on unchanged, and NetSuite rejects it with a message.
fn date(value: &str, conventions: &AccountConventions) -> String {
    value.parse().map_or_else(|_| value.to_owned(), |it| conventions.midnight(it))
}
