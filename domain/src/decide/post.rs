//! The memos of one run: one per invoice, adding up to the cent.

use std::collections::HashMap;

use super::{
    Case, Plan,
    assemble::{Origin, assemble, by_invoice},
    close::Spot,
    credited::{BookedLine, Credited},
    lines::{Role, role},
    matching::{Placed, by_line},
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
    case: &Case<'a>,
    placed: &[Placed<'a>],
    shipping: Option<&ShippingDue<'a>>,
    credited: &Credited,
) -> Result<Plan, Reason> {
    let mut groups = by_invoice(placed);
    let bearer = shipping.and_then(|due| due.invoice);
    if let Some(bearer) = bearer.filter(|it| !groups.iter().any(|(invoice, _)| invoice.id == it.id))
    {
        groups.push((bearer, Vec::new()));
        groups.sort_by_key(|(invoice, _)| invoice.id.rank());
    }
    for (invoice, _) in &groups {
        same_currency(case, &invoice.id, invoice.currency.as_ref())?;
    }
    for line in by_line(placed).values() {
        amounts_agree(case, line)?;
    }
    if let Some(due) = shipping {
        shipping_agrees(case, due)?;
    }
    let mut plan = Plan::default();
    for (invoice, units) in &groups {
        let units: Vec<_> = units.iter().map(|it| (it.unit, it.goods)).collect();
        let shipping = shipping.filter(|_| bearer.is_some_and(|it| it.id == invoice.id));
        let source = source(case, invoice);
        let memo = assemble(case, origin(invoice, &source), &units, shipping, credited)?;
        plan.memos.push(memo);
    }
    rounding::add(case, &groups, credited, &mut plan)?;
    // A free gift alone on its invoice: there is nothing to give back.
    let memos = groups.into_iter().zip(plan.memos).filter(|(_, memo)| !memo.credit.is_zero());
    let (groups, memos): (Vec<_>, Vec<_>) = memos.unzip();
    plan.memos = memos;
    for ((invoice, units), memo) in groups.iter().zip(&plan.memos) {
        not_too_much(case, invoice, units, memo, credited)?;
    }
    settle(case, &groups, credited, &mut plan)?;
    Ok(plan)
}

/// A memo without an invoice, from what the sales order says.
pub(super) fn standalone<'a>(
    case: &Case<'a>,
    sales_order: &SalesOrder,
    units: &[(&'a Unit, Spot<'a>)],
    shipping: Option<&ShippingDue<'a>>,
    credited: &Credited,
    plan: &Plan,
) -> Result<CreditMemo, Reason> {
    same_currency(case, &sales_order.id, sales_order.currency.as_ref())?;
    let source = Source::SalesOrder(sales_order.id.clone());
    let origin = Origin {
        source: &source,
        entity: &sales_order.entity,
        currency: sales_order.currency.as_ref(),
        classes: &sales_order.classes,
        tax_item: sales_order.tax_item.as_ref(),
        invoice: None,
    };
    let units: Vec<_> = units.iter().map(|(unit, spot)| (*unit, spot.goods)).collect();
    for (unit, goods) in &units {
        let ordered = unit.net(case.order.treatment);
        let theirs = goods.net.share(unit.quantity.into(), goods.quantity());
        agree(case, &sales_order.id, Some(goods.line.line), theirs, ordered)?;
    }
    let mut memo = assemble(case, origin, &units, shipping, credited)?;
    if case.policy.settlement == Settlement::PaymentItems {
        let mut run = payments::Run::default();
        plan.memos.iter().for_each(|memo| run.note(memo));
        run.add(case, origin, &mut memo, credited)?;
    }
    Ok(memo)
}

