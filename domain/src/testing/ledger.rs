//! The records of a story's order in the ledger.

use rust_decimal::Decimal;

use super::{Lines, Story, amount, date, id, unit};
use crate::{
    Amount, Billing, BillingLine, Classes, CreditMemo, ExistingLine, ExistingMemo, Invoice,
    ItemRef, LineKind, Order, OrderLine, RecordId, SalesOrder, Standing, TaxTreatment, Unit,
    UnitId,
};

/// Whether the line key column is filled on the ledger's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    Filled,
    Empty,
}

impl Story {
    /// The content of the ledger: sales order, invoices and memos, after all edits.
    pub(crate) fn billing(&self, order: &Order) -> Billing {
        let invoices = self.invoices.iter().enumerate().map(|(nth, (number, _))| {
            let units = order.units.iter().filter(|unit| self.billed_on(unit) == Some(nth));
            self.invoice_record(order, number, &units.collect::<Vec<_>>(), nth == 0)
        });
        let mut billing = Billing {
            sales_order: Some(self.sales_order(order)),
            invoices: invoices.collect(),
            cash_sales: Vec::new(),
            memos: self.memos.clone(),
        };
        self.edits.iter().for_each(|edit| edit(&mut billing));
        billing
    }

    /// The position of the invoice that carries a unit; the first by default.
    fn billed_on(&self, unit: &Unit) -> Option<usize> {
        let is = |it: &String| it == unit.id.as_str();
        if self.uninvoiced.iter().any(is) || self.invoices.is_empty() {
            return None;
        }
        Some(self.invoices.iter().position(|(_, named)| named.iter().any(is)).unwrap_or(0))
    }

    fn sales_order(&self, order: &Order) -> SalesOrder {
        let units: Vec<&Unit> = order.units.iter().collect();
        let lines = self.lines(order, &units).into_iter().map(|(units, line)| {
            let billed = units.into_iter().filter(|unit| self.billed_on(unit).is_some());
            let billed = billed.map(|it| Decimal::from(it.quantity)).sum();
            OrderLine { line, closed: false, billed, fulfilled: Decimal::ZERO }
        });
        let lines = lines.collect();
        SalesOrder {
            id: id("600"),
            entity: id("55"),
            currency: Some(id("1")),
            classes: Classes::default(),
            tax_item: None,
            lines,
        }
    }

    fn invoice_record(
        &self,
        order: &Order,
        number: &RecordId,
        units: &[&Unit],
        bears_shipping: bool,
    ) -> Invoice {
        let shipping = if bears_shipping { order.shipping.credit } else { Amount::ZERO };
        let sum: Amount = units.iter().map(|unit| unit.credit(order.treatment)).sum();
        let single = self.invoices.len() == 1 && self.uninvoiced.is_empty();
        let total = if single { order.grand_total } else { sum + shipping };
        Invoice {
            id: number.clone(),
            entity: id("55"),
            currency: Some(id("1")),
            account: Some(id("122")),
            date: date("2020-02-20"),
            total,
            remaining: total,
            classes: Classes { location: Some(id("12")), ..Classes::default() },
            tax_item: None,
            shipping_cost: if bears_shipping { order.shipping.net() } else { Amount::ZERO },
            shipping_tax_code: Some(id("tax-7")),
            shipping_taxes: Vec::new(),
            lines: self.lines(order, units).into_iter().map(|(_, line)| line).collect(),
        }
    }

    /// One line per unit, or per equal units, each with its discount after it.
    fn lines<'a>(&self, order: &Order, units: &[&'a Unit]) -> Vec<(Vec<&'a Unit>, BillingLine)> {
        let alike = |a: &Unit, b: &Unit| {
            let terms =
                |it: &Unit| (it.product.clone(), it.gross, it.discount, it.tax, it.quantity);
            self.lines == Lines::OnePerProduct && terms(a) == terms(b)
        };
        let mut groups: Vec<Vec<&'a Unit>> = Vec::new();
        for &unit in units {
            match groups.iter_mut().find(|group| alike(group[0], unit)) {
                Some(group) => group.push(unit),
                None => groups.push(vec![unit]),
            }
        }
        let mut lines = Vec::new();
        for group in groups {
            let price = |it: &&Unit| match order.treatment {
                TaxTreatment::Outside => it.gross,
                TaxTreatment::Inside => it.gross - it.tax,
            };
            let next = u32::try_from(lines.len()).unwrap() + 1;
            let product = group[0].product.clone();
            let named = group.iter().map(|it| it.id.clone());
            let line = BillingLine {
                item: ItemRef {
                    // Some products have names that are not valid record ids.
                    id: format!("item-{product}").parse().unwrap_or_else(|_| id("item")),
                    external_id: Some(product),
                    name: None,
                },
                quantity: Some(group.iter().map(|it| Decimal::from(it.quantity)).sum()),
                units: if self.column == Column::Filled { named.collect() } else { Vec::new() },
                ..plain(next, "8494", group.iter().map(price).sum())
            };
            let discount: Amount = group.iter().map(|it| it.discount).sum();
            lines.push((group, line));
            if !discount.is_zero() {
                lines.push((Vec::new(), plain(next + 1, "8494", -discount)));
            }
        }
        lines
    }
}

fn item(record: &str, external_id: Option<String>) -> ItemRef {
    ItemRef { id: id(record), external_id, name: None }
}

fn plain(line: u32, record: &str, amount: Amount) -> BillingLine {
    BillingLine {
        line,
        item: item(record, None),
        quantity: None,
        amount,
        tax_code: Some(id("tax-7")),
        taxable: None,
        taxes: Vec::new(),
        location: None,
        units: Vec::new(),
    }
}

/// A memo as the ledger returns it later.
pub(crate) fn on_record(memo: &CreditMemo, column: Column) -> ExistingMemo {
    let lines = memo.lines.iter().map(|line| ExistingLine {
        item: item(line.item.as_str(), None),
        source_line: line.source_line,
        quantity: line.quantity.map(Decimal::from),
        amount: line.amount,
        units: match (&line.kind, column) {
            (LineKind::Item, Column::Filled) => line.units.clone(),
            _ => Vec::new(),
        },
    });
    ExistingMemo {
        id: id(&format!("9-{}", memo.key)),
        external_id: Some(memo.key.as_str().to_uppercase()),
        number: None,
        entity: Some(memo.entity.clone()),
        standing: Standing::Valid,
        created_from: memo.source.created_from().cloned(),
        applied_to: memo.application.iter().map(|it| it.invoice.clone()).collect(),
        total: memo.total,
        shipping_cost: memo.shipping.as_ref().map_or(Amount::ZERO, |it| it.cost),
        lines: lines.collect(),
    }
}

/// A manual memo on invoice 700: item, pieces, amount, and unit ids where given.
pub(crate) fn by_hand(lines: &[(&str, i64, &str, &[&str])]) -> ExistingMemo {
    let line = |(record, pieces, sum, units): &(&str, i64, &str, &[&str])| ExistingLine {
        item: item(record, None),
        source_line: None,
        quantity: Some(Decimal::from(*pieces)),
        amount: amount(sum),
        units: units.iter().map(|it| unit(it)).collect::<Vec<UnitId>>(),
    };
    ExistingMemo {
        id: id("800"),
        external_id: None,
        number: None,
        entity: Some(id("55")),
        standing: Standing::Valid,
        created_from: Some(id("700")),
        applied_to: Vec::new(),
        total: lines.iter().map(|(_, _, sum, _)| amount(sum)).sum(),
        shipping_cost: Amount::ZERO,
        lines: lines.iter().map(line).collect(),
    }
}
