//! Fills in the memo: `docs/RULES.md#fields`, field by field.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{
    DecisionInput,
    credited::Credited,
    fields,
    lines::ItemLine,
    matching::{Matched, by_line},
    shipping::ShippingDue,
    tax::LineTaxes,
};
use crate::{
    Amount, BillingLine, BodyShipping, Classes, CreditMemo, Discounts, Invoice, ItemPolicy,
    LineKind, MemoKey, MemoLine, Reason, RecordId, ShippingAs, Source, SubsidiaryRule, Tax,
    TaxBasis, TaxTreatment, Unit, UnitId, cut_utf16, maps::unmapped,
};

/// The longest `otherRefNum` and `memo` that the ledger accepts, in UTF-16 units.
const REFERENCE_LENGTH: usize = 45;
const TEXT_LENGTH: usize = 999;

/// The fields that a memo copies from the record it is made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    pub(super) source: &'a Source,
    pub(super) entity: &'a RecordId,
    pub(super) currency: Option<&'a RecordId>,
    pub(super) classes: &'a Classes,
    pub(super) tax_item: Option<&'a RecordId>,
    pub(super) invoice: Option<&'a Invoice>,
}

/// A memo over these units of one record, with shipping where it belongs on this record. Rounding,
/// payments and application are added later.
pub(super) fn assemble(
    input: &DecisionInput<'_>,
    origin: Origin<'_>,
    matched: &[(&Unit, ItemLine<'_>)],
    shipping: Option<&ShippingDue<'_>>,
    credited: &Credited,
) -> Result<CreditMemo, Reason> {
    let mut units: Vec<UnitId> = matched.iter().map(|(unit, _)| unit.id.clone()).collect();
    units.sort();
    if shipping.is_some() {
        units.push(UnitId::shipping());
    }
    let place = place(input, origin)?;
    let mut memo = CreditMemo {
        key: MemoKey::of(&input.cancellation.tenant, &input.order.id, &units),
        order: input.order.id.clone(),
        units,
        source: origin.source.clone(),
        entity: origin.entity.clone(),
        currency: origin.currency.cloned(),
        money: input.order.currency,
        account: origin.invoice.and_then(|it| it.account.clone()),
        location: place.location,
        department: place.department,
        class: place.class,
        subsidiary: place.subsidiary,
        custom_form: input.policy.custom_form.clone(),
        date: date(input, origin.invoice),
        reference: cut_utf16(&input.order.reference, REFERENCE_LENGTH).to_owned(),
        text: cut_utf16(&text(input, matched), TEXT_LENGTH).to_owned(),
        tax_item: origin.tax_item.filter(|_| input.policy.tax == Tax::FromInvoice).cloned(),
        tax_basis: match input.policy.tax {
            Tax::SuiteTax => TaxBasis::Details,
            Tax::FromInvoice | Tax::Item => TaxBasis::Codes,
        },
        lines: Vec::new(),
        shipping: None,
        application: None,
        fields: Vec::new(),
        cleared: input.policy.cleared_fields.clone(),
        credit: Amount::ZERO,
        total: Amount::ZERO,
    };
    let mut by_number: BTreeMap<u32, Vec<(&Unit, ItemLine<'_>)>> = BTreeMap::new();
    for &(unit, item_line) in matched {
        by_number.entry(item_line.line.line).or_default().push((unit, item_line));
    }
    for on_line in by_number.values() {
        let lines = memo_lines(input, origin, on_line, &memo, credited)?;
        memo.lines.extend(lines);
    }
    memo.credit = matched.iter().map(|(unit, _)| unit.credit(input.order.treatment)).sum();
    let mut untaxed = matched.iter().map(|(unit, _)| unit.tax).sum::<Amount>();
    if let Some(due) = shipping {
        memo.credit += due.charge.credit;
        untaxed += due.charge.tax;
        add_shipping(input, origin, due, &mut memo)?;
    }
    if input.policy.tax == Tax::Item && !untaxed.is_zero() {
        memo.lines.push(MemoLine {
            item: policy_id(input, "tax_item", input.policy.tax_item.as_ref())?,
            ..plain_line(input, origin, LineKind::Tax, untaxed)?
        });
    }
    memo.fields = fields::of_memo(input, &memo);
    memo.total = memo.credit;
    Ok(memo)
}

/// The item line of some units, with its discount line.
fn memo_lines(
    input: &DecisionInput<'_>,
    origin: Origin<'_>,
    matched: &[(&Unit, ItemLine<'_>)],
    memo: &CreditMemo,
    credited: &Credited,
) -> Result<Vec<MemoLine>, Reason> {
    let item_line = matched[0].1;
    let treatment = input.order.treatment;
    let mut units: Vec<UnitId> = matched.iter().map(|(unit, _)| unit.id.clone()).collect();
    units.sort();
    let pieces: u32 = matched.iter().map(|(unit, _)| unit.quantity).sum();
    let net: Amount = matched.iter().map(|(unit, _)| unit.net(treatment)).sum();
    let tax: Amount = matched.iter().map(|(unit, _)| unit.tax).sum();
    let before_discount = before_discount(input, origin, matched, credited);
    let (amount, discount) = match input.policy.discounts {
        Discounts::Line => (before_discount, net - before_discount),
        Discounts::Net => (net, Amount::ZERO),
    };
    let rate = amount.share(Decimal::ONE, Decimal::from(pieces));
    let taxes = LineTaxes::of(input, item_line.line, net, tax)?;
    let fixed = match &input.policy.item {
        ItemPolicy::Fixed(item) => Some(item.clone()),
        ItemPolicy::Invoice => None,
    };
    let from_invoice = matches!(origin.source, Source::Invoice(_));
    let item = MemoLine {
        kind: LineKind::Item,
        item: fixed.unwrap_or_else(|| item_line.line.item.id.clone()),
        source_line: from_invoice.then_some(item_line.line.line),
        quantity: Some(pieces),
        rate: Some(rate)
            .filter(|it| input.order.currency.is_exact(*it))
            .map(|it| input.order.currency.round(it)),
        amount,
        tax_code: taxes.code.clone(),
        taxable: taxes.taxable.filter(|_| origin.tax_item.is_some()),
        location: item_line.line.location.clone().or_else(|| memo.location.clone()),
        fields: fields::of_line(input, matched),
        units,
        taxes: taxes.details,
    };
    if discount.is_zero() {
        return Ok(vec![item]);
    }
    let discount_line: Option<&BillingLine> = item_line.discount.filter(|_| from_invoice);
    let discount = MemoLine {
        kind: LineKind::Discount,
        item: policy_id(input, "discount_item", input.policy.discount_item.as_ref())?,
        source_line: discount_line.map(|it| it.line),
        quantity: None,
        rate: None,
        amount: discount,
        tax_code: taxes.code,
        taxable: item.taxable,
        location: None,
        units: Vec::new(),
        taxes: Vec::new(),
        fields: Vec::new(),
    };
    Ok(vec![item, discount])
}

/// The net amount of the units on one line before their discount.
fn before_discount(
    input: &DecisionInput<'_>,
    origin: Origin<'_>,
    matched: &[(&Unit, ItemLine<'_>)],
    credited: &Credited,
) -> Amount {
    let sum =
        |part: fn(&Unit) -> Amount| matched.iter().map(|(unit, _)| part(unit)).sum::<Amount>();
    let (gross, discount) = (sum(|it| it.gross), sum(|it| it.discount));
    if input.order.treatment == TaxTreatment::Outside {
        return gross;
    }
    let item_line = matched[0].1;
    let pieces: Decimal = matched.iter().map(|(unit, _)| Decimal::from(unit.quantity)).sum();
    let paid = gross - discount;
    let exact = if paid.is_zero() {
        item_line.line.amount.share(pieces, item_line.quantity())
    } else {
        gross.share((paid - sum(|it| it.tax)).value(), paid.value())
    };
    let rounded = input.order.currency.round(exact);
    let Some(invoice) = origin.invoice else {
        return rounded;
    };
    let used: Amount = credited.lines_on(invoice, item_line.line).map(|it| it.amount).sum();
    // A cent that the line lacks is not shown as a discount where the amount has none.
    rounded.min(item_line.line.amount - used).max(paid - sum(|it| it.tax))
}

/// Puts shipping into the body, or on a line of its own.
fn add_shipping(
    input: &DecisionInput<'_>,
    origin: Origin<'_>,
    due: &ShippingDue<'_>,
    memo: &mut CreditMemo,
) -> Result<(), Reason> {
    let level = due.level;
    let method = level.map(|it| input.maps.shipping_method(it, input.order)).transpose()?;
    let method = method.and_then(crate::Entry::id);
    let net = due.charge.net();
    let taxes = LineTaxes::of_shipping(input, origin.invoice, due)?;
    match input.policy.shipping_as {
        ShippingAs::Body => {
            memo.shipping = Some(BodyShipping {
                cost: net,
                method,
                tax_code: taxes.code,
                taxes: taxes.details,
            });
        }
        ShippingAs::Line => {
            let key = level.unwrap_or("(no service level)");
            let item = method.ok_or_else(|| unmapped("shipping_methods", key, input.order))?;
            let made_from = matches!(origin.source, Source::Invoice(_));
            memo.lines.push(MemoLine {
                kind: LineKind::Shipping,
                item,
                source_line: due.line.filter(|_| made_from).map(|it| it.line),
                quantity: Some(1),
                rate: Some(net),
                amount: net,
                tax_code: taxes.code,
                taxable: taxes.taxable.filter(|_| origin.tax_item.is_some()),
                location: memo.location.clone(),
                units: vec![UnitId::shipping()],
                taxes: taxes.details,
                fields: Vec::new(),
            });
        }
    }
    Ok(())
}

/// A line of tax, rounding or payment: its amount is not taxed.
pub(super) fn plain_line(
    input: &DecisionInput<'_>,
    origin: Origin<'_>,
    kind: LineKind,
    amount: Amount,
) -> Result<MemoLine, Reason> {
    Ok(MemoLine {
        kind,
        item: origin.entity.clone(),
        source_line: None,
        quantity: None,
        rate: None,
        amount,
        tax_code: untaxed(input)?,
        taxable: origin.tax_item.map(|_| false),
        location: None,
        units: Vec::new(),
        taxes: Vec::new(),
        fields: Vec::new(),
    })
}

/// The tax code of an untaxed line; `None` where tax is stated in tax details.
pub(super) fn untaxed(input: &DecisionInput<'_>) -> Result<Option<RecordId>, Reason> {
    match input.policy.tax {
        Tax::SuiteTax => Ok(None),
        Tax::FromInvoice | Tax::Item => {
            policy_id(input, "untaxed_code", input.policy.untaxed_code.as_ref()).map(Some)
        }
    }
}

/// A record that policy must name.
pub(super) fn policy_id(
    input: &DecisionInput<'_>,
    name: &str,
    id: Option<&RecordId>,
) -> Result<RecordId, Reason> {
    id.cloned().ok_or_else(|| unmapped("policy", name, input.order))
}

/// The memo's classification: the record's own values, and from the maps only those that the record
/// lacks.
fn place(input: &DecisionInput<'_>, origin: Origin<'_>) -> Result<Classes, Reason> {
    let order = input.order;
    let classes = origin.classes;
    let store = order.channel_type.as_deref() == Some("store");
    let site = if store { &order.channel } else { &order.demand_location };
    let site = || site.as_deref().map(|it| input.maps.location(it, order)).transpose();
    let location = match &classes.location {
        Some(location) => Some(location.clone()),
        None => site()?.and_then(|it| it.id.clone().id()),
    };
    let department = match (&classes.department, &order.channel_type) {
        (Some(department), _) => Some(department.clone()),
        (None, Some(channel)) => input.maps.department(channel, order)?.id(),
        (None, None) => None,
    };
    // Without `createdFrom` the ledger would take the customer's primary subsidiary.
    let is_copied = origin.source.created_from().is_some();
    let subsidiary = match (input.policy.subsidiary, &classes.subsidiary) {
        (SubsidiaryRule::FromInvoice, _) if is_copied => None,
        (_, Some(subsidiary)) => Some(subsidiary.clone()),
        (SubsidiaryRule::FromInvoice, None) => None,
        (SubsidiaryRule::Send, None) => site()?.and_then(|it| it.subsidiary.clone()),
    };
    Ok(Classes { location, department, class: classes.class.clone(), subsidiary })
}

fn date(input: &DecisionInput<'_>, invoice: Option<&Invoice>) -> crate::CivilDate {
    let dates = [Some(input.published), invoice.map(|it| it.date), input.not_before];
    dates.into_iter().flatten().max().unwrap_or(input.published)
}

fn text(input: &DecisionInput<'_>, matched: &[(&Unit, ItemLine<'_>)]) -> String {
    let reasons = fields::reasons(input, matched.iter().map(|(unit, _)| *unit));
    let paid = input.order.instruments.iter().filter(|instrument| !instrument.paid().is_zero());
    let paid = paid.map(|it| match it.provider.as_str() {
        "" => format!("{} {}", it.method, it.paid()),
        provider => format!("{}/{provider} {}", it.method, it.paid()),
    });
    let paid: Vec<_> = paid.collect();
    let mut text = format!("{} cancellation {}", input.storefront, input.order.reference);
    if !reasons.is_empty() {
        text = format!("{text}: {reasons}");
    }
    if !paid.is_empty() {
        text = format!("{text}; paid {}", paid.join(", "));
    }
    text
}

/// Groups matched units by their invoice, lowest id first.
pub(super) fn by_invoice<'a>(matched: &[Matched<'a>]) -> Vec<(&'a Invoice, Vec<Matched<'a>>)> {
    let mut groups: BTreeMap<_, (&Invoice, Vec<Matched<'_>>)> = BTreeMap::new();
    for units in by_line(matched).into_values() {
        let invoice = units[0].invoice;
        let group = groups.entry(invoice.id.rank());
        group.or_insert_with(|| (invoice, Vec::new())).1.extend(units);
    }
    groups.into_values().collect()
}
