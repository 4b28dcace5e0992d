//! Changes the lines of a sales order.

use roxmltree::Node;
use rust_decimal::Decimal;

use super::{
    Access, Denial, Kind, Line, Record,
    account::Books,
    memo,
    read::{self, LineChange, Replace},
    reply::Refusal,
    xml::attribute,
};

/// Applies the changes of a request, all or none, and returns the order's id.
pub(super) fn update(books: &mut Books, node: Node<'_, '_>) -> Result<String, Refusal> {
    if books.denied(Kind::SalesOrder, Access::Edit) {
        let message = Denial::message(Kind::SalesOrder);
        return Err(Refusal::new("INSUFFICIENT_PERMISSION", message));
    }
    let found = match (attribute(node, "internalId"), attribute(node, "externalId")) {
        (Some(id), _) => books.record(id),
        (None, Some(id)) => books.by_external_id(id),
        (None, None) => None,
    };
    let found = found.filter(|it| it.kind == Kind::SalesOrder);
    let mut order = found.ok_or_else(Refusal::no_such_record)?.clone();
    let changes = read::line_changes(node);
    if read::replace(node) == Replace::All {
        drop_others(&mut order, &changes)?;
    }
    for change in changes {
        apply(&mut order, change)?;
    }
    memo::number_lines(&mut order);
    memo::reckon(books, &mut order);
    let id = order.id.clone();
    books.edit(&id, |it| *it = order);
    Ok(id)
}

/// A list that replaces all lines deletes those it does not name.
fn drop_others(order: &mut Record, changes: &[LineChange]) -> Result<(), Refusal> {
    let named: Vec<_> = changes.iter().filter_map(|it| it.line).collect();
    let (kept, dropped): (Vec<Line>, Vec<Line>) =
        order.lines.drain(..).partition(|it| named.contains(&it.line));
    if dropped.iter().any(in_use) {
        return Err(Refusal::user("A line that was fulfilled or billed can not be deleted."));
    }
    order.lines = kept;
    Ok(())
}

fn in_use(line: &Line) -> bool {
    !line.billed.is_zero() || !line.fulfilled.is_zero()
}

fn apply(order: &mut Record, change: LineChange) -> Result<(), Refusal> {
    let Some(number) = change.line else {
        return append(order, change);
    };
    let Some(line) = order.lines.iter_mut().find(|line| line.line == number) else {
        return Err(Refusal::invalid_reference("line", &number.to_string()));
    };
    if change.item.as_ref().is_some_and(|item| *item != line.item) {
        return Err(Refusal::user(format!("The item of line {number} can not be changed.")));
    }
    if let Some(quantity) = change.quantity {
        if quantity < line.billed.max(line.fulfilled) {
            let message = format!("Line {number}: less than was fulfilled or billed.");
            return Err(Refusal::user(message));
        }
        line.quantity = Some(quantity);
    }
    line.rate = change.rate.or(line.rate);
    let touched = change.quantity.is_some() || change.rate.is_some();
    let product =
        line.rate.filter(|_| touched).map(|it| it * line.quantity.unwrap_or(Decimal::ONE));
    line.amount = change.amount.or(product).unwrap_or(line.amount);
    line.closed = change.closed.unwrap_or(line.closed);
    Ok(())
}

fn append(order: &mut Record, change: LineChange) -> Result<(), Refusal> {
    let Some(item) = change.item else {
        return Err(Refusal::user("Please enter value(s) for: Item"));
    };
    let product = change.rate.map(|it| it * change.quantity.unwrap_or(Decimal::ONE));
    let amount = change.amount.or(product).unwrap_or_default();
    let line = Line {
        quantity: change.quantity,
        rate: change.rate,
        closed: change.closed.unwrap_or_default(),
        ..Line::new(&item, amount)
    };
    order.lines.push(line);
    Ok(())
}
