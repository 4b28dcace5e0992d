//! Records a credit memo: fills in defaults, checks rules and computes totals.

use roxmltree::Node;
use rust_decimal::Decimal;

use super::{
    Access, Denial, ItemKind, Kind, Line, Record, Standing, TaxBasis,
    account::Books,
    apply, creditable,
    number::round,
    read::{self, Draft},
    reply::Refusal,
};

/// The reference of tax details for the body's shipping.
pub const SHIPPING_TAX: &str = "SHIPPING";

/// Records the memo of a request and returns its internal id.
pub(super) fn create(books: &mut Books, node: Node<'_, '_>) -> Result<String, Refusal> {
    if books.denied(Kind::CreditMemo, Access::Create) {
        let message = Denial::message(Kind::CreditMemo);
        return Err(Refusal::new("INSUFFICIENT_PERMISSION", message));
    }
    let draft = read::credit_memo(books, node)?;
    if draft.record.external_id.as_deref().is_some_and(|it| books.by_external_id(it).is_some()) {
        return Err(Refusal::new("DUP_RCRD", "This record already exists"));
    }
    let memo = complete(books, draft)?;
    let id = books.insert(memo);
    apply::settle(books, &id);
    Ok(id)
}

/// The memo as it would be recorded.
pub(super) fn complete(books: &Books, mut draft: Draft) -> Result<Record, Refusal> {
    lengths(&draft.record)?;
    let invoice = source(books, &draft.record)?.cloned();
    if let Some(invoice) = &invoice {
        inherit(&mut draft, invoice)?;
        creditable::lines(books, &mut draft, invoice)?;
    }
    let memo = &mut draft.record;
    known(books, memo)?;
    price(books, memo)?;
    if memo.tax_basis == TaxBasis::Details {
        details(memo)?;
    }
    if books.closed_until.is_some_and(|until| memo.date <= until) {
        let message = "The transaction date you specified is not within a period that is open.";
        return Err(Refusal::new("TRAN_PRD_CLOSED", message));
    }
    if memo.lines.is_empty() && memo.shipping_cost.unwrap_or_default().is_zero() {
        let message = "You must enter at least one line item for this transaction.";
        return Err(Refusal::user(message));
    }
    number_lines(memo);
    reckon(books, memo);
    if memo.total.is_sign_negative() && !memo.total.is_zero() {
        return Err(Refusal::user("The total of a transaction can not be negative."));
    }
    draft.record.applied = apply::decide(books, &draft)?;
    let applied: Decimal = draft.record.applied.iter().map(|it| it.amount).sum();
    draft.record.remaining = Some(draft.record.total - applied);
    Ok(draft.record)
}

/// Assigns the next free number to lines without one.
pub(super) fn number_lines(record: &mut Record) {
    let mut last = record.lines.iter().map(|line| line.line).max().unwrap_or_default();
    for line in record.lines.iter_mut().filter(|line| line.line == 0) {
        last += 1;
        line.line = last;
    }
}

/// Computes tax and total.
pub(super) fn reckon(books: &Books, record: &mut Record) {
    let decimals = books.decimals(&record.currency);
    let tax = |code: Option<&str>, amount: Decimal| {
        let rate = code.map(|it| books.tax_rate(it)).unwrap_or_default();
        round(amount * rate / Decimal::ONE_HUNDRED, decimals)
    };
    let shipping = record.shipping_cost.unwrap_or_default();
    record.tax_total = match record.tax_basis {
        TaxBasis::Details => record.tax_details.iter().map(|it| it.amount).sum(),
        TaxBasis::Codes => {
            let body = record.tax_item.as_deref();
            let lines = record.lines.iter().map(|line| match (&line.tax_code, line.taxable) {
                (Some(code), _) => tax(Some(code), line.amount),
                (None, Some(true)) => tax(body, line.amount),
                (None, _) => Decimal::ZERO,
            });
            lines.sum::<Decimal>() + tax(record.shipping_tax_code.as_deref(), shipping)
        }
    };
    let lines: Decimal = record.lines.iter().map(|line| line.amount).sum();
    record.total = lines + record.tax_total + shipping + record.handling_cost.unwrap_or_default();
}

fn lengths(memo: &Record) -> Result<(), Refusal> {
    let limits = [("otherrefnum", &memo.other_ref_num, 45), ("memo", &memo.memo, 999)];
    for (field, value, most) in limits {
        if value.as_ref().is_some_and(|it| most < it.chars().count()) {
            let message = format!(
                "The field {field} contained more than the maximum number ( {most} ) of \
                 characters allowed."
            );
            return Err(Refusal::new("EXCEEDED_MAX_FIELD_LENGTH", message));
        }
    }
    Ok(())
}

