//! Custom fields: each policy rule with the value it takes from the case.

use std::collections::BTreeSet;

use rust_decimal::Decimal;

use super::{Case, lines::Goods};
use crate::{Amount, CreditMemo, CustomField, FieldRule, FieldSource, Unit, UnitId};

/// The custom fields of a memo's body.
pub(super) fn of_memo(case: &Case<'_>, memo: &CreditMemo) -> Vec<CustomField> {
    let units: Vec<&Unit> = memo.units.iter().filter_map(|id| case.order.unit(id)).collect();
    let ids: Vec<&UnitId> = memo.units.iter().collect();
    fields(case, &case.policy.fields, &units, &ids)
}

/// The custom fields of an item line.
pub(super) fn of_line(case: &Case<'_>, placed: &[(&Unit, Goods<'_>)]) -> Vec<CustomField> {
    let mut units: Vec<&Unit> = placed.iter().map(|(unit, _)| *unit).collect();
    units.sort_by_key(|it| &it.id);
    let ids: Vec<&UnitId> = units.iter().map(|it| &it.id).collect();
    fields(case, &case.policy.line_fields, &units, &ids)
}

/// Why units were cancelled, each reason once: as the event says, else as the order does.
pub(super) fn reasons<'a>(case: &Case<'a>, units: impl Iterator<Item = &'a Unit>) -> String {
    let mut reasons: Vec<&str> = Vec::new();
    let mut met = BTreeSet::new();
    for unit in units {
        let told = case.cancellation.units.get(&unit.id).and_then(Option::as_deref);
        let reason = told.or(unit.reason.as_deref()).unwrap_or_default();
        if !reason.is_empty() && met.insert(reason) {
            reasons.push(reason);
        }
    }
    reasons.join(", ")
}

fn fields(
    case: &Case<'_>,
    rules: &[FieldRule],
    units: &[&Unit],
    ids: &[&UnitId],
) -> Vec<CustomField> {
    let mut fields = Vec::new();
    for rule in rules {
        let value = value(case, &rule.source, units, ids);
        if let Some(value) = value.filter(|it| !it.is_empty()) {
            let script_id = rule.script_id.clone();
            fields.push(CustomField { script_id, kind: rule.kind, value });
        }
    }
    fields
}

/// The value, or `None` where the order has none: the field is then left out.
fn value(
    case: &Case<'_>,
    source: &FieldSource,
    units: &[&Unit],
    ids: &[&UnitId],
) -> Option<String> {
    let order = case.order;
    match source {
        FieldSource::OrderExternalId => Some(order.reference.clone()),
        FieldSource::OrderId => Some(order.id.to_string()),
        FieldSource::OrderChannel => order.channel.clone(),
        FieldSource::OrderChannelType => order.channel_type.clone(),
        FieldSource::PublishedAt => Some(case.published.to_string()),
        FieldSource::CancellationReason => Some(reasons(case, units.iter().copied())),
        FieldSource::UnitId => Some(ids.iter().map(|it| it.as_str()).collect::<Vec<_>>().join(",")),
        FieldSource::UnitTaxRate => tax_rate(case, units),
        FieldSource::UnitCoupon => order.coupon.clone(),
        FieldSource::Constant(text) => Some(text.clone()),
    }
}

fn tax_rate(case: &Case<'_>, units: &[&Unit]) -> Option<String> {
    let net: Amount = units.iter().map(|it| it.net(case.order.treatment)).sum();
    let tax: Amount = units.iter().map(|it| it.tax).sum();
    if net.is_zero() {
        return None;
    }
    let rate = tax.share(Decimal::ONE_HUNDRED, net.value()).value();
    Some(rate.round_dp(4).normalize().to_string())
}