pub(super) fn source(case: &Case<'_>, invoice: &Invoice) -> Source {
    match case.policy.item {
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

/// `currency-mismatch`: the record's currency is not what the map says. Accounts
/// with a single currency tell none.
fn same_currency(
    case: &Case<'_>,
    record: &RecordId,
    found: Option<&RecordId>,
) -> Result<(), Reason> {
    match (case.maps.currency(case.order)?.id(), found) {
        (Some(expected), Some(found)) if expected != *found => Err(Reason::CurrencyMismatch {
            invoice: record.clone(),
            found: found.clone(),
            expected: format!("{expected} for {}", case.order.currency.code()),
        }),
        _ => Ok(()),
    }
}

/// `amount-mismatch`: the invoice line's net part of these units is not the order's.
fn amounts_agree(case: &Case<'_>, on_line: &[Placed<'_>]) -> Result<(), Reason> {
    let Placed { invoice, goods, .. } = on_line[0];
    let pieces = on_line.iter().map(|it| rust_decimal::Decimal::from(it.unit.quantity)).sum();
    let theirs = goods.net.share(pieces, goods.quantity());
    let ours = on_line.iter().map(|it| it.unit.net(case.order.treatment)).sum();
    agree(case, &invoice.id, Some(goods.line.line), theirs, ours)
}

/// The same for the shipping that is due, where the invoice shows any.
fn shipping_agrees(case: &Case<'_>, due: &ShippingDue<'_>) -> Result<(), Reason> {
    match due.invoice.filter(|_| due.billed == Billed::Yes) {
        Some(invoice) => {
            let line = due.line.map(|line| line.line);
            let billed = shipping::billed_net(case, invoice);
            agree(case, &invoice.id, line, billed, due.charge.net())
        }
        None => Ok(()),
    }
}

fn agree(
    case: &Case<'_>,
    invoice: &RecordId,
    line: Option<u32>,
    theirs: Amount,
    ours: Amount,
) -> Result<(), Reason> {
    if (theirs - ours).abs() <= case.policy.tolerance {
        return Ok(());
    }
    let invoiced = case.order.currency.round(theirs);
    Err(Reason::AmountMismatch { invoice: invoice.clone(), line, invoiced, ordered: ours })
}

/// The units of this run on each invoice.
pub(super) type Groups<'a> = [(&'a Invoice, Vec<Placed<'a>>)];

/// `over-credit`: above what is left on a line, or on the invoice.
fn not_too_much(
    case: &Case<'_>,
    invoice: &Invoice,
    units: &[Placed<'_>],
    memo: &CreditMemo,
    credited: &Credited,
) -> Result<(), Reason> {
    let numbers = units.iter().map(|it| (&it.unit.id, it.goods.line.line));
    let numbers: HashMap<&UnitId, u32> = numbers.collect();
    let asked = net_on_lines(memo, |unit| numbers.get(unit).copied());
    for on_line in by_line(units).values() {
        let goods = on_line[0].goods;
        let used: Vec<&BookedLine> = credited.lines_on(invoice, goods.line).collect();
        let left = goods.net - used.iter().map(|line| line.net).sum();
        let asked = asked.get(&goods.line.line).copied().unwrap_or_default();
        if left + case.policy.tolerance < asked {
            let line = Some(goods.line.line);
            let by = credited.takers(invoice, Some(goods.line));
            return Err(Reason::OverCredit { invoice: invoice.id.clone(), line, left, asked, by });
        }
    }
    let left = total(case, invoice) - credited.credit_on(&invoice.id);
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
    case: &Case<'_>,
    groups: &Groups<'_>,
    credited: &Credited,
    plan: &mut Plan,
) -> Result<(), Reason> {
    let mut run = payments::Run::default();
    for (nth, (invoice, _)) in groups.iter().enumerate() {
        match case.policy.settlement {
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
                let source = source(case, invoice);
                run.add(case, origin(invoice, &source), &mut plan.memos[nth], credited)?;
            }
        }
    }
    Ok(())
}

/// What the invoice comes to, payment lines left out.
pub(super) fn total(case: &Case<'_>, invoice: &Invoice) -> Amount {
    let is_payment = |item: &RecordId, amount: Amount| {
        role(item, amount, case.policy, case.maps) == Role::Payment
    };
    invoiced(invoice, is_payment)
}
