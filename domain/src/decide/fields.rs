//! Custom fields: each policy rule with its value.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{DecisionInput, lines::ItemLine};
use crate::{Amount, CreditMemo, CustomField, FieldRule, FieldSource, Unit, UnitId};

/// The custom fields of a memo's body.
pub(super) fn of_memo(input: &DecisionInput<'_>, memo: &CreditMemo) -> Vec<CustomField> {
    let units: Vec<&Unit> = memo.units.iter().filter_map(|id| input.order.unit(id)).collect();
    let ids: Vec<&UnitId> = memo.units.iter().collect();
    fields(input, &input.policy.fields, &units, &ids)
}

/// The custom fields of an item line.
pub(super) fn of_line(
    input: &DecisionInput<'_>,
    matched: &[(&Unit, ItemLine<'_>)],
) -> Vec<CustomField> {
    let mut units: Vec<&Unit> = matched.iter().map(|(unit, _)| *unit).collect();
    units.sort_by_key(|unit| &unit.id);
    let ids: Vec<&UnitId> = units.iter().map(|unit| &unit.id).collect();
    fields(input, &input.policy.line_fields, &units, &ids)
}

/// Why units were cancelled, each reason once: the event's reason, else the order's.
pub(super) fn reasons<'a>(
    input: &DecisionInput<'a>,
    units: impl Iterator<Item = &'a Unit>,
) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    let mut met = BTreeSet::new();
    for unit in units {
        let event_reason = input.cancellation.units.get(&unit.id).and_then(Option::as_deref);
        let reason = event_reason.or(unit.reason.as_deref()).unwrap_or_default();
        if !reason.is_empty() && met.insert(reason) {
            reasons.push(reason);
        }
    }
    reasons.join(", ")
}

fn fields(
    input: &DecisionInput<'_>,
    rules: &[FieldRule],
    units: &[&Unit],
    ids: &[&UnitId],
) -> Vec<CustomField> {
    let mut fields = Vec::new();
    for rule in rules {
        let value = value(input, &rule.source, units, ids);
        if let Some(value) = value.filter(|it| !it.is_empty()) {
            let script_id = rule.script_id.clone();
            fields.push(CustomField { script_id, kind: rule.kind, value });
        }
    }
    fields
}

/// The value, or `None` where the order has none; the field is then left out.
fn value(
    input: &DecisionInput<'_>,
    source: &FieldSource,
    units: &[&Unit],
    ids: &[&UnitId],
) -> Option<String> {
    let order = input.order;
    match source {
        FieldSource::OrderExternalId => Some(order.reference.clone()),
        FieldSource::OrderId => Some(order.id.to_string()),
        FieldSource::OrderChannel => order.channel.clone(),
        FieldSource::OrderChannelType => order.channel_type.clone(),
        FieldSource::PublishedAt => Some(input.published.to_string()),
        FieldSource::CancellationReason => Some(reasons(input, units.iter().copied())),
        FieldSource::UnitId => Some(ids.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(",")),
        FieldSource::UnitTaxRate => tax_rate(input, units),
        FieldSource::UnitCoupon => order.coupon.clone(),
        FieldSource::Constant(text) => Some(text.clone()),
    }
}

fn tax_rate(input: &DecisionInput<'_>, units: &[&Unit]) -> Option<String> {
    let net: Amount = units.iter().map(|unit| unit.net(input.order.treatment)).sum();
    let tax: Amount = units.iter().map(|unit| unit.tax).sum();
    if net.is_zero() {
        return None;
    }
    let rate = tax.share(Decimal::ONE_HUNDRED, net.value()).value();
    Some(rate.round_dp(4).normalize().to_string())
}
