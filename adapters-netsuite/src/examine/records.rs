//! Whether all records exist that the configuration names.

use std::collections::BTreeMap;

use domain::{ItemPolicy, RecordId};
use ports::{DiagnosticFinding, RecordKind, RequiredRecord};

use super::{Ended, Examination};
use crate::{
    fault::NetSuiteError,
    reply::{self, Node},
    request,
};

/// Types of items that a credit memo restocks.
pub(super) const STOCKED: [&str; 3] = ["InventoryItem", "AssemblyItem", "KitItem"];

/// Records that exist for certain and are read as a control: if even they are not shown, others may
/// be hidden, too.
const CONTROLS: usize = 5;

/// The records found for some ids, and the first obstacle for the others.
pub(super) struct ListedRecords {
    /// The records by id.
    pub(super) found: BTreeMap<String, Node>,
    /// The first error other than "does not exist".
    doubt: Option<NetSuiteError>,
}

impl Examination<'_> {
    pub(super) async fn records(&mut self) -> Result<(), Ended> {
        for kind in RecordKind::ALL {
            let requirements = self.requirements;
            let of_kind = requirements.records.iter().filter(|record| record.kind == kind);
            let (asked, hidden): (Vec<_>, Vec<_>) = of_kind.partition(|it| is_shown(it));
            for batch in asked.chunks(request::ids_at_once(kind) - CONTROLS) {
                self.batch(kind, batch).await?;
            }
            for wanted in hidden {
                let seen = "is not shown by the web services: check it in NetSuite";
                self.findings.push(DiagnosticFinding::unknown(name(wanted), seen));
            }
        }
        Ok(())
    }

    /// Reads some records of a kind in one call.
    pub(super) async fn list(
        &self,
        kind: RecordKind,
        ids: impl IntoIterator<Item = &RecordId>,
    ) -> Result<ListedRecords, NetSuiteError> {
        let answers = reply::parse_each(self.ask(&request::list(kind, ids)).await?)?;
        let mut listed = ListedRecords { found: BTreeMap::new(), doubt: None };
        for answer in answers {
            match answer {
                Ok(None) => {}
                Ok(Some(record)) => {
                    if let Some(id) = record.attribute("internalId").map(str::to_owned) {
                        listed.found.insert(id, record);
                    }
                }
                Err(error) => listed.doubt = listed.doubt.or(Some(error)),
            }
        }
        Ok(listed)
    }

    async fn batch(&mut self, kind: RecordKind, batch: &[&RequiredRecord]) -> Result<(), Ended> {
        let controls = self.usage.some(kind, CONTROLS);
        let ids: Vec<_> = batch.iter().map(|it| &it.id).chain(controls).collect();
        let is_controlled = batch.len() < ids.len();
        let listed = match self.list(kind, ids).await {
            Ok(listed) => listed,
            Err(error) => {
                let names: Vec<_> = batch.iter().map(|it| it.id.as_str()).collect();
                let what = format!("{} {}", kind.name(), names.join(", "));
                return self.unchecked(what, &error);
            }
        };
        for wanted in batch {
            let record = listed.found.get(wanted.id.as_str());
            match (record, &listed.doubt) {
                (Some(record), _) => {
                    let finding = self.found(wanted, record);
                    self.findings.push(finding);
                }
                // One of its possible types could not be read, and the record may be of that type.
                (None, Some(doubt)) => self.unchecked(name(wanted), doubt)?,
                // Even the records that invoices name are not shown, so absence proves nothing.
                (None, None) if is_controlled && listed.found.is_empty() => {
                    let seen = format!("could not be checked: no {} is shown", kind.name());
                    let remedy = "give the integration's role the right to view it and run \
                                  doctor again, or check it in NetSuite";
                    self.findings.push(DiagnosticFinding::warning(name(wanted), seen, remedy));
                }
                (None, None) => {
                    let remedy = format!(
                        "correct the id in {}: what needs it is parked as unmapped or refused",
                        wanted.named_by.join(" and ")
                    );
                    self.findings.push(DiagnosticFinding::error(
                        name(wanted),
                        "does not exist",
                        remedy,
                    ));
                }
            }
        }
        Ok(())
    }

    fn found(&self, wanted: &RequiredRecord, record: &Node) -> DiagnosticFinding {
        let kind = record.kind().unwrap_or("record");
        if record.value("isInactive") == Some("true") {
            let remedy = "make it active, or name another one";
            return DiagnosticFinding::warning(
                name(wanted),
                format!("is an inactive {kind}"),
                remedy,
            );
        }
        let is_stand_in = self.requirements.policy.item == ItemPolicy::Fixed(wanted.id.clone());
        if is_stand_in && STOCKED.contains(&kind) {
            let seen = format!("is a {kind}: credit memos would put it into stock");
            let remedy = "name a non-inventory item in policy.item";
            return DiagnosticFinding::warning(name(wanted), seen, remedy);
        }
        DiagnosticFinding::ok(name(wanted), format!("is there ({kind})"))
    }
}

/// Whether the web services show it: built-in tax codes, with negative ids, are not shown as
/// records.
fn is_shown(wanted: &RequiredRecord) -> bool {
    let is_built_in = wanted.kind == RecordKind::TaxCode && wanted.id.as_str().starts_with('-');
    !is_built_in && !request::types_of(wanted.kind).is_empty()
}

fn name(wanted: &RequiredRecord) -> String {
    format!("{} {} ({})", wanted.kind.name(), wanted.id, wanted.named_by.join(", "))
}
