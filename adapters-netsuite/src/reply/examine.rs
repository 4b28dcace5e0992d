//! Replies that only the doctor reads: the time, records one by one, and how an account uses its
//! fields.

use std::collections::{BTreeMap, BTreeSet};

use domain::{RecordId, Timestamp};
use jiff::Timestamp as Instant;
use ports::RecordKind;

use super::{
    Node, Status, XmlError,
    field::reference,
    line::{items, units},
};
use crate::{account_conventions::AccountConventions, fault::NetSuiteError, request::FieldPlace};

/// How invoices are entered, as far as the sample shows.
#[derive(Debug, Default)]
pub(crate) struct AccountUsage {
    /// The records that they name, by kind: these exist for certain.
    pub(crate) named: BTreeMap<RecordKind, BTreeSet<RecordId>>,
    /// Some line or body names a tax code.
    pub(crate) tax_codes: bool,
    /// Some invoice lists tax details.
    pub(crate) tax_details: bool,
    /// Some line bears unit ids.
    pub(crate) unit_ids: bool,
    /// The script ids of custom fields that they show, in lower case.
    pub(crate) fields: BTreeMap<FieldPlace, BTreeSet<String>>,
}

/// The server's time.
pub(crate) fn server_time(answer: &Node) -> Result<Timestamp, NetSuiteError> {
    let result = answer.required("getServerTimeResult")?;
    Status::read(result)?.check()?;
    let name = "serverTime";
    let raw = result.value(name).ok_or(XmlError::Missing(name))?;
    let time: Instant = raw.parse().map_err(|_| XmlError::value(name, raw))?;
    Ok(Timestamp::from_millis(time.as_millisecond()))
}

/// The records of a `getList` answer, one for each reference; `None` for those without a record.
pub(crate) fn parse_each(
    mut answer: Node,
) -> Result<Vec<Result<Option<Node>, NetSuiteError>>, NetSuiteError> {
    let name = "readResponseList";
    let mut list = answer.take(name).ok_or(XmlError::Missing(name))?;
    if list.child("status").is_some() {
        Status::read(&list)?.check()?;
    }
    Ok(list.take_all("readResponse").into_iter().map(super::read).collect())
}

impl AccountUsage {
    /// Some records of a kind that exist for certain.
    pub(crate) fn some(&self, kind: RecordKind, limit: usize) -> impl Iterator<Item = &RecordId> {
        self.named.get(&kind).into_iter().flatten().take(limit)
    }

    /// Adds what an invoice shows; unreadable parts are ignored.
    pub(crate) fn record(&mut self, invoice: &Node, conventions: &AccountConventions) {
        let refers = |node: &Node, name| reference(node, name).ok().flatten();
        let body = [
            (RecordKind::Currency, "currency"),
            (RecordKind::Location, "location"),
            (RecordKind::Department, "department"),
            (RecordKind::Subsidiary, "subsidiary"),
        ];
        for (kind, field) in body {
            self.named.entry(kind).or_default().extend(refers(invoice, field));
        }
        for line in items(invoice) {
            self.named.entry(RecordKind::Item).or_default().extend(refers(line, "item"));
            self.tax_codes |= refers(line, "taxCode").is_some();
            self.unit_ids |= !units(line, conventions).is_empty();
        }
        let lines = items(invoice).map(|it| (FieldPlace::Line, it));
        for (place, node) in lines.chain([(FieldPlace::Body, invoice)]) {
            let fields = node.child("customFieldList").into_iter();
            let ids = fields.flat_map(|it| it.all("customField"));
            let ids = ids.filter_map(|it| it.attribute("scriptId"));
            self.fields.entry(place).or_default().extend(ids.map(str::to_ascii_lowercase));
        }
        self.tax_codes |= refers(invoice, "taxItem").is_some();
        let details = invoice.child("taxDetailsList");
        self.tax_details |= details.is_some_and(|it| it.child("taxDetails").is_some());
    }
}
