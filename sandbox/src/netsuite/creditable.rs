//! Checks a memo's lines against the lines of the invoice that it is made from.

use rust_decimal::Decimal;

use super::{
    ItemKind, Kind, Line, Record, Standing,
    account::Books,
    read::{Draft, Replace},
    reply::Refusal,
};

/// Checks the lines and adds those that the account copies from the invoice.
pub(super) fn lines(books: &Books, draft: &mut Draft, invoice: &Record) -> Result<(), Refusal> {
    for line in &draft.record.lines {
        check(books, line, &draft.record, invoice)?;
    }
    if draft.replace == Replace::All {
        return Ok(());
    }
    // Lines that the request does not name stay as the entry form shows them.
    let named: Vec<_> = draft.record.lines.iter().filter_map(|line| line.order_line).collect();
    for line in invoice.lines.iter().filter(|line| !named.contains(&line.line)) {
        if let Some(rest) = rest(books, line, invoice) {
            draft.record.lines.push(rest);
        }
    }
    Ok(())
}

/// The content of the entry form for a new memo from an invoice.
pub(super) fn prefilled(books: &Books, invoice: &Record) -> Record {
    let mut memo = Record { kind: Kind::CreditMemo, ..invoice.clone() };
    memo.id.clear();
    memo.number.clear();
    memo.external_id = None;
    memo.created_from = Some(invoice.id.clone());
    memo.date = books.time().to_zoned(books.time_zone.clone()).date();
    memo.remaining = None;
    memo.lines = invoice.lines.iter().filter_map(|line| rest(books, line, invoice)).collect();
    memo
}

fn check(books: &Books, line: &Line, memo: &Record, invoice: &Record) -> Result<(), Refusal> {
    let Some(number) = line.order_line else {
        return match books.item_kind(&line.item) {
            ItemKind::Goods => Err(Refusal::user(
                "To create a credit memo with createdFrom populated you must set a value for \
                 orderLine.",
            )),
            ItemKind::Discount | ItemKind::Other => Ok(()),
        };
    };
    let Some(source) = invoice.line(number) else {
        return Err(Refusal::invalid_reference("orderLine", &number.to_string()));
    };
    if source.item != line.item {
        return Err(Refusal::invalid_reference("item", &line.item));
    }
    let asked: Decimal = memo
        .lines
        .iter()
        .filter(|line| line.order_line == Some(number))
        .filter_map(|line| line.quantity)
        .sum();
    let left = left(books, source, invoice);
    if source.quantity.is_some() && left < asked {
        let message = format!("Line {number}: {asked} is more than the {left} left to credit.");
        return Err(Refusal::user(message));
    }
    Ok(())
}

/// Pieces of an invoice line that no memo credits.
fn left(books: &Books, line: &Line, invoice: &Record) -> Decimal {
    let memos = books.made_from(&invoice.id).filter(|it| it.standing == Standing::Valid);
    let taken = memos.flat_map(|it| &it.lines).filter(|it| it.order_line == Some(line.line));
    line.quantity.unwrap_or_default() - taken.filter_map(|it| it.quantity).sum::<Decimal>()
}

/// The uncredited rest of an invoice line, as a memo line.
fn rest(books: &Books, line: &Line, invoice: &Record) -> Option<Line> {
    let mut copy = Line { line: 0, order_line: Some(line.line), ..line.clone() };
    let Some(quantity) = line.quantity.filter(|it| !it.is_zero()) else {
        return Some(copy);
    };
    let left = left(books, line, invoice);
    copy.amount = line.amount * left / quantity;
    copy.quantity = Some(left);
    (left > Decimal::ZERO).then_some(copy)
}
