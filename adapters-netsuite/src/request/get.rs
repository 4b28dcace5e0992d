//! Records by id.

use std::fmt::Display;

use domain::RecordId;

use super::{Element, Operation, Request};

/// NetSuite accepts at most this many ids in one request.
pub(crate) const MAX_IDS: usize = 1000;

/// The types of record that are read by id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RecordType {
    /// A sales order.
    SalesOrder,
    /// An invoice.
    Invoice,
    /// A credit memo.
    CreditMemo,
    /// A cash sale.
    CashSale,
}

impl RecordType {
    fn name(self) -> &'static str {
        match self {
            Self::SalesOrder => "salesOrder",
            Self::Invoice => "invoice",
            Self::CreditMemo => "creditMemo",
            Self::CashSale => "cashSale",
        }
    }
}

/// The record with this id.
pub(crate) fn get(kind: RecordType, id: &RecordId) -> Request {
    Request::new(
        Operation::Get,
        Element::new("m:get").child(base(kind).attribute("internalId", id)),
    )
}

/// The record with this external id.
pub(crate) fn get_by_external_id(kind: RecordType, id: impl Display) -> Request {
    Request::new(
        Operation::Get,
        Element::new("m:get").child(base(kind).attribute("externalId", id)),
    )
}

/// The records with these ids, of one type, at most [`MAX_IDS`].
pub(crate) fn get_list(kind: RecordType, ids: &[RecordId]) -> Request {
    let references = ids.iter().map(|id| base(kind).attribute("internalId", id));
    Request::new(Operation::GetList, Element::new("m:getList").children(references))
}

fn base(kind: RecordType) -> Element {
    Element::new("m:baseRef").attribute("xsi:type", "c:RecordRef").attribute("type", kind.name())
}
