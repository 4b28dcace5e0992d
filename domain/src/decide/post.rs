//! The memos of one run: one per invoice, exact to the cent.

use std::collections::HashMap;

use super::{
    DecisionInput, Plan,
    assemble::{Origin, assemble, by_invoice},
    close::OrderLineUnits,
    credited::{Credited, ExistingCreditLine},
    lines::{Role, role},
    matching::{Matched, by_line},
    payments, rounding,
    shipping::{self, Billed, ShippingDue},
};
use crate::{
    Amount, Application, CreditMemo, Flag, Invoice, ItemPolicy, Reason, RecordId, SalesOrder,
    Settlement, Source, Unit, UnitId,
    conserve::{invoiced, net_on_lines},
};

/// The memos for units on invoices, and for shipping.
pub(super) fn memos<'a>(
    input: &DecisionInput<'a>,
    matched: &[Matched<'a>],
    shipping: Option<&ShippingDue<'a>>,
    credited: &Credited,
) -> Result<Plan, Reason> {
    let mut groups = by_invoice(matched);
    let shipping_invoice = shipping.and_then(|due| due.invoice);
    if let Some(shipping_invoice) =
        shipping_invoice.filter(|it| !groups.iter().any(|(invoice, _)| invoice.id == it.id))
    {
        groups.push((shipping_invoice, Vec::new()));
        groups.sort_by_key(|(invoice, _)| invoice.id.rank());
    }
    for (invoice, _) in &groups {
        same_currency(input, &invoice.id, invoice.currency.as_ref())?;
    }
    for line in by_line(matched).values() {
        amounts_agree(input, line)?;
    }
    if let Some(due) = shipping {
        shipping_agrees(input, due)?;
    }
    let mut plan = Plan::default();
    for (invoice, units) in &groups {
        let units: Vec<_> = units.iter().map(|unit| (unit.unit, unit.item_line)).collect();
        let shipping = shipping.filter(|_| shipping_invoice.is_some_and(|it| it.id == invoice.id));
        let source = source(input, invoice);
        let memo = assemble(input, origin(invoice, &source), &units, shipping, credited)?;
        plan.memos.push(memo);
    }
    rounding::add(input, &groups, credited, &mut plan)?;
    // A free gift alone on its invoice: there is nothing to credit.
    let memos = groups.into_iter().zip(plan.memos).filter(|(_, memo)| !memo.credit.is_zero());
    let (groups, memos): (Vec<_>, Vec<_>) = memos.unzip();
    plan.memos = memos;
    for ((invoice, units), memo) in groups.iter().zip(&plan.memos) {
        check_over_credit(input, invoice, units, memo, credited)?;
    }
    settle(input, &groups, credited, &mut plan)?;
    Ok(plan)
}

/// A memo without an invoice, from the sales order's lines.
pub(super) fn standalone<'a>(
    input: &DecisionInput<'a>,
    sales_order: &SalesOrder,
    units: &[(&'a Unit, OrderLineUnits<'a>)],
    shipping: Option<&ShippingDue<'a>>,
    credited: &Credited,
    plan: &Plan,
) -> Result<CreditMemo, Reason> {
    same_currency(input, &sales_order.id, sales_order.currency.as_ref())?;
    let source = Source::SalesOrder(sales_order.id.clone());
    let origin = Origin {
        source: &source,
        entity: &sales_order.entity,
        currency: sales_order.currency.as_ref(),
        classes: &sales_order.classes,
        tax_item: sales_order.tax_item.as_ref(),
        invoice: None,
    };
    let units: Vec<_> = units.iter().map(|(unit, spot)| (*unit, spot.item_line)).collect();
    for (unit, item_line) in &units {
        let ordered = unit.net(input.order.treatment);
        let on_record = item_line.net.share(unit.quantity.into(), item_line.quantity());
        agree(input, &sales_order.id, Some(item_line.line.line), on_record, ordered)?;
    }
    let mut memo = assemble(input, origin, &units, shipping, credited)?;
    if input.policy.settlement == Settlement::PaymentItems {
        let mut run = payments::Run::default();
        plan.memos.iter().for_each(|memo| run.note(memo));
        run.add(input, origin, &mut memo, credited)?;
    }
    Ok(memo)
}

pub(super) fn source(input: &DecisionInput<'_>, invoice: &Invoice) -> Source {
    match input.policy.item {
        ItemPolicy::Invoice => Source::Invoice(invoice.id.clone()),
        ItemPolicy::Fixed(_) => Source::Against(invoice.id.clone()),
    }
}

pub(super) fn origin<'a>(invoice: &'a Invoice, source: &'a Source) -> Origin<'a> {
    Origin {
        source,
        entity: &invoice.entity,
        currency: invoice.currency.as_ref(),
        classes: &invoice.classes,
        tax_item: invoice.tax_item.as_ref(),
        invoice: Some(invoice),
    }
}

