//! Searches over transactions, one function per query.
//!
//! Criteria are in alphabetical order, as the schema requires. With `mainLine` the answer has one
//! row per transaction instead of one per line.

use std::fmt::Display;

use domain::{RecordId, Standing};

use super::{Element, Operation, Request};

/// Records on one page; each comes with all its lines.
pub(super) const PAGE_SIZE: u32 = 100;

/// The longest number of a transaction in UTF-16 units; longer ones were cut.
const NUMBER_LENGTH: usize = 45;
/// Memos on one page when all memos of a window are read: they are small, and many.
const MEMOS_AT_ONCE: u32 = 200;

/// The invoices and cash sales made from a sales order, voided ones left out.
pub(crate) fn sales_documents_of(sales_order: &RecordId) -> Request {
    let source = made_from(std::slice::from_ref(sales_order));
    search(std::iter::once(source).chain(sales_documents()))
}

/// The same for the sales order with this external id. An advanced search without columns returns
/// complete records.
pub(crate) fn sales_documents_of_number(external_id: &str) -> Request {
    let name = Element::new("cm:externalIdString")
        .attribute("operator", "is")
        .text("c:searchValue", external_id);
    let criteria = Element::new("s:criteria")
        .child(Element::new("s:basic").children(sales_documents()))
        .child(Element::new("s:createdFromJoin").child(name).child(types(&["_salesOrder"])));
    let record = Element::new("m:searchRecord")
        .attribute("xsi:type", "s:TransactionSearchAdvanced")
        .child(criteria);
    Request::new(Operation::Search, Element::new("m:search").child(record))
}

fn sales_documents() -> [Element; 3] {
    [main_line(), types(&["_invoice", "_cashSale"]), voided(false)]
}

/// The credit memos made from any of these invoices, voided ones left out.
pub(crate) fn memos_of(invoices: &[RecordId]) -> Request {
    search([made_from(invoices), main_line(), types(&["_creditMemo"]), voided(false)])
}

/// The voided ones among these credit memos; only a search shows that.
pub(crate) fn voided_memos(records: &[RecordId]) -> Request {
    let values = records.iter().map(|id| Element::new("c:searchValue").attribute("internalId", id));
    let records = Element::new("cm:internalId").attribute("operator", "anyOf").children(values);
    search([records, main_line(), types(&["_creditMemo"]), voided(true)])
}

/// The credit memos with an order's number, voided ones left out.
pub(crate) fn memos_by_reference(reference: &str) -> Request {
    let number = domain::cut_utf16(reference, NUMBER_LENGTH);
    let number = Element::new("cm:otherRefNum")
        .attribute("operator", "equalTo")
        .text("c:searchValue", number);
    search([main_line(), number, types(&["_creditMemo"]), voided(false)])
}

/// The credit memos that were created or changed since a moment, either those that count or the
/// voided ones; a record itself does not show which it is.
pub(crate) fn memos_since(since: impl Display, standing: Standing) -> Request {
    let voided = voided(standing == Standing::Voided);
    let criteria = [changed_since(since), main_line(), types(&["_creditMemo"]), voided];
    Request { page_size: MEMOS_AT_ONCE, ..search(criteria) }
}

/// A further page of a search.
pub(crate) fn page(search_id: &str, index: u32) -> Request {
    let body =
        Element::new("m:searchMoreWithId").text("m:searchId", search_id).text("m:pageIndex", index);
    Request::new(Operation::SearchMore, body)
}

pub(super) fn search(criteria: impl IntoIterator<Item = Element>) -> Request {
    let record = Element::new("m:searchRecord")
        .attribute("xsi:type", "cm:TransactionSearchBasic")
        .children(criteria);
    Request::new(Operation::Search, Element::new("m:search").child(record))
}

fn made_from(records: &[RecordId]) -> Element {
    let values = records.iter().map(|id| Element::new("c:searchValue").attribute("internalId", id));
    Element::new("cm:createdFrom").attribute("operator", "anyOf").children(values)
}

pub(super) fn changed_since(moment: impl Display) -> Element {
    Element::new("cm:lastModifiedDate")
        .attribute("operator", "onOrAfter")
        .text("c:searchValue", moment)
}

pub(super) fn main_line() -> Element {
    Element::new("cm:mainLine").text("c:searchValue", true)
}

fn voided(is_voided: bool) -> Element {
    Element::new("cm:voided").text("c:searchValue", is_voided)
}

pub(super) fn types(names: &[&str]) -> Element {
    let values = names.iter().map(|name| Element::new("c:searchValue").content(name));
    Element::new("cm:type").attribute("operator", "anyOf").children(values)
}
