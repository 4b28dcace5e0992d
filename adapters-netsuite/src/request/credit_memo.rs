//! A new credit memo, field by field in the order of the schema.

use domain::{
    Amount, Application, CreditMemo, LineKind, MemoLine, Source, TaxBasis, TaxDetail, UnitId,
};

use super::{Element, Operation, Request, custom_field};
use crate::account_conventions::AccountConventions;

/// The price level that allows a custom price.
const CUSTOM_PRICE: &str = "-1";

/// The reference by which NetSuite ties tax details to the body's shipping.
pub(crate) const SHIPPING_TAXES: &str = "SHIPPING";

/// Records a memo under its key as external id.
pub(crate) fn add(memo: &CreditMemo, conventions: &AccountConventions) -> Request {
    let shipping = memo.shipping.as_ref();
    let record = Element::new("m:record")
        .attribute("xsi:type", "cu:CreditMemo")
        .attribute("externalId", &memo.key)
        .children(cleared(memo))
        .text_if("cu:taxDetailsOverride", (memo.tax_basis == TaxBasis::Details).then_some(true))
        .reference_if("cu:customForm", memo.custom_form.as_ref())
        .reference_if("cu:currency", memo.currency.as_ref())
        .reference("cu:entity", &memo.entity)
        .text("cu:tranDate", conventions.midnight(memo.date))
        .reference_if("cu:createdFrom", memo.source.created_from())
        .reference_if("cu:department", memo.department.as_ref())
        .reference_if("cu:class", memo.class.as_ref())
        .reference_if("cu:location", memo.location.as_ref())
        .reference_if("cu:subsidiary", memo.subsidiary.as_ref())
        .text("cu:otherRefNum", &memo.reference)
        .text("cu:memo", &memo.text)
        .reference_if("cu:account", memo.account.as_ref())
        .reference_if("cu:taxItem", memo.tax_item.as_ref())
        .text("cu:autoApply", false)
        .reference_if("cu:shipMethod", shipping.and_then(|it| it.method.as_ref()))
        .text("cu:shippingCost", shipping.map_or_else(nothing, |it| it.cost))
        .reference_if("cu:shippingTaxCode", shipping.and_then(|it| it.tax_code.as_ref()))
        .text("cu:handlingCost", nothing())
        .child(Element::list("cu:itemList", lines(memo, conventions)))
        .children(applications(memo))
        .children(tax_details(memo))
        .children(body_fields(memo, conventions));
    Request::new(Operation::Add, Element::new("m:add").child(record))
}

/// The fields that NetSuite must not copy from the invoice: first in any record, and in the core
/// namespace.
fn cleared(memo: &CreditMemo) -> Option<Element> {
    let names = memo.cleared.iter().map(|it| Element::new("c:name").content(it));
    (!memo.cleared.is_empty()).then(|| Element::new("c:nullFieldList").children(names))
}

/// Zero is stated explicitly; otherwise NetSuite would copy the invoice's amount.
fn nothing() -> Amount {
    Amount::cents(0)
}

fn lines(memo: &CreditMemo, conventions: &AccountConventions) -> Vec<Element> {
    let numbered = (1..).zip(&memo.lines);
    numbered.map(|(position, line)| item(line, position, conventions)).collect()
}

fn item(line: &MemoLine, position: usize, conventions: &AccountConventions) -> Element {
    let priced_by_us = line.rate.is_some() || line.kind == LineKind::Item;
    let price = Element::new("cu:price").attribute("internalId", CUSTOM_PRICE);
    Element::new("cu:item")
        .reference("cu:item", &line.item)
        .text_if("cu:orderLine", line.source_line)
        .text_if("cu:quantity", line.quantity)
        .children(priced_by_us.then_some(price))
        .text_if("cu:rate", line.rate)
        .text("cu:amount", line.amount)
        .text_if("cu:isTaxable", line.taxable)
        .reference_if("cu:taxCode", line.tax_code.as_ref())
        .reference_if("cu:location", line.location.as_ref())
        .text_if("cu:taxDetailsReference", reference(line, position))
        .children(line_fields(line, conventions))
}

/// The reference that ties a line to its tax details.
fn reference(line: &MemoLine, position: usize) -> Option<String> {
    (!line.taxes.is_empty()).then(|| format!("line-{position}"))
}

fn line_fields(line: &MemoLine, conventions: &AccountConventions) -> Option<Element> {
    let column = &conventions.line_key_field;
    let is_given = line.fields.iter().any(|field| field.script_id == *column);
    let units: Vec<_> = line.units.iter().map(UnitId::as_str).collect();
    let key =
        (!is_given && !units.is_empty()).then(|| custom_field::string(column, &units.join(",")));
    let others = line.fields.iter().filter_map(|field| custom_field::field(field, conventions));
    custom_field::list("cu:customFieldList", key.into_iter().chain(others).collect())
}

fn applications(memo: &CreditMemo) -> Option<Element> {
    if matches!(memo.source, Source::SalesOrder(_)) {
        return None;
    }
    // Empty where nothing is left to apply, so that NetSuite applies nothing by itself.
    Some(Element::list("cu:applyList", memo.application.as_ref().map(application)))
}

fn application(application: &Application) -> Element {
    Element::new("cu:apply")
        .text("cu:apply", true)
        .text("cu:doc", &application.invoice)
        .text("cu:amount", application.amount)
        .text("cu:line", 0)
}

fn tax_details(memo: &CreditMemo) -> Option<Element> {
    if memo.tax_basis == TaxBasis::Codes {
        return None;
    }
    let of_lines = (1..).zip(&memo.lines).flat_map(|(position, line)| {
        let name = reference(line, position).unwrap_or_default();
        line.taxes.iter().map(move |it| tax_detail(&name, it))
    });
    let of_shipping = memo.shipping.iter().flat_map(|it| &it.taxes);
    let rows = of_lines.chain(of_shipping.map(|it| tax_detail(SHIPPING_TAXES, it)));
    Some(Element::list("cu:taxDetailsList", rows))
}

fn tax_detail(reference: &str, detail: &TaxDetail) -> Element {
    Element::new("cm:taxDetails")
        .text("cm:taxDetailsReference", reference)
        .reference("cm:taxType", &detail.tax_type)
        .reference("cm:taxCode", &detail.tax_code)
        .text("cm:taxBasis", detail.basis)
        .text("cm:taxRate", detail.rate)
        .text("cm:taxAmount", detail.amount)
}

fn body_fields(memo: &CreditMemo, conventions: &AccountConventions) -> Option<Element> {
    let fields = memo.fields.iter().filter_map(|field| custom_field::field(field, conventions));
    custom_field::list("cu:customFieldList", fields.collect())
}
