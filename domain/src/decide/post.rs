//! The memos of one run: one per invoice, adding up to the cent.

use super::{
    Case, Plan,
    assemble::{Origin, assemble, by_invoice, plain_line, policy_id},
    close::Spot,
    credited::Credited,
    lines::{Role, role},
    matching::{Placed, by_line},
    payments,
    shipping::ShippingDue,
};
use crate::{
    Amount, Application, CreditMemo, Flag, Invoice, ItemPolicy, LineKind, MemoLine, Reason,
    RecordId, SalesOrder, Settlement, ShippingPolicy, Source, Unit, UnitId,
    conserve::{Residue, invoiced, net_on_line, placeable, residue},
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
    for line in by_line(placed).values() {
        amounts_agree(case, line)?;
    }
    let mut plan = Plan::default();
    for (invoice, units) in &groups {
        same_currency(case, &invoice.id, invoice.currency.as_ref())?;
        let units: Vec<_> = units.iter().map(|it| (it.unit, it.goods)).collect();
        let shipping = shipping.filter(|_| bearer.is_some_and(|it| it.id == invoice.id));
        let source = source(case, invoice);
        let memo = assemble(case, origin(invoice, &source), &units, shipping, credited)?;
        plan.memos.push(memo);
    }
    add_rounding(case, &groups, credited, &mut plan)?;
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
        agree(case, &sales_order.id, goods.line.line, theirs, ordered)?;
    }
    let mut memo = assemble(case, origin, &units, shipping, credited)?;
    if case.policy.settlement == Settlement::PaymentItems {
        payments::add(case, origin, &mut memo, credited, &plan.memos)?;
    }
    Ok(memo)
}

fn source(case: &Case<'_>, invoice: &Invoice) -> Source {
    match case.policy.item {
        ItemPolicy::Invoice => Source::Invoice(invoice.id.clone()),
        ItemPolicy::Fixed(_) => Source::Against(invoice.id.clone()),
    }
}

fn origin<'a>(invoice: &'a Invoice, source: &'a Source) -> Origin<'a> {
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
    agree(case, &invoice.id, goods.line.line, theirs, ours)
}

fn agree(
    case: &Case<'_>,
    invoice: &RecordId,
    line: u32,
    theirs: Amount,
    ours: Amount,
) -> Result<(), Reason> {
    if (theirs - ours).abs() <= case.policy.tolerance {
        return Ok(());
    }
    let invoiced = case.order.currency.round(theirs);
    Err(Reason::AmountMismatch { invoice: invoice.clone(), line, invoiced, ordered: ours })
}

type Groups<'a> = [(&'a Invoice, Vec<Placed<'a>>)];

/// After the whole order is credited by us, its memos come to what was owed: the
/// cents that are left go on the memo of the highest invoice of this run.
fn add_rounding(
    case: &Case<'_>,
    groups: &Groups<'_>,
    credited: &Credited,
    plan: &mut Plan,
) -> Result<(), Reason> {
    let order = case.order;
    let now = |id: &UnitId| plan.memos.iter().any(|it| it.units.contains(id));
    let by_us = |id: &UnitId| credited.ours.contains(id) || now(id);
    let never = case.policy.shipping == ShippingPolicy::Never;
    let shipped = order.shipping.credit.is_zero() || never || by_us(&UnitId::shipping());
    let free = |it: &Unit| !it.lives() && it.credit(order.treatment).is_zero();
    let whole = shipped
        && order.units.iter().all(|it| by_us(&it.id) || free(it))
        && credited.memos.iter().all(|it| it.ours && it.invoice.is_some());
    let Some((last, (invoice, _))) = groups.iter().enumerate().next_back().filter(|_| whole) else {
        return Ok(());
    };
    let not_ours = if never { order.shipping.credit } else { Amount::ZERO };
    let earlier: Amount = credited.memos.iter().map(|it| it.credit).sum();
    let run: Amount = plan.memos.iter().map(|it| it.credit).sum();
    let left = match residue(
        order.grand_total - not_ours,
        earlier + run,
        order.units.len(),
        order.currency,
    ) {
        Residue::None => return Ok(()),
        Residue::Unexplained(difference) => {
            plan.flags.push(Flag::DoesNotAddUp(difference));
            return Ok(());
        }
        Residue::Rounding(left) => left,
    };
    let memo = &mut plan.memos[last];
    let room = total(case, invoice) - credited.credit_on(&invoice.id) - memo.credit;
    let placed = placeable(left, room, memo.credit);
    if placed != left {
        plan.flags.push(Flag::RoundingLeft(left - placed));
    }
    if !placed.is_zero() {
        let source = source(case, invoice);
        let line = plain_line(case, origin(invoice, &source), LineKind::Rounding, placed)?;
        let item = policy_id(case, "rounding_item", case.policy.rounding_item.as_ref())?;
        memo.lines.push(MemoLine { item, ..line });
        memo.credit += placed;
        memo.total += placed;
    }
    Ok(())
}

/// `over-credit`: above what is left on a line, or on the invoice.
fn not_too_much(
    case: &Case<'_>,
    invoice: &Invoice,
    units: &[Placed<'_>],
    memo: &CreditMemo,
    credited: &Credited,
) -> Result<(), Reason> {
    for on_line in by_line(units).values() {
        let goods = on_line[0].goods;
        let used: Amount = credited.lines_on(invoice, goods.line).map(|it| it.net).sum();
        let left = goods.net - used;
        let ids: Vec<UnitId> = on_line.iter().map(|it| it.unit.id.clone()).collect();
        let asked = net_on_line(memo, goods.line.line, &ids);
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
                let (before, rest) = plan.memos.split_at_mut(nth);
                payments::add(case, origin(invoice, &source), &mut rest[0], credited, before)?;
            }
        }
    }
    Ok(())
}

fn total(case: &Case<'_>, invoice: &Invoice) -> Amount {
    let is_payment = |item: &RecordId, amount: Amount| {
        role(item, amount, case.policy, case.maps) == Role::Payment
    };
    invoiced(invoice, is_payment)
}
