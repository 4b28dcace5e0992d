//! Parses records from checked requests.

use jiff::{Timestamp, civil::Date};
use roxmltree::Node;
use rust_decimal::Decimal;

use super::{
    Application, Field, Kind, Line, Record, TaxBasis, TaxDetail,
    account::Books,
    number,
    reply::Refusal,
    xml::{attribute, child, children, content, reference, text, xsi_type},
};

/// A requested memo.
pub(super) struct Draft {
    pub(super) record: Record,
    /// The fields that stay empty, even if the source has a value.
    pub(super) nulls: Vec<String>,
    pub(super) replace: Replace,
    pub(super) apply: Apply,
}

/// Whether the request contains all lines of the memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Replace {
    /// It does; other lines are removed.
    All,
    /// They change existing lines.
    Named,
}

/// The requested applications.
pub(super) enum Apply {
    /// These invoices.
    Listed(Vec<Application>),
    /// The customer's oldest open invoice.
    Oldest,
    /// The invoice it is made from.
    Source,
    /// Nothing.
    Nothing,
}

/// One line of an update.
pub(super) struct LineChange {
    pub(super) line: Option<u32>,
    pub(super) item: Option<String>,
    pub(super) quantity: Option<Decimal>,
    pub(super) rate: Option<Decimal>,
    pub(super) amount: Option<Decimal>,
    pub(super) closed: Option<bool>,
}

/// The credit memo in a `record` element.
pub(super) fn credit_memo(books: &Books, node: Node<'_, '_>) -> Result<Draft, Refusal> {
    let entity = reference(node, "entity").unwrap_or_default();
    let currency = reference(node, "currency").unwrap_or_default();
    let own = |name: &str| reference(node, name).map(str::to_owned);
    let mut memo = Record::new(Kind::CreditMemo, entity, currency);
    memo.external_id = attribute(node, "externalId").map(str::to_owned);
    memo.created_from = own("createdFrom");
    memo.account = own("account");
    memo.date = date(books, text(node, "tranDate"));
    memo.location = own("location");
    memo.department = own("department");
    memo.class = own("class");
    memo.subsidiary = own("subsidiary");
    memo.custom_form = own("customForm");
    memo.other_ref_num = text(node, "otherRefNum").map(str::to_owned);
    memo.memo = text(node, "memo").map(str::to_owned);
    memo.tax_item = own("taxItem");
    memo.ship_method = own("shipMethod");
    memo.shipping_cost = decimal(node, "shippingCost");
    memo.shipping_tax_code = own("shippingTaxCode");
    memo.handling_cost = decimal(node, "handlingCost");
    if is_true(node, "taxDetailsOverride") == Some(true) {
        memo.tax_basis = TaxBasis::Details;
        memo.tax_details = listed(node, "taxDetailsList").map(tax_detail).collect();
    }
    memo.fields = fields(node);
    memo.lines = listed(node, "itemList").map(line).collect::<Result<_, _>>()?;
    let nulls = listed(node, "nullFieldList").map(|it| content(it).to_owned()).collect();
    Ok(Draft { nulls, replace: replace(node), apply: apply(node), record: memo })
}

/// Whether a record's item list replaces the lines that are there.
pub(super) fn replace(node: Node<'_, '_>) -> Replace {
    match child(node, "itemList").map(|it| attribute(it, "replaceAll").unwrap_or("true")) {
        Some("true" | "1") => Replace::All,
        _ => Replace::Named,
    }
}

/// The lines of a sales order's update.
pub(super) fn line_changes(node: Node<'_, '_>) -> Vec<LineChange> {
    let changes = listed(node, "itemList").map(|it| LineChange {
        line: text(it, "line").and_then(|it| it.parse().ok()),
        item: reference(it, "item").map(str::to_owned),
        quantity: decimal(it, "quantity"),
        rate: decimal(it, "rate"),
        amount: decimal(it, "amount"),
        closed: is_true(it, "isClosed"),
    });
    changes.collect()
}

/// The date of an instant in the time zone of the integration's user.
pub(super) fn date(books: &Books, moment: Option<&str>) -> Date {
    let moment = moment.and_then(|it| it.parse::<Timestamp>().ok());
    moment.unwrap_or_else(|| books.time()).to_zoned(books.time_zone.clone()).date()
}

fn line(node: Node<'_, '_>) -> Result<Line, Refusal> {
    let Some(item) = reference(node, "item") else {
        return Err(Refusal::user("Please enter value(s) for: Item"));
    };
    let (quantity, rate) = (decimal(node, "quantity"), decimal(node, "rate"));
    let product = || Some(quantity.unwrap_or(Decimal::ONE) * rate?);
    let Some(amount) = decimal(node, "amount").or_else(product) else {
        return Err(Refusal::user("Please enter value(s) for: Amount"));
    };
    let own = |name: &str| reference(node, name).map(str::to_owned);
    Ok(Line {
        line: text(node, "line").and_then(|it| it.parse().ok()).unwrap_or_default(),
        order_line: text(node, "orderLine").and_then(|it| it.parse().ok()),
        quantity,
        price_level: own("price"),
        rate,
        description: text(node, "description").map(str::to_owned),
        tax_code: own("taxCode"),
        taxable: is_true(node, "isTaxable"),
        location: own("location"),
        tax_reference: text(node, "taxDetailsReference").map(str::to_owned),
        fields: fields(node),
        ..Line::new(item, amount)
    })
}

fn apply(node: Node<'_, '_>) -> Apply {
    if child(node, "applyList").is_some() {
        let rows = listed(node, "applyList").filter(|it| is_true(*it, "apply") == Some(true));
        let rows = rows.map(|it| Application {
            doc: text(it, "doc").unwrap_or_default().to_owned(),
            amount: decimal(it, "amount").unwrap_or_default(),
        });
        return Apply::Listed(rows.collect());
    }
    match is_true(node, "autoApply") {
        Some(true) => Apply::Oldest,
        Some(false) => Apply::Nothing,
        None => Apply::Source,
    }
}

fn tax_detail(node: Node<'_, '_>) -> TaxDetail {
    TaxDetail {
        reference: text(node, "taxDetailsReference").unwrap_or_default().to_owned(),
        tax_type: reference(node, "taxType").unwrap_or_default().to_owned(),
        tax_code: reference(node, "taxCode").unwrap_or_default().to_owned(),
        basis: decimal(node, "taxBasis").unwrap_or_default(),
        rate: decimal(node, "taxRate").unwrap_or_default(),
        amount: decimal(node, "taxAmount").unwrap_or_default(),
    }
}

fn fields(node: Node<'_, '_>) -> Vec<Field> {
    let fields = listed(node, "customFieldList").map(|it| Field {
        script_id: attribute(it, "scriptId").unwrap_or_default().to_owned(),
        kind: xsi_type(it).map(|it| it.1).unwrap_or_default().to_owned(),
        values: children(it)
            .map(|it| attribute(it, "internalId").unwrap_or_else(|| content(it)).to_owned())
            .collect(),
    });
    fields.collect()
}

fn listed<'a, 'i>(node: Node<'a, 'i>, name: &str) -> impl Iterator<Item = Node<'a, 'i>> {
    child(node, name).into_iter().flat_map(children)
}

fn decimal(node: Node<'_, '_>, name: &str) -> Option<Decimal> {
    text(node, name).and_then(number::parse)
}

fn is_true(node: Node<'_, '_>, name: &str) -> Option<bool> {
    text(node, name).map(|it| matches!(it, "true" | "1"))
}
