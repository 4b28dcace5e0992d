//! Whether the custom fields exist that memos set or clear.

use std::collections::BTreeMap;

use domain::FieldRule;
use ports::DiagnosticFinding;

use super::{Ended, Examination};
use crate::{
    fault::{Class, NetSuiteError},
    reply::{self, Node},
    request::{self, FieldPlace},
};

/// What NetSuite returned about some fields.
struct CustomFields {
    /// The records that describe them, by script id in lower case.
    found: BTreeMap<String, Node>,
    /// Whether the other fields do not exist, rather than being hidden.
    is_all: bool,
}

impl Examination<'_> {
    pub(super) async fn custom_fields(&mut self) -> Result<(), Ended> {
        let policy = &self.requirements.policy;
        let ids = |rules: &[FieldRule]| rules.iter().map(|it| it.script_id.clone()).collect();
        let (mut body, lines): (Vec<_>, Vec<_>) = (ids(&policy.fields), ids(&policy.line_fields));
        body.extend(policy.cleared_fields.iter().cloned());
        self.fields_of(FieldPlace::Body, body).await?;
        self.fields_of(FieldPlace::Line, lines).await
    }

    async fn fields_of(&mut self, place: FieldPlace, wanted: Vec<String>) -> Result<(), Ended> {
        let on_invoices = self.usage.fields.get(&place).cloned().unwrap_or_default();
        let (shown, hidden): (Vec<_>, Vec<_>) =
            wanted.into_iter().partition(|it| on_invoices.contains(&it.to_ascii_lowercase()));
        for script_id in shown {
            self.ok(name(&script_id), "is on invoices");
        }
        if hidden.is_empty() {
            return Ok(());
        }
        // A field that exists for certain: if even this one is not shown, absence proves nothing.
        let control = on_invoices.first().map(String::as_str);
        let described = match self.described(place, &hidden, control).await {
            Ok(described) => described,
            Err(error) if matches!(error.class, Class::Login | Class::Unauthorized) => {
                return self.unchecked(name(&hidden[0]), &error);
            }
            Err(_) => CustomFields { found: BTreeMap::new(), is_all: false },
        };
        self.findings.extend(hidden.iter().map(|it| finding(place, it, &described)));
        Ok(())
    }

    /// Reads the records that describe fields. Without the permission, or in an account without
    /// such records, NetSuite may answer in any way.
    async fn described(
        &self,
        place: FieldPlace,
        wanted: &[String],
        control: Option<&str>,
    ) -> Result<CustomFields, NetSuiteError> {
        let asked = wanted.iter().map(String::as_str).chain(control);
        let answers = reply::parse_each(self.ask(&request::custom_fields(place, asked)).await?)?;
        let is_answered = answers.iter().all(Result::is_ok);
        let records = answers.into_iter().flatten().flatten();
        let by_id = |it: Node| Some((it.value("scriptId")?.to_ascii_lowercase(), it));
        let found: BTreeMap<_, _> = records.filter_map(by_id).collect();
        let is_all = is_answered && control.is_some_and(|it| found.contains_key(it));
        Ok(CustomFields { found, is_all })
    }
}

fn finding(place: FieldPlace, script_id: &str, described: &CustomFields) -> DiagnosticFinding {
    let (field, applies) = match place {
        FieldPlace::Body => ("fields", "bodySale"),
        FieldPlace::Line => ("line_fields", "colSale"),
    };
    match described.found.get(&script_id.to_ascii_lowercase()) {
        Some(record) if record.value(applies) == Some("false") => {
            let seen = "is there, but not on sales transactions";
            let remedy = "apply it to Sale, or memos that carry it are refused";
            DiagnosticFinding::warning(name(script_id), seen, remedy)
        }
        Some(_) => DiagnosticFinding::ok(name(script_id), "is there"),
        None if described.is_all => {
            let remedy = format!(
                "create the field, or correct its script id in policy.{field}: memos that carry \
                 it are refused"
            );
            DiagnosticFinding::error(name(script_id), "does not exist", remedy)
        }
        None => {
            let seen = "is on no invoice that was checked; whether credit memos have it shows \
                        when the first one is recorded";
            DiagnosticFinding::unknown(name(script_id), seen)
        }
    }
}

fn name(script_id: &str) -> String {
    format!("custom field {script_id}")
}
