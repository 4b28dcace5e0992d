//! The parameters of a call, by name. An unknown parameter is an error, so that a mistyped filter
//! never selects more than intended.

use std::fmt::Display;

use axum::{extract::Query, http::Uri};
use serde_json::{Map, Value};

use ports::FieldError;

/// The parameters that were not read yet.
#[derive(Debug)]
pub(super) struct Parameters(Map<String, Value>);

impl Parameters {
    /// The parameters of a query string.
    pub(super) fn of_query(uri: &Uri) -> Result<Self, FieldError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri);
        let Query(pairs) = pairs.map_err(|_| malformed("query", "cannot be read"))?;
        let mut found = Map::new();
        for (name, value) in pairs {
            if found.contains_key(&name) {
                return Err(malformed(&name, "is given twice"));
            }
            found.insert(name, Value::String(value));
        }
        Ok(Self(found))
    }

    /// The members of a JSON object.
    pub(super) fn of_body(body: &[u8]) -> Result<Self, FieldError> {
        match serde_json::from_slice(body) {
            Ok(Value::Object(found)) => Ok(Self(found)),
            Ok(_) => Err(malformed("body", "is not an object")),
            Err(_) => Err(malformed("body", "is not JSON")),
        }
    }

    /// A parsed text, if it is given.
    pub(super) fn text<T, E: Display>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<Option<T>, FieldError> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => match parse(&text) {
                Ok(value) => Ok(Some(value)),
                Err(why) => Err(malformed(name, &why.to_string())),
            },
            Some(_) => Err(malformed(name, "is not a text")),
        }
    }

    /// A flag; false if it is not given.
    pub(super) fn flag(&mut self, name: &str) -> Result<bool, FieldError> {
        match self.0.remove(name) {
            None => Ok(false),
            Some(Value::Bool(value)) => Ok(value),
            Some(_) => Err(malformed(name, "must be true or false")),
        }
    }

    /// An error if other parameters are given.
    pub(super) fn done(self) -> Result<(), FieldError> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(name) => Err(malformed(name, "is not known here")),
        }
    }
}

/// The error for a missing parameter.
pub(super) fn missing(name: &str) -> FieldError {
    malformed(name, "is missing")
}

fn malformed(field: &str, problem: &str) -> FieldError {
    FieldError { field: field.to_owned(), problem: problem.to_owned() }
}
