//! The customer's choices, read from `[customer.policy]`.

use domain::{
    CivilDate, ClosedPeriod, Discounts, ExistingMemos, FieldRule, FieldSource, FieldType,
    ItemPolicy, MissingSalesOrder, NotInvoiced, Policy, RecordId, RefundRule, Settlement,
    ShippingAs, ShippingPolicy, SubsidiaryRule, Tax,
};

use super::{
    section::{Section, is_reference, one_of},
    tree::{Tree, Value},
};

/// The default time zone.
pub(crate) const DEFAULT_TIME_ZONE: &str = "America/New_York";

const FIELD_SOURCES: [(&str, FieldSource); 9] = [
    ("order.external_id", FieldSource::OrderExternalId),
    ("order.id", FieldSource::OrderId),
    ("order.channel", FieldSource::OrderChannel),
    ("order.channel_type", FieldSource::OrderChannelType),
    ("cancellation.published_at", FieldSource::PublishedAt),
    ("cancellation.reason", FieldSource::CancellationReason),
    ("unit.id", FieldSource::UnitId),
    ("unit.tax_rate", FieldSource::UnitTaxRate),
    ("unit.coupon", FieldSource::UnitCoupon),
];

const FIELD_TYPES: [(&str, FieldType); 7] = [
    ("string", FieldType::String),
    ("select", FieldType::Select),
    ("multiselect", FieldType::MultiSelect),
    ("boolean", FieldType::Boolean),
    ("long", FieldType::Long),
    ("double", FieldType::Double),
    ("date", FieldType::Date),
];

/// Reads the policy; every key is optional.
pub(super) fn read(section: &Section<'_>) -> Policy {
    let flag = [("true", true), ("false", false)];
    let default = Policy::default();
    let id = |key| section.get(key, str::parse::<RecordId>);
    let (fields, cleared_fields) = memo_fields(section);
    let policy = Policy {
        not_invoiced: section.choice(
            "not_invoiced",
            &[
                ("wait", NotInvoiced::Wait),
                ("close-lines", NotInvoiced::CloseLines),
                ("standalone-memo", NotInvoiced::StandaloneMemo),
                ("park", NotInvoiced::Park),
            ],
            default.not_invoiced,
        ),
        missing_sales_order: section.choice(
            "missing_sales_order",
            &[("park", MissingSalesOrder::Park), ("skip", MissingSalesOrder::Skip)],
            default.missing_sales_order,
        ),
        settlement: section.choice(
            "settlement",
            &[("apply", Settlement::Apply), ("payment-items", Settlement::PaymentItems)],
            default.settlement,
        ),
        discounts: section.choice(
            "discounts",
            &[("line", Discounts::Line), ("net", Discounts::Net)],
            default.discounts,
        ),
        tax: section.choice(
            "tax",
            &[("from-invoice", Tax::FromInvoice), ("suitetax", Tax::SuiteTax), ("item", Tax::Item)],
            default.tax,
        ),
        shipping: section.choice(
            "shipping",
            &[
                ("on-full-cancellation", ShippingPolicy::OnFullCancellation),
                ("never", ShippingPolicy::Never),
            ],
            default.shipping,
        ),
        shipping_as: section.choice(
            "shipping_as",
            &[("body", ShippingAs::Body), ("line", ShippingAs::Line)],
            default.shipping_as,
        ),
        item: item(section),
        existing_memos: section.choice(
            "existing_memos",
            &[("number", ExistingMemos::Number), ("invoice", ExistingMemos::Invoice)],
            default.existing_memos,
        ),
        closed_period: section.choice(
            "closed_period",
            &[("park", ClosedPeriod::Park), ("today", ClosedPeriod::Today)],
            default.closed_period,
        ),
        refund: if section.choice("require_refund", &flag, true) {
            RefundRule::Required
        } else {
            RefundRule::NotRequired
        },
        subsidiary: if section.choice("send_subsidiary", &flag, false) {
            SubsidiaryRule::Send
        } else {
            SubsidiaryRule::FromInvoice
        },
        tolerance: section
            .get("tolerance", |raw| match raw.parse::<domain::Amount>() {
                Ok(amount) if amount >= domain::Amount::ZERO => Ok(amount),
                _ => Err("must be an amount such as \"0.01\""),
            })
            .unwrap_or(default.tolerance),
        line_key_field: section.get("line_key_field", script_id).unwrap_or(default.line_key_field),
        discount_item: id("discount_item"),
        rounding_item: id("rounding_item"),
        tax_item: id("tax_item"),
        untaxed_code: id("untaxed_code"),
        custom_form: id("custom_form"),
        fields,
        cleared_fields,
        line_fields: line_fields(section),
    };
    if policy.settlement == Settlement::PaymentItems && policy.tax == Tax::FromInvoice {
        section.fault(
            "settlement",
            "= \"payment-items\" needs tax = \"suitetax\" or \"item\": a cent of tax that the ERP \
             computes would not net to 0.00",
        );
    }
    policy
}

