//! Checks every answer that a test sees against the OpenAPI document.
//!
//! Schemas of OpenAPI 3.1 are JSON Schema 2020-12. Formats are checked too, and a format that is
//! not known fails.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use jsonschema::Validator;
use serde_json::Value;

const TEXT: &str = include_str!("../../docs/openapi.json");

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
        if let Err(problem) = self.compare() {
            panic!("{problem}: {self:?}");
        }
    }

    /// Why the document does not have this answer of this operation.
    fn compare(&self) -> Result<(), String> {
        let Some(operation) = self.operation() else {
            let denied = [401, 404, 405, 414, 429].contains(&self.status);
            let unknown = || "the document does not know this operation".to_owned();
            return if denied { Ok(()) } else { Err(unknown()) };
        };
        let response = &operation["responses"][self.status.to_string()];
        if response.is_null() {
            return Err("the document does not know this status".to_owned());
        }
        let kind = self.kind.split(';').next().unwrap_or_default();
        let schema = &resolved(response)["content"][kind]["schema"];
        if schema.is_null() {
            return Err("the document does not know this content".to_owned());
        }
        let value = match kind {
            "application/json" => serde_json::from_str(self.body).map_err(|it| it.to_string())?,
            _ => Value::String(self.body.to_owned()),
        };
        let validator = validator(schema);
        let problems = validator.iter_errors(&value);
        let problems: Vec<_> =
            problems.map(|it| format!("body{}: {it}", it.instance_path())).collect();
        if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
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

/// The validator of a schema in the document, compiled once.
fn validator(schema: &Value) -> Arc<Validator> {
    static COMPILED: OnceLock<Mutex<HashMap<String, Arc<Validator>>>> = OnceLock::new();
    let compiled = COMPILED.get_or_init(Mutex::default);
    let mut compiled = compiled.lock().unwrap_or_else(PoisonError::into_inner);
    let compile = || {
        // References are pointers from the root: `#/components/schemas/State`.
        let mut root = schema.clone();
        root["components"] = document()["components"].clone();
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        let validator = options.should_ignore_unknown_formats(false).build(&root);
        Arc::new(validator.unwrap_or_else(|error| panic!("{schema} is no schema: {error}")))
    };
    Arc::clone(compiled.entry(schema.to_string()).or_insert_with(compile))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page() -> Value {
        json!({
            "cancellations": [{
                "id": "can-0123456789abcdef0123",
                "tenant": "dodici",
                "order": "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6",
                "event": "order.cancelled",
                "state": "parked",
                "reason": "closed-period",
                "detail": null,
                "received_at": "2026-11-21T09:30:00.162Z",
                "updated_at": "2026-11-21T09:30:00.162Z",
                "deliveries": 1,
                "flags": [],
            }],
            "next_cursor": null,
        })
    }

    fn compare(body: &Value) -> Result<(), String> {
        let body = body.to_string();
        let (path, kind) = ("/api/cancellations?limit=1", "application/json; charset=utf-8");
        Described { method: "get", path, status: 200, kind, body: &body }.compare()
    }

    #[test]
    fn an_answer_as_the_document_describes_it_passes() {
        assert_eq!(compare(&page()), Ok(()));
    }

    #[test]
    fn a_wrong_field_is_found_and_named() {
        let table = [
            ("/cancellations/0/id", json!("can 1"), "pattern"),
            ("/cancellations/0/order", json!("9f4e8ffc"), "format"),
            ("/cancellations/0/received_at", json!("yesterday"), "format"),
            ("/cancellations/0/state", json!("lost"), "value outside an enum"),
            ("/cancellations/0/deliveries", json!("1"), "type"),
            ("/cancellations/0/deliveries", json!(1.5), "no integer"),
            ("/cancellations/0/flags", json!([null]), "item's type"),
            ("/next_cursor", json!(7), "none of two types"),
        ];
        for (place, wrong, what) in table {
            let mut body = page();
            *body.pointer_mut(place).unwrap() = wrong;
            let problem = compare(&body).expect_err(what);
            assert!(problem.contains(&format!("body{place}")), "{what}: {problem}");
        }
    }

    #[test]
    fn a_field_too_many_or_too_few_is_found() {
        let mut body = page();
        body["total"] = json!(1);
        assert!(compare(&body).unwrap_err().contains("'total'"));
        let mut body = page();
        body["cancellations"][0]["secret"] = json!("x");
        assert!(compare(&body).unwrap_err().contains("'secret'"));
        let mut body = page();
        body["cancellations"][0].as_object_mut().unwrap().remove("flags");
        assert!(compare(&body).unwrap_err().contains("\"flags\""));
    }

    #[test]
    fn an_answer_that_is_not_in_the_document_is_found() {
        let answer = Described {
            method: "get",
            path: "/health/live",
            status: 200,
            kind: "text/plain",
            body: "ok",
        };
        assert_eq!(answer.compare(), Ok(()));
        for wrong in [
            Described { status: 204, ..answer },
            Described { kind: "text/html", ..answer },
            Described { method: "put", ..answer },
            Described { path: "/health/dead", ..answer },
        ] {
            assert!(wrong.compare().is_err(), "{wrong:?}");
        }
    }
}
