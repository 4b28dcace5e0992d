//! A configuration document as a tree of values that know their line.
//!
//! TOML and JSON become the same tree, so that one reader handles both and every fault has its
//! line.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// One value of a document.
#[derive(Clone)]
pub(crate) struct Tree {
    /// Its line, counted from 1; 0 where the format does not show it.
    pub(crate) line: usize,
    pub(crate) value: Value,
}

/// A value. Numbers stay text, because money is never a float.
#[derive(Clone)]
pub(crate) enum Value {
    Null,
    Text(String),
    Number(String),
    Bool(bool),
    List(Vec<Tree>),
    Table(BTreeMap<String, Tree>),
}

/// The document cannot be parsed.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {message}")]
pub(crate) struct ParseError {
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl fmt::Debug for Tree {
    /// Never shows the value, because it may be a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at line {}", self.kind(), self.line)
    }
}

impl Tree {
    /// Reads a TOML document.
    pub(crate) fn toml(text: &str) -> Result<Self, ParseError> {
        let lines = Lines::of(text);
        let table = DeTable::parse(text).map_err(|error| ParseError {
            line: error.span().map_or(0, |span| lines.line(span.start)),
            message: error.message().to_owned(),
        })?;
        Ok(from_table(table.get_ref(), table.span().start, &lines))
    }

    /// Reads a JSON document.
    pub(crate) fn json(text: &str) -> Result<Self, ParseError> {
        serde_json::from_str(text)
            .map_err(|error| ParseError { line: error.line(), message: error.to_string() })
    }

    /// The kind of value, for error texts.
    pub(crate) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "null",
            Value::Text(_) => "a text",
            Value::Number(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }
}

/// The start of each line of a text.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect())
    }

    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|start| *start <= offset)
    }
}

fn from_table(table: &DeTable<'_>, offset: usize, lines: &Lines) -> Tree {
    let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
        let key: &std::borrow::Cow<'_, str> = key.get_ref();
        (key.to_string(), from_value(value, lines))
    };
    let value = Value::Table(table.iter().map(entry).collect());
    Tree { line: lines.line(offset), value }
}

fn from_value(spanned: &Spanned<DeValue<'_>>, lines: &Lines) -> Tree {
    let offset = spanned.span().start;
    let value = match spanned.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Number(number.to_string()),
        DeValue::Float(number) => Value::Number(number.to_string()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(date) => Value::Text(date.to_string()),
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| from_value(item, lines)).collect())
        }
        DeValue::Table(table) => return from_table(table, offset, lines),
    };
    Tree { line: lines.line(offset), value }
}

/// JSON without loss: `serde_json::Value` would keep only the last of two equal keys.
impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = deserializer.deserialize_any(AnyValue)?;
        Ok(Self { line: 0, value })
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Value, E> {
        Ok(Value::Number(number.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = BTreeMap::new();
        while let Some((key, tree)) = entries.next_entry::<String, _>()? {
            if let Some(_first) = table.insert(key.clone(), tree) {
                return Err(A::Error::custom(format!("{key} is given twice")));
            }
        }
        Ok(Value::Table(table))
    }
}
