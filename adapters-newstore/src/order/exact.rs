//! NewStore's decimal scalar, read from the text of the answer.
//!
//! `serde_json` would turn a number into a float first, and its exact mode is a
//! switch for the whole workspace. A raw value is the text itself; it works
//! because the types made by `graphql_client` buffer nothing: no fragments, no
//! unions in the query.

use domain::ReportedAmount;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A number or a text that holds one.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct BigFloat(pub(crate) ReportedAmount);

impl<'de> Deserialize<'de> for BigFloat {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        // A JSON text is unquoted; anything else, a list even, is judged as it stands.
        let text = serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned());
        Ok(Self(ReportedAmount::of(&text)))
    }
}

#[cfg(test)]
mod tests;