/// `currency-mismatch`: the record's currency differs from the map's. Records of accounts with a
/// single currency name none.
fn same_currency(
    input: &DecisionInput<'_>,
    record: &RecordId,
    found: Option<&RecordId>,
) -> Result<(), Reason> {
    match (input.maps.currency(input.order)?.id(), found) {
        (Some(expected), Some(found)) if expected != *found => Err(Reason::CurrencyMismatch {
            invoice: record.clone(),
            found: found.clone(),
            expected: format!("{expected} for {}", input.order.currency.code()),
        }),
        _ => Ok(()),
    }
}

/// `amount-mismatch`: the net amount of these units on the invoice line differs from the order's.
fn amounts_agree(input: &DecisionInput<'_>, on_line: &[Matched<'_>]) -> Result<(), Reason> {
    let Matched { invoice, item_line, .. } = on_line[0];
    let pieces = on_line.iter().map(|it| rust_decimal::Decimal::from(it.unit.quantity)).sum();
    let on_record = item_line.net.share(pieces, item_line.quantity());
    let ordered = on_line.iter().map(|it| it.unit.net(input.order.treatment)).sum();
    agree(input, &invoice.id, Some(item_line.line.line), on_record, ordered)
}

/// The same check for the due shipping, where the invoice shows any.
fn shipping_agrees(input: &DecisionInput<'_>, due: &ShippingDue<'_>) -> Result<(), Reason> {
    match due.invoice.filter(|_| due.billed == Billed::Yes) {
        Some(invoice) => {
            let line = due.line.map(|line| line.line);
            let billed = shipping::billed_net(input, invoice);
            agree(input, &invoice.id, line, billed, due.charge.net())
        }
        None => Ok(()),
    }
}

fn agree(
    input: &DecisionInput<'_>,
    invoice: &RecordId,
    line: Option<u32>,
    on_record: Amount,
    ordered: Amount,
) -> Result<(), Reason> {
    if (on_record - ordered).abs() <= input.policy.tolerance {
        return Ok(());
    }
    let invoiced = input.order.currency.round(on_record);
    Err(Reason::AmountMismatch { invoice: invoice.clone(), line, invoiced, ordered })
}

/// The units of this run on each invoice.
pub(super) type Groups<'a> = [(&'a Invoice, Vec<Matched<'a>>)];

/// `over-credit`: the memo exceeds what is left on a line, or on the invoice.
fn check_over_credit(
    input: &DecisionInput<'_>,
    invoice: &Invoice,
    units: &[Matched<'_>],
    memo: &CreditMemo,
    credited: &Credited,
) -> Result<(), Reason> {
    let numbers = units.iter().map(|unit| (&unit.unit.id, unit.item_line.line.line));
    let numbers: HashMap<&UnitId, u32> = numbers.collect();
    let asked = net_on_lines(memo, |unit| numbers.get(unit).copied());
    for on_line in by_line(units).values() {
        let item_line = on_line[0].item_line;
        let used: Vec<&ExistingCreditLine> = credited.lines_on(invoice, item_line.line).collect();
        let left = item_line.net - used.iter().map(|line| line.net).sum();
        let asked = asked.get(&item_line.line.line).copied().unwrap_or_default();
        if left + input.policy.tolerance < asked {
            let line = Some(item_line.line.line);
            let by = credited.takers(invoice, Some(item_line.line));
            return Err(Reason::OverCredit { invoice: invoice.id.clone(), line, left, asked, by });
        }
    }
    let left = total(input, invoice) - credited.credit_on(&invoice.id);
    if left < memo.credit {
        let asked = memo.credit;
        let by = credited.takers(invoice, None);
        return Err(Reason::OverCredit {
            invoice: invoice.id.clone(),
            line: None,
            left,
            asked,
            by,
        });
    }
    Ok(())
}

/// Applies each memo to its invoice, or adds the payment lines that net it to 0.00.
fn settle(
    input: &DecisionInput<'_>,
    groups: &Groups<'_>,
    credited: &Credited,
    plan: &mut Plan,
) -> Result<(), Reason> {
    let mut run = payments::Run::default();
    for (nth, (invoice, _)) in groups.iter().enumerate() {
        match input.policy.settlement {
            Settlement::Apply => {
                let memo = &mut plan.memos[nth];
                let amount = memo.total.min(invoice.remaining).max(Amount::ZERO);
                if !amount.is_zero() {
                    memo.application = Some(Application { invoice: invoice.id.clone(), amount });
                }
                let open = memo.total - amount;
                if !open.is_zero() {
                    plan.flags.push(Flag::LeftOpen(open));
                }
            }
            Settlement::PaymentItems => {
                let source = source(input, invoice);
                run.add(input, origin(invoice, &source), &mut plan.memos[nth], credited)?;
            }
        }
    }
    Ok(())
}

/// The invoice's total without payment lines.
pub(super) fn total(input: &DecisionInput<'_>, invoice: &Invoice) -> Amount {
    let is_payment = |item: &RecordId, amount: Amount| {
        role(item, amount, input.policy, input.maps) == Role::Payment
    };
    invoiced(invoice, is_payment)
}
