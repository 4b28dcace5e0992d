//! JSON that is parsed field by field, and no deeper than necessary.
//!
//! Fields that are not read may have any shape: a number that no type holds, a list as deep as the
//! body is long.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// An object's fields. If a name is repeated, the last one counts, as in almost every parser.
pub(super) struct Object<'a>(BTreeMap<String, &'a RawValue>);

/// The shape of a value.
pub(super) enum Shape<'a> {
    /// Null, or absent.
    Nothing,
    Text(String),
    List(Vec<&'a RawValue>),
    Object(Object<'a>),
    /// A number or a boolean.
    Other,
}

impl<'a> Shape<'a> {
    pub(super) fn of(value: &'a RawValue) -> Self {
        const WHOLE: &str = "a raw value is JSON";
        let json = value.get();
        match json.as_bytes().first() {
            Some(b'"') => Self::Text(serde_json::from_str(json).expect(WHOLE)),
            Some(b'[') => Self::List(serde_json::from_str(json).expect(WHOLE)),
            Some(b'{') => Self::Object(Object(serde_json::from_str(json).expect(WHOLE))),
            Some(b'n') => Self::Nothing,
            _ => Self::Other,
        }
    }

    /// The shape of a value that may be absent.
    pub(super) fn of_any(value: Option<&'a RawValue>) -> Self {
        value.map_or(Self::Nothing, Self::of)
    }
}

impl<'a> Object<'a> {
    /// Whether it has no field.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A field as raw JSON.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }

    /// The shape of a field.
    pub(super) fn shape(&self, name: &str) -> Shape<'a> {
        Shape::of_any(self.get(name))
    }

    /// The text in a field; `None` for any other value.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.shape(name) {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }
}
