//! Changes to a sales order's lines.

use domain::{LineTarget, LinesToClose};

use super::{Element, Operation, Request};

/// Brings lines to their targets and leaves all other lines unchanged.
pub(crate) fn close_lines(lines: &LinesToClose) -> Request {
    let items = Element::new("s:itemList")
        .attribute("replaceAll", false)
        .children(lines.targets.iter().map(target));
    let record = Element::new("m:record")
        .attribute("xsi:type", "s:SalesOrder")
        .attribute("internalId", &lines.sales_order)
        .child(items);
    Request::new(Operation::Update, Element::new("m:update").child(record))
}

fn target(target: &LineTarget) -> Element {
    Element::new("s:item")
        .text_if("s:quantity", target.quantity)
        .text_if("s:amount", target.amount)
        .text("s:isClosed", target.closed)
        .text("s:line", target.line)
}
