//! The replies of NetSuite, read by local names: prefixes, namespaces and the order of elements
//! vary.
//!
//! Business errors come with HTTP 200, faults with 500, and a proxy in between may answer HTML,
//! half a document or nothing. All of that becomes a [`NetSuiteError`], never a panic and never an
//! empty result.

mod examine;
mod field;
mod invoice;
mod line;
mod memo;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod recordings;
mod sales_order;
mod status;
#[cfg(test)]
mod tests;
mod text;
mod tree;

pub(crate) use examine::{AccountUsage, parse_each, server_time};
pub(crate) use field::{made_from, own_id};
pub(crate) use invoice::invoice;
pub(crate) use memo::{Identity, confirmed, existing, identity, recorded};
pub(crate) use sales_order::sales_order;
pub(crate) use tree::{Node, XmlError};

use domain::RecordId;

use self::status::Status;
use crate::{
    fault::{Class, CodeSource, NetSuiteError, classify},
    request::Operation,
};

/// A parsed SOAP message.
#[derive(Debug)]
pub(crate) struct Reply {
    /// NetSuite's id of the exchange, which its support asks for.
    pub(crate) ns_id: Option<String>,
    content: Node,
}

/// One page of a search.
#[derive(Debug)]
pub(crate) struct Page {
    /// Identifies the search when further pages are requested.
    pub(crate) search_id: Option<String>,
    /// The number of pages.
    pub(crate) pages: u32,
    /// The number of records on all pages.
    pub(crate) total: Option<u32>,
    /// The records on this page.
    pub(crate) records: Vec<Node>,
}

impl From<XmlError> for NetSuiteError {
    fn from(problem: XmlError) -> Self {
        Self::caused(Class::Unreadable, problem)
    }
}

impl Reply {
    /// Parses a message of SOAP 1.1 or 1.2.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, XmlError> {
        let mut envelope = Node::parse(&text::decode(bytes)?)?;
        if envelope.name() != "Envelope" {
            return Err(XmlError::NotSoap(envelope.name().to_owned()));
        }
        let header = envelope.child("Header").and_then(|it| it.child("documentInfo"));
        let ns_id = header.and_then(|it| it.value("nsId")).map(str::to_owned);
        let body = envelope.take("Body").ok_or(XmlError::Missing("Body"))?;
        let content = body.children.into_iter().next().ok_or(XmlError::Missing("body"))?;
        Ok(Self { ns_id, content })
    }

    /// The answer to an operation, unless it is a fault.
    pub(crate) fn answer(self, operation: Operation) -> Result<Node, NetSuiteError> {
        if self.content.name() == "Fault" {
            return Err(fault(&self.content));
        }
        let name = self.content.name().strip_suffix("Response");
        if name != Some(operation.name()) {
            return Err(XmlError::Unexpected(self.content.name().to_owned()).into());
        }
        Ok(self.content)
    }
}

/// The id of the record that `add` or `update` wrote.
pub(crate) fn parse_write(answer: &Node) -> Result<RecordId, NetSuiteError> {
    let response = answer.required("writeResponse")?;
    match Status::read(response)?.check_written() {
        Ok(()) => Ok(field::own_id(response.required("baseRef")?)?),
        Err(refused) => Err(refused),
    }
}

/// The record that `get` found, if there is one.
pub(crate) fn parse_get(mut answer: Node) -> Result<Option<Node>, NetSuiteError> {
    let response = answer.take("readResponse").ok_or(XmlError::Missing("readResponse"))?;
    read(response)
}

/// The records that `getList` found.
pub(crate) fn parse_get_list(mut answer: Node) -> Result<Vec<Node>, NetSuiteError> {
    let name = "readResponseList";
    let mut list = answer.take(name).ok_or(XmlError::Missing(name))?;
    if list.child("status").is_some() {
        Status::read(&list)?.check()?;
    }
    let responses = list.take_all("readResponse");
    responses.into_iter().filter_map(|it| read(it).transpose()).collect()
}

/// Reads a record of a successful answer. A field that is missing stays missing until a person
/// corrects the record.
pub(crate) fn parse_record<T>(
    record: &Node,
    read: impl FnOnce(&Node) -> Result<T, XmlError>,
) -> Result<T, NetSuiteError> {
    let with_record_name = |problem: XmlError| {
        NetSuiteError::detail(Class::Unreadable, "UNREADABLE_RECORD", &problem.of(&subject(record)))
    };
    read(record).map_err(with_record_name)
}

/// The name of a record in texts: `CreditMemo 71300`.
pub(crate) fn subject(record: &Node) -> String {
    let kind = record.kind().unwrap_or("record");
    format!("{kind} {}", record.attribute("internalId").unwrap_or("without an id"))
}

/// A page that `search` or `searchMoreWithId` found.
pub(crate) fn page(mut answer: Node) -> Result<Page, NetSuiteError> {
    let name = "searchResult";
    let mut result = answer.take(name).ok_or(XmlError::Missing(name))?;
    Status::read(&result)?.check()?;
    let records = result.take("recordList").map(|mut it| it.take_all("record"));
    Ok(Page {
        search_id: result.value("searchId").map(str::to_owned),
        pages: field::integer(&result, "totalPages")?.unwrap_or(1),
        total: field::integer(&result, "totalRecords")?,
        records: records.unwrap_or_default(),
    })
}

fn read(mut response: Node) -> Result<Option<Node>, NetSuiteError> {
    match Status::read(&response)?.check() {
        Ok(()) => Ok(Some(response.take("record").ok_or(XmlError::Missing("record"))?)),
        Err(error) if error.class == Class::Missing => Ok(None),
        Err(error) => Err(error),
    }
}

fn fault(fault: &Node) -> NetSuiteError {
    let detail = fault.child("detail").or_else(|| fault.child("Detail"));
    let element =
        detail.and_then(|it| it.children.iter().find(|child| child.name().ends_with("Fault")));
    let words = element
        .and_then(|it| it.value("message"))
        .or_else(|| fault.value("faultstring"))
        .or_else(|| fault.child("Reason").and_then(|it| it.value("Text")))
        .unwrap_or("fault without words");
    let code = element.and_then(|it| it.value("code")).unwrap_or_default();
    let name = element.map_or("", Node::name);
    NetSuiteError::detail(classify(CodeSource::Fault(name), code, words), code, words)
}
