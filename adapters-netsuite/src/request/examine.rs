//! Requests of the doctor: the time, a form, records of any type, a few invoices.

use std::fmt::Display;

use domain::RecordId;
use ports::RecordKind;

use super::{Element, MAX_IDS, Operation, Request, search};

/// Every type that an item of a line may have; an id alone does not show the type.
const ITEM_TYPES: [&str; 11] = [
    "inventoryItem",
    "nonInventorySaleItem",
    "nonInventoryResaleItem",
    "serviceSaleItem",
    "otherChargeSaleItem",
    "discountItem",
    "paymentItem",
    "giftCertificateItem",
    "kitItem",
    "assemblyItem",
    "markupItem",
];

/// The number of invoices that are read: enough to see how an account uses its fields.
const SAMPLE_SIZE: u32 = 20;

/// No record has this internal id.
const NO_ID: &str = "0";

/// The types that a record may have; empty where the web services do not show such records.
pub(crate) fn types_of(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Location => &["location"],
        RecordKind::Department => &["department"],
        RecordKind::Subsidiary => &["subsidiary"],
        RecordKind::Currency => &["currency"],
        RecordKind::Item => &ITEM_TYPES,
        RecordKind::TaxCode => &["salesTaxItem", "taxGroup"],
        RecordKind::ShippingMethod | RecordKind::Form => &[],
    }
}

/// The places of custom fields in a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum FieldPlace {
    /// In the body.
    Body,
    /// On each line.
    Line,
}

/// The records that describe these custom fields.
pub(crate) fn custom_fields<'a>(
    place: FieldPlace,
    script_ids: impl IntoIterator<Item = &'a str>,
) -> Request {
    let kind = match place {
        FieldPlace::Body => "transactionBodyCustomField",
        FieldPlace::Line => "transactionColumnCustomField",
    };
    let references = script_ids.into_iter().map(|it| {
        Element::new("m:baseRef")
            .attribute("xsi:type", "c:CustomizationRef")
            .attribute("type", kind)
            .attribute("scriptId", it)
    });
    Request::new(Operation::GetList, Element::new("m:getList").children(references))
}

/// The number of ids of a kind that one [`list`] may contain.
pub(crate) fn ids_at_once(kind: RecordKind) -> usize {
    MAX_IDS / types_of(kind).len().max(1)
}

/// The records with these ids, each requested as every type that it may have.
pub(crate) fn list<'a>(kind: RecordKind, ids: impl IntoIterator<Item = &'a RecordId>) -> Request {
    let base = |id: &RecordId, kind: &str| {
        Element::new("m:baseRef")
            .attribute("xsi:type", "c:RecordRef")
            .attribute("type", kind)
            .attribute("internalId", id)
    };
    let references =
        ids.into_iter().flat_map(|id| types_of(kind).iter().map(move |it| base(id, it)));
    Request::new(Operation::GetList, Element::new("m:getList").children(references))
}

/// The server's time.
pub(crate) fn server_time() -> Request {
    Request::new(Operation::GetServerTime, Element::new("m:getServerTime"))
}

/// The form of a credit memo from an invoice that cannot exist. A role without the permission gets
/// a permission error, others the error that the invoice does not exist.
pub(crate) fn memo_form() -> Request {
    let invoice =
        Element::new("c:reference").attribute("type", "invoice").attribute("internalId", NO_ID);
    let record = Element::new("m:initializeRecord").text("c:type", "creditMemo").child(invoice);
    Request::new(Operation::Initialize, Element::new("m:initialize").child(record))
}

/// A few invoices; only those changed since a moment, where one is given.
pub(crate) fn some_invoices(since: Option<impl Display>) -> Request {
    let changed = since.map(search::changed_since);
    let valid = Element::new("cm:voided").text("c:searchValue", false);
    let criteria = [search::main_line(), search::types(&["_invoice"]), valid];
    let search = search::search(changed.into_iter().chain(criteria));
    Request { page_size: SAMPLE_SIZE, ..search }
}