/// Reads the time zone of the accounts.
pub(super) fn time_zone(section: Option<&Section<'_>>) -> jiff::tz::TimeZone {
    let parse = |name: &str| {
        jiff::tz::TimeZone::get(name)
            .map_err(|_| "must be a time zone such as \"America/New_York\"")
    };
    let named = section.and_then(|it| it.get("time_zone", parse));
    named.unwrap_or_else(|| parse(DEFAULT_TIME_ZONE).expect("the default time zone is known"))
}

fn item(section: &Section<'_>) -> ItemPolicy {
    let Some(tree) = section.tree("item") else {
        return ItemPolicy::Invoice;
    };
    let named = matches!(&tree.value, Value::Table(table) if table.contains_key("id"));
    if let Some(inner) = named.then(|| section.section("item")).flatten() {
        let id = inner.required("id", str::parse::<RecordId>);
        inner.done();
        return id.map_or(ItemPolicy::Invoice, ItemPolicy::Fixed);
    }
    section.choice("item", &[("invoice", ())], ());
    ItemPolicy::Invoice
}

/// An empty constant clears the field.
fn clears(rule: &FieldRule) -> bool {
    rule.source == FieldSource::Constant(String::new())
}

/// The fields that the memo carries, and those that it clears.
fn memo_fields(section: &Section<'_>) -> (Vec<FieldRule>, Vec<String>) {
    let rules = fields(section, "fields").into_iter();
    let (cleared, carried): (Vec<_>, Vec<_>) = rules.partition(clears);
    (carried, cleared.into_iter().map(|it| it.script_id).collect())
}

/// The fields of item lines. Only a field of the memo can be cleared.
fn line_fields(section: &Section<'_>) -> Vec<FieldRule> {
    const KEY: &str = "line_fields";
    let rules = fields(section, KEY);
    for rule in rules.iter().filter(|it| clears(it)) {
        if let Some(table) = section.section(KEY) {
            table.fault(&rule.script_id, "is empty: only a field of the memo can be cleared");
        }
    }
    rules
}

fn fields(section: &Section<'_>, key: &'static str) -> Vec<FieldRule> {
    let Some(table) = section.section(key) else {
        return Vec::new();
    };
    let source = table.source;
    let name = section.key(key);
    let mut rules = Vec::new();
    for (script, tree) in table.entries() {
        let name = format!("{name}.{script}");
        let read = script_id(&script).map_err(str::to_owned).and_then(|script_id| {
            let rule = rule(section, &name, &tree)?;
            Ok(rule.map(|(source, kind)| FieldRule { script_id, source, kind }))
        });
        match read {
            Ok(rule) => rules.extend(rule),
            Err(problem) => source.fault(tree.line, format!("{name} {problem}")),
        }
    }
    rules
}

/// The source of a field; `None` together with a fault.
fn rule(
    section: &Section<'_>,
    name: &str,
    tree: &Tree,
) -> Result<Option<(FieldSource, FieldType)>, String> {
    if !matches!(tree.value, Value::Table(_)) || is_reference(tree) {
        let text = section.source.resolve(name, tree);
        let source = text.map(|text| named(&text)).transpose()?;
        return Ok(source.map(|source| (source, FieldType::String)));
    }
    let inner = Section::of(section.source, name, tree);
    let kind = inner.choice("type", &FIELD_TYPES, FieldType::String);
    let constant = inner.text("constant");
    let from = inner.get("from", named);
    inner.done();
    let source = match (from, constant) {
        (Some(from), None) => from,
        (None, Some(constant)) => FieldSource::Constant(constant),
        _ => return Err("needs either from or constant".to_owned()),
    };
    if fits(&source, kind) {
        return Ok(Some((source, kind)));
    }
    let (word, _) = FIELD_TYPES.iter().find(|(_, it)| *it == kind).expect("every type has a word");
    Err(format!("has a value that is not of type {word}"))
}

/// Whether the value of the source fits this type.
fn fits(source: &FieldSource, kind: FieldType) -> bool {
    match (source, kind) {
        (FieldSource::Constant(text), _) if text.is_empty() => true,
        (FieldSource::Constant(text), FieldType::Boolean) => ["true", "false"].contains(&&**text),
        (FieldSource::Constant(text), FieldType::Long) => text.parse::<i64>().is_ok(),
        (FieldSource::Constant(text), FieldType::Double) => domain::decimal(text).is_ok(),
        (FieldSource::Constant(text), FieldType::Date) => text.parse::<CivilDate>().is_ok(),
        (FieldSource::Constant(text), FieldType::Select) => text.parse::<RecordId>().is_ok(),
        (FieldSource::UnitTaxRate, FieldType::Double)
        | (FieldSource::PublishedAt, FieldType::Date)
        | (_, FieldType::String | FieldType::Select | FieldType::MultiSelect) => true,
        (_, FieldType::Boolean | FieldType::Long | FieldType::Double | FieldType::Date) => false,
    }
}

fn named(text: &str) -> Result<FieldSource, String> {
    one_of(text, &FIELD_SOURCES)
}

fn script_id(raw: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if raw.is_empty() || !raw.chars().all(allowed) {
        return Err("must be a script id such as \"custcol_nws_item_id\"");
    }
    Ok(raw.to_owned())
}
