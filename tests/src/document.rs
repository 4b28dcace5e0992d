//! The OpenAPI document, held against every answer that a test sees.
//!
//! Schemas are read as far as answers are told apart by them; a keyword that is
//! not known here fails, so that none is passed over.

use std::sync::OnceLock;

use serde_json::{Map, Value};

const TEXT: &str = include_str!("../../docs/openapi.json");

/// Keywords that say something for people, or of values that are checked elsewhere.
const NOTES: [&str; 6] = ["description", "example", "default", "format", "pattern", "maxLength"];

/// The document.
#[must_use]
pub fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| serde_json::from_str(TEXT).expect("the document is JSON"))
}

/// An answer as the document describes it: where it came from, and what it is.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// The method, in lower case.
    pub method: &'a str,
    /// The path, with or without a query.
    pub path: &'a str,
    /// The status.
    pub status: u16,
    /// The content type.
    pub kind: &'a str,
    /// The body.
    pub body: &'a str,
}

impl Described<'_> {
    /// Fails unless the document has this answer of this operation.
    #[track_caller]
    pub fn check(&self) {
        let status = self.status.to_string();
        let Some(operation) = self.operation() else {
            let denied = [401, 404, 405, 414, 429].contains(&self.status);
            assert!(denied, "the document does not know this operation: {self:?}");
            return;
        };
        let response = &operation["responses"][&status];
        assert!(!response.is_null(), "the document does not know this status: {self:?}");
        let content = &resolved(response)["content"];
        let kind = self.kind.split(';').next().expect("a split has a first part");
        let schema = &content[kind]["schema"];
        assert!(!schema.is_null(), "the document does not know this content: {self:?}");
        let value = match kind {
            "application/json" => serde_json::from_str(self.body).expect("JSON"),
            _ => Value::String(self.body.to_owned()),
        };
        let problem = problem(schema, &value, "body");
        assert!(problem.is_none(), "{}: {self:?}", problem.unwrap_or_default());
    }

    fn operation(&self) -> Option<&'static Value> {
        let path = self.path.split('?').next().expect("a split has a first part");
        let paths = document()["paths"].as_object().expect("the document has paths");
        let fits = |template: &str| {
            let (theirs, ours) = (template.split('/'), path.split('/'));
            theirs.clone().count() == ours.clone().count()
                && theirs.zip(ours).all(|(it, part)| it == part || it.starts_with('{'))
        };
        let (_, operations) = paths.iter().find(|(template, _)| fits(template))?;
        operations.get(self.method)
    }
}

/// What the value has against the schema, if it has something.
fn problem(schema: &'static Value, value: &Value, place: &str) -> Option<String> {
    let schema = resolved(schema).as_object().expect("a schema is an object");
    schema.iter().find_map(|(keyword, rule)| match keyword.as_str() {
        "type" => {
            let kinds: Vec<_> = rule.as_array().map_or(vec![rule], |it| it.iter().collect());
            let kind = kind(value);
            (!kinds.iter().any(|it| **it == kind)).then(|| format!("{place} is a {kind}"))
        }
        "enum" => {
            let known = rule.as_array().expect("an enum is a list").contains(value);
            (!known).then(|| format!("{place} may not be {value}"))
        }
        "required" => {
            let names = rule.as_array().expect("required is a list");
            let missing =
                names.iter().find(|name| value.get(name.as_str().unwrap_or("")).is_none());
            missing.map(|it| format!("{place} has no {it}"))
        }
        "properties" => properties(value)
            .iter()
            .find_map(|(name, inner)| problem(rule.get(name)?, inner, &format!("{place}.{name}"))),
        "additionalProperties" => properties(value).iter().find_map(|(name, inner)| {
            let place = format!("{place}.{name}");
            match rule {
                _ if schema.get("properties").is_some_and(|it| it.get(name).is_some()) => None,
                Value::Bool(false) => Some(format!("{place} is not known")),
                rule => problem(rule, inner, &place),
            }
        }),
        "items" => {
            let items = value.as_array().into_iter().flatten().enumerate();
            let mut problems =
                items.map(|(index, it)| problem(rule, it, &format!("{place}[{index}]")));
            problems.find_map(|it| it)
        }
        note if NOTES.contains(&note) => None,
        other => panic!("the schema keyword {other} is not known here"),
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn properties(value: &Value) -> &Map<String, Value> {
    static NONE: OnceLock<Map<String, Value>> = OnceLock::new();
    value.as_object().unwrap_or_else(|| NONE.get_or_init(Map::new))
}

/// The part of the document that this stands for.
fn resolved(part: &'static Value) -> &'static Value {
    let Some(reference) = part.get("$ref") else {
        return part;
    };
    let pointer = reference.as_str().and_then(|it| it.strip_prefix('#'));
    let found = pointer.and_then(|it| document().pointer(it));
    found.unwrap_or_else(|| panic!("nothing is at {reference}"))
}
