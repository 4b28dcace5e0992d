//! JSON that is looked at field by field, and no deeper than it is needed.
//!
//! What nobody asks for may be of any shape: a number that no type holds, a list as deep as the
//! body is long.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

/// An object's fields. Of those with one name the last counts, as almost everywhere.
pub(super) struct Object<'a>(BTreeMap<String, &'a RawValue>);

/// What a value is.
pub(super) enum Shape<'a> {
    /// Null, or not there.
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

    /// What a value is that may be absent.
    pub(super) fn of_any(value: Option<&'a RawValue>) -> Self {
        value.map_or(Self::Nothing, Self::of)
    }
}

impl<'a> Object<'a> {
    /// Whether it has no field.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A field, unread.
    pub(super) fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied()
    }

    /// What a field holds.
    pub(super) fn shape(&self, name: &str) -> Shape<'a> {
        Shape::of_any(self.get(name))
    }

    /// The text in a field; none where it holds anything else.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        match self.shape(name) {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }
}