/// Prices lines by their price level, as an account does unless it is custom.
fn price(books: &Books, memo: &mut Record) -> Result<(), Refusal> {
    for line in &mut memo.lines {
        if books.item_kind(&line.item) != ItemKind::Goods {
            continue;
        }
        let Some(quantity) = line.quantity else {
            return Err(Refusal::user("Please enter value(s) for: Quantity"));
        };
        let base = books.items.get(&line.item).and_then(|it| it.price);
        if let Some(base) = base.filter(|_| line.price_level.as_deref() != Some("-1")) {
            line.rate = Some(base);
            line.amount = base * quantity;
        }
    }
    Ok(())
}

/// Checks that tax is given by details alone, each for something on the memo.
fn details(memo: &Record) -> Result<(), Refusal> {
    let codes = memo.lines.iter().filter_map(|line| line.tax_code.as_ref());
    if codes.chain(&memo.shipping_tax_code).chain(&memo.tax_item).next().is_some() {
        let message = "Tax codes can not be set where tax details are overridden.";
        return Err(Refusal::user(message));
    }
    for detail in &memo.tax_details {
        let of_line = |it: &Line| it.tax_reference.as_ref() == Some(&detail.reference);
        if detail.reference != SHIPPING_TAX && !memo.lines.iter().any(of_line) {
            return Err(Refusal::invalid_reference("taxDetailsReference", &detail.reference));
        }
    }
    Ok(())
}

/// The invoice that the memo is made from.
fn source<'a>(books: &'a Books, memo: &Record) -> Result<Option<&'a Record>, Refusal> {
    let Some(id) = &memo.created_from else {
        return Ok(None);
    };
    let found = books.record(id).filter(|it| it.kind == Kind::Invoice);
    let found = found.filter(|it| it.standing == Standing::Valid);
    found.map(Some).ok_or_else(|| Refusal::invalid_reference("createdFrom", id))
}

/// Copies missing fields from the invoice, as the entry form does.
fn inherit(draft: &mut Draft, invoice: &Record) -> Result<(), Refusal> {
    let Draft { record: memo, nulls, .. } = draft;
    let is_null = |name: &str| nulls.iter().any(|it| it == name);
    if memo.entity != invoice.entity {
        return Err(Refusal::invalid_reference("entity", &memo.entity));
    }
    if memo.currency.is_empty() {
        memo.currency.clone_from(&invoice.currency);
    }
    if memo.currency != invoice.currency {
        return Err(Refusal::invalid_reference("currency", &memo.currency));
    }
    let copied = [
        ("account", &mut memo.account, &invoice.account),
        ("location", &mut memo.location, &invoice.location),
        ("department", &mut memo.department, &invoice.department),
        ("class", &mut memo.class, &invoice.class),
        ("subsidiary", &mut memo.subsidiary, &invoice.subsidiary),
        ("otherRefNum", &mut memo.other_ref_num, &invoice.other_ref_num),
        ("shipMethod", &mut memo.ship_method, &invoice.ship_method),
    ];
    for (name, ours, theirs) in copied {
        if ours.is_none() && !is_null(name) {
            ours.clone_from(theirs);
        }
    }
    for field in &invoice.fields {
        if memo.field(&field.script_id).is_none() && !is_null(&field.script_id) {
            memo.fields.push(field.clone());
        }
    }
    if memo.tax_basis == TaxBasis::Codes {
        memo.tax_item = memo.tax_item.take().or_else(|| invoice.tax_item.clone());
        let code = memo.shipping_tax_code.take();
        memo.shipping_tax_code = code.or_else(|| invoice.shipping_tax_code.clone());
    }
    memo.shipping_cost = memo.shipping_cost.or(invoice.shipping_cost);
    memo.handling_cost = memo.handling_cost.or(invoice.handling_cost);
    if invoice.subsidiary.is_some() && memo.subsidiary != invoice.subsidiary {
        let id = memo.subsidiary.as_deref().unwrap_or_default();
        return Err(Refusal::invalid_reference("subsidiary", id));
    }
    Ok(())
}

/// Checks that all records that the memo names exist.
fn known(books: &Books, memo: &Record) -> Result<(), Refusal> {
    if !books.records().any(|it| it.entity == memo.entity) {
        return Err(Refusal::invalid_reference("entity", &memo.entity));
    }
    for line in &memo.lines {
        let used = |it: &Record| it.lines.iter().any(|other| other.item == line.item);
        if !books.items.contains_key(&line.item) && !books.records().any(used) {
            return Err(Refusal::invalid_reference("item", &line.item));
        }
    }
    let codes = memo.lines.iter().filter_map(|line| line.tax_code.as_ref());
    for code in codes.chain(&memo.shipping_tax_code).chain(&memo.tax_item) {
        if !books.knows_tax_code(code) {
            return Err(Refusal::invalid_reference("taxCode", code));
        }
    }
    Ok(())
}
