//! States where each field of a memo comes from, one sentence each, for audits.
//!
//! A sentence names the record, rule or map entry that gave a value, never a person's name or
//! address: the input has none.

use std::collections::{BTreeSet, HashMap};

use super::{DecisionInput, shipping};
use crate::{
    Classes, CreditMemo, Discounts, ItemPolicy, LineKind, MemoLine, RecordId, Settlement, Source,
    Tax, UnitId,
};

/// The source of each field of these memos, which were decided from `input`.
#[must_use]
pub fn sources(input: &DecisionInput<'_>, memos: &[CreditMemo]) -> Vec<Vec<String>> {
    let classes = input.billing.invoices.iter().map(|invoice| (&invoice.id, &invoice.classes));
    let classes: Places<'_> = classes.collect();
    memos.iter().map(|memo| sources_of(input, memo, &classes)).collect()
}

/// The classification of each invoice.
type Places<'a> = HashMap<&'a RecordId, &'a Classes>;

fn sources_of(input: &DecisionInput<'_>, memo: &CreditMemo, places: &Places<'_>) -> Vec<String> {
    let origin = origin(memo);
    let mut lines = vec![
        format!("external id {}: tenant, order and units {}", memo.key, joined(&memo.units)),
        format!("entity {}, currency, account: {origin}", memo.entity),
        date(input, memo),
    ];
    lines.extend(place(input, memo, &origin, places));
    if let Some(form) = &memo.custom_form {
        lines.push(format!("form {form}: policy custom_form"));
    }
    lines.extend(memo.lines.iter().map(|it| line(input, memo, it, &origin)));
    if let Some(shipping) = &memo.shipping {
        let method = shipping.method.as_ref().map(|it| {
            let level = shipping::level(input).unwrap_or("(none)");
            format!(", method {it} from maps.shipping_methods.{level}")
        });
        let cost = shipping.cost;
        lines.push(format!("shipping {cost}: the order's{}", method.unwrap_or_default()));
    }
    for rule in &input.policy.fields {
        if memo.fields.iter().any(|field| field.script_id == rule.script_id) {
            lines.push(format!("field {}: policy fields", rule.script_id));
        }
    }
    lines.push(settlement(input, memo));
    lines
}

fn origin(memo: &CreditMemo) -> String {
    match &memo.source {
        Source::Invoice(id) | Source::Against(id) => format!("invoice {id}"),
        Source::SalesOrder(id) => format!("sales order {id}"),
    }
}

fn date(input: &DecisionInput<'_>, memo: &CreditMemo) -> String {
    let why = if memo.date == input.published {
        "the event's publication"
    } else if input.not_before == Some(memo.date) {
        "today, by policy closed_period"
    } else {
        "the invoice's, later than the event's"
    };
    format!("date {}: {why}", memo.date)
}

fn place(
    input: &DecisionInput<'_>,
    memo: &CreditMemo,
    origin: &str,
    places: &Places<'_>,
) -> Vec<String> {
    let none = Classes::default();
    let own = match &memo.source {
        Source::Invoice(id) | Source::Against(id) => places.get(id).copied(),
        Source::SalesOrder(_) => input.billing.sales_order.as_ref().map(|it| &it.classes),
    };
    let own = own.unwrap_or(&none);
    let order = input.order;
    let channel_type = order.channel_type.as_deref().unwrap_or("");
    let site = if channel_type == "store" { &order.channel } else { &order.demand_location };
    let site = format!("maps.locations.{}", site.as_deref().unwrap_or(""));
    let channel = format!("maps.channels.{channel_type}");
    // field, value on the memo, value on the source record, map that is used otherwise
    let table = [
        ("location", &memo.location, &own.location, site.as_str()),
        ("department", &memo.department, &own.department, channel.as_str()),
        ("class", &memo.class, &own.class, origin),
        ("subsidiary", &memo.subsidiary, &own.subsidiary, site.as_str()),
    ];
    let sentences = table.into_iter().filter_map(|(field, value, own, map)| {
        let from = if own.is_some() { origin } else { map };
        value.as_ref().map(|it| format!("{field} {it}: {from}"))
    });
    sentences.collect()
}

fn line(input: &DecisionInput<'_>, memo: &CreditMemo, line: &MemoLine, origin: &str) -> String {
    let policy = input.policy;
    let number = line.source_line.map(|it| format!(" line {it}")).unwrap_or_default();
    let (item, why) = match &line.kind {
        LineKind::Item => {
            let item = match policy.item {
                ItemPolicy::Invoice => format!("{origin}{number}"),
                ItemPolicy::Fixed(_) => "policy item".to_owned(),
            };
            let net = match policy.discounts {
                Discounts::Line => "before discounts",
                Discounts::Net => "after discounts",
            };
            (item, format!("units {}, {net}", joined(&line.units)))
        }
        LineKind::Discount => ("policy discount_item".to_owned(), "their discounts".to_owned()),
        LineKind::Shipping => {
            let level = shipping::level(input).unwrap_or("(none)");
            (format!("maps.shipping_methods.{level}"), "the order's shipping".to_owned())
        }
        LineKind::Tax => ("policy tax_item".to_owned(), "the order's tax".to_owned()),
        LineKind::Rounding => {
            ("policy rounding_item".to_owned(), "the order's rounding difference".to_owned())
        }
        LineKind::Payment(key) => ("maps.payment_items".to_owned(), format!("instrument {key}")),
    };
    let tax = match (&line.tax_code, policy.tax) {
        (Some(code), Tax::FromInvoice) => match line.kind {
            LineKind::Item | LineKind::Discount | LineKind::Shipping => {
                format!("; tax code {code} from {origin}")
            }
            _ => format!("; tax code {code} from policy untaxed_code"),
        },
        (Some(code), _) => format!("; tax code {code} from policy untaxed_code"),
        (None, _) if !line.taxes.is_empty() => format!("; tax split as {origin} does"),
        (None, _) => String::new(),
    };
    let columns: BTreeSet<_> = line.fields.iter().map(|field| field.script_id.as_str()).collect();
    let columns: Vec<_> = columns.into_iter().collect();
    let columns = match columns.as_slice() {
        [] => String::new(),
        some => format!("; columns {} from policy line_fields or the payment", some.join(", ")),
    };
    let money = memo.money.code();
    format!("{} {money} of item {} ({item}): {why}{tax}{columns}", line.amount, line.item)
}

fn settlement(input: &DecisionInput<'_>, memo: &CreditMemo) -> String {
    match (&memo.application, input.policy.settlement) {
        (Some(it), _) => {
            format!("applied {} to invoice {}: policy settlement", it.amount, it.invoice)
        }
        (None, Settlement::Apply) => "not applied: no part of the invoice is unpaid".to_owned(),
        (None, Settlement::PaymentItems) => {
            "settled by payment lines: policy settlement".to_owned()
        }
    }
}

fn joined(units: &[UnitId]) -> String {
    units.iter().map(UnitId::as_str).collect::<Vec<_>>().join(", ")
}
