//! The requests to NetSuite: one function per request, one envelope for all of them.
//!
//! NetSuite's schema is a sequence at every level, so the functions below write fields in the order
//! of the schema.

#[cfg(test)]
mod arbitrary;
mod credit_memo;
mod custom_field;
mod element;
mod examine;
mod get;
#[cfg(test)]
mod properties;
mod sales_order;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use credit_memo::{SHIPPING_TAXES, add};
pub(crate) use element::strip_invalid_chars;
pub(crate) use examine::{
    FieldPlace, custom_fields, ids_at_once, list, memo_form, server_time, some_invoices, types_of,
};
pub(crate) use get::{MAX_IDS, RecordType, get, get_by_external_id, get_list};
pub(crate) use sales_order::close_lines;
pub(crate) use search::{
    memos_by_reference, memos_of, memos_since, page, sales_documents_of, sales_documents_of_number,
    voided_memos,
};

use self::element::Element;
use crate::auth::{ALGORITHM, Passport};

/// The operations of the web services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// One record.
    Get,
    /// Many records by id.
    GetList,
    /// The first page of a search.
    Search,
    /// A further page.
    SearchMore,
    /// A new record.
    Add,
    /// A change to a record.
    Update,
    /// A record as a form would show it; nothing is saved.
    Initialize,
    /// The time.
    GetServerTime,
}

/// One request; each time it is sent it gets a new envelope.
#[derive(Debug)]
pub(crate) struct Request {
    /// The operation.
    pub(crate) operation: Operation,
    page_size: u32,
    body: Element,
}

impl Operation {
    /// All operations.
    pub(crate) const ALL: [Self; 8] = [
        Self::Get,
        Self::GetList,
        Self::Search,
        Self::SearchMore,
        Self::Add,
        Self::Update,
        Self::Initialize,
        Self::GetServerTime,
    ];

    /// The name in `SOAPAction` and of the body's element.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::GetList => "getList",
            Self::Search => "search",
            Self::SearchMore => "searchMoreWithId",
            Self::Add => "add",
            Self::Update => "update",
            Self::Initialize => "initialize",
            Self::GetServerTime => "getServerTime",
        }
    }

    fn preferences(self, page_size: u32) -> Option<Element> {
        match self {
            Self::Get
            | Self::GetList
            | Self::SearchMore
            | Self::Initialize
            | Self::GetServerTime => None,
            Self::Search => Some(
                Element::new("m:searchPreferences")
                    .text("m:bodyFieldsOnly", false)
                    .text("m:returnSearchColumns", false)
                    .text("m:pageSize", page_size),
            ),
            Self::Add | Self::Update => Some(
                Element::new("m:preferences")
                    .text("m:warningAsError", false)
                    .text("m:ignoreReadOnlyFields", true),
            ),
        }
    }
}

impl Request {
    fn new(operation: Operation, body: Element) -> Self {
        Self { operation, page_size: search::PAGE_SIZE, body }
    }

    /// The complete message with a passport, which is valid once.
    pub(crate) fn envelope(&self, version: &str, passport: &Passport<'_>) -> String {
        let header = Element::new("soapenv:Header")
            .child(token_passport(passport))
            .children(self.operation.preferences(self.page_size));
        Element::new("soapenv:Envelope")
            .attribute("xmlns:soapenv", "http://schemas.xmlsoap.org/soap/envelope/")
            .attribute("xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance")
            .attribute("xmlns:m", format_args!("urn:messages_{version}.platform.{DOMAIN}"))
            .attribute("xmlns:c", format_args!("urn:core_{version}.platform.{DOMAIN}"))
            .attribute("xmlns:cm", format_args!("urn:common_{version}.platform.{DOMAIN}"))
            .attribute("xmlns:s", format_args!("urn:sales_{version}.transactions.{DOMAIN}"))
            .attribute("xmlns:cu", format_args!("urn:customers_{version}.transactions.{DOMAIN}"))
            .child(header)
            .document_around("soapenv:Body", &self.body)
    }
}

const DOMAIN: &str = "webservices.netsuite.com";

fn token_passport(passport: &Passport<'_>) -> Element {
    let signature =
        Element::new("c:signature").attribute("algorithm", ALGORITHM).content(&passport.signature);
    Element::new("m:tokenPassport")
        .text("c:account", passport.account)
        .text("c:consumerKey", passport.consumer_key)
        .text("c:token", passport.token)
        .text("c:nonce", &passport.nonce)
        .text("c:timestamp", passport.timestamp)
        .child(signature)
}
