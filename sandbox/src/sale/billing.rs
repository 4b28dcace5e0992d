//! A sale as an accountant books it in NetSuite: a sales order and its invoices.

use rust_decimal::Decimal;

use super::{Sale, Unit, sums};
use crate::netsuite::{Account, Field, Item, ItemKind, Kind, Line, Record};

/// The column that links a line to a unit.
const KEY_COLUMN: &str = "custcol_nws_item_id";
/// The customer of every sale.
const CUSTOMER: &str = "5521";
/// The item of discount lines.
const DISCOUNT_ITEM: &str = "8494";
/// The item of rounding lines.
const ROUNDING_ITEM: &str = "12777";
/// The tax code that taxes nothing.
const UNTAXED: &str = "-8";
/// The receivables account.
const RECEIVABLES: &str = "122";
/// The ship item.
const SHIP_METHOD: &str = "4";

/// How far NetSuite got with the order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Billing {
    /// It never heard of it.
    NotExported,
    /// A sales order and nothing else.
    NotInvoiced,
    /// One invoice for everything.
    OneInvoice,
    /// These units on one invoice each; the first one bears the shipping.
    Invoices(Vec<Vec<String>>),
    /// A cash sale for everything.
    CashSale,
}

/// Whether lines carry the ids of their units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyColumn {
    /// In `custcol_nws_item_id`.
    Present,
    /// Nowhere.
    Absent,
}

/// The records that a sale was booked as.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Booked {
    /// The sales order's internal id.
    pub sales_order: Option<String>,
    /// The invoices' internal ids, in the order asked for.
    pub invoices: Vec<String>,
    /// The cash sale's internal id.
    pub cash_sale: Option<String>,
}

/// Books `sale`; see [`Sale::install_netsuite`].
pub(super) fn book(sale: &Sale, account: &Account, billing: &Billing, key: KeyColumn) -> Booked {
    let groups = match billing {
        Billing::NotExported => return Booked::default(),
        Billing::NotInvoiced => Vec::new(),
        Billing::OneInvoice | Billing::CashSale => vec![ids(sale)],
        Billing::Invoices(groups) => groups.clone(),
    };
    account.item(Item::new(DISCOUNT_ITEM, "Discount", ItemKind::Discount));
    account.item(Item::new(ROUNDING_ITEM, "Tax Rounding Adjustment", ItemKind::Other));
    account.tax_code(UNTAXED, Decimal::ZERO);
    account.currency(currency(&sale.currency), sums::decimals(&sale.currency));

    let books = Books { sale, account, key };
    let order = books.sales_order(&groups);
    let lines = order.lines.clone();
    let order = account.add(order);
    let kind = if *billing == Billing::CashSale { Kind::CashSale } else { Kind::Invoice };
    let mut records: Vec<Record> =
        groups.iter().map(|units| books.bill(kind, units, &order, &lines)).collect();
    if let Some(first) = records.first_mut() {
        books.add_shipping(first);
    }
    if let Some(last) = records.last_mut() {
        books.add_rounding(last);
    }
    let made: Vec<String> = records.into_iter().map(|record| account.add(record)).collect();
    let sales_order = Some(order);
    match kind {
        Kind::CashSale => {
            Booked { sales_order, cash_sale: made.first().cloned(), ..Booked::default() }
        }
        _ => Booked { sales_order, invoices: made, ..Booked::default() },
    }
}

struct Books<'a> {
    sale: &'a Sale,
    account: &'a Account,
    key: KeyColumn,
}

impl Books<'_> {
    fn sales_order(&self, groups: &[Vec<String>]) -> Record {
        let mut order = self.record(Kind::SalesOrder);
        order.external_id = Some(self.sale.reference.clone());
        for unit in &self.sale.units {
            let invoiced = groups.iter().flatten().any(|id| *id == unit.id);
            let pieces = if invoiced { unit.quantity.into() } else { Decimal::ZERO };
            for mut line in self.lines(unit) {
                line.line = next_number(&order);
                if line.quantity.is_some() {
                    (line.billed, line.fulfilled) = (pieces, pieces);
                }
                order.lines.push(line);
            }
        }
        self.add_shipping(&mut order);
        self.add_rounding(&mut order);
        order
    }

    fn bill(&self, kind: Kind, units: &[String], order: &str, order_lines: &[Line]) -> Record {
        let mut bill = self.record(kind);
        bill.created_from = Some(order.to_owned());
        bill.account = Some(RECEIVABLES.to_owned());
        let mut order_lines = order_lines.iter();
        for unit in &self.sale.units {
            for mut line in self.lines(unit) {
                // The order's lines were made from the same units in the same order.
                line.order_line = order_lines.next().map(|it| it.line);
                if units.contains(&unit.id) {
                    line.line = next_number(&bill);
                    bill.lines.push(line);
                }
            }
        }
        bill
    }

    fn record(&self, kind: Kind) -> Record {
        let mut record = Record::new(kind, CUSTOMER, currency(&self.sale.currency));
        record.date = self.sale.placed_at.parse().expect("a sale has a date and time");
        record.location = Some("12".to_owned());
        record.department = Some("4".to_owned());
        record.class = Some("7".to_owned());
        record.subsidiary = Some("2".to_owned());
        record.other_ref_num = Some(self.sale.reference.clone());
        record.fields = vec![Field::text("custbody_nws_order_id", &self.sale.order)];
        record
    }

    /// The unit's line, with the line of its discount.
    fn lines(&self, unit: &Unit) -> Vec<Line> {
        let net = sums::net(self.sale, unit);
        let rate = sums::rate(unit.tax, net.amount + net.discount);
        let item = Line {
            quantity: Some(unit.quantity.into()),
            rate: Some(net.amount / Decimal::from(unit.quantity.max(1))),
            tax_code: Some(self.account.tax_code_for(rate)),
            location: Some("12".to_owned()),
            fields: match self.key {
                KeyColumn::Present => vec![Field::text(KEY_COLUMN, &unit.id)],
                KeyColumn::Absent => Vec::new(),
            },
            ..Line::new(&self.account.item_for(&unit.product), net.amount)
        };
        if net.discount.is_zero() {
            return vec![item];
        }
        let discount =
            Line { tax_code: item.tax_code.clone(), ..Line::new(DISCOUNT_ITEM, net.discount) };
        vec![item, discount]
    }

    fn add_shipping(&self, record: &mut Record) {
        let net = sums::shipping_net(self.sale);
        let rate = sums::rate(self.sale.shipping_tax, net);
        record.ship_method = Some(SHIP_METHOD.to_owned());
        record.shipping_cost = Some(net);
        record.shipping_tax_code = Some(self.account.tax_code_for(rate));
    }

    fn add_rounding(&self, record: &mut Record) {
        let rest = self.sale.total() - sums::total(self.sale);
        if !rest.is_zero() {
            let line = next_number(record);
            let tax_code = Some(UNTAXED.to_owned());
            record.lines.push(Line { line, tax_code, ..Line::new(ROUNDING_ITEM, rest) });
        }
    }
}

fn ids(sale: &Sale) -> Vec<String> {
    sale.units.iter().map(|it| it.id.clone()).collect()
}

fn next_number(record: &Record) -> u32 {
    record.lines.iter().map(|it| it.line).max().unwrap_or_default() + 1
}

/// The currency's record.
fn currency(code: &str) -> &'static str {
    match code {
        "USD" => "1",
        "CAD" => "2",
        "GBP" => "3",
        "EUR" => "4",
        "JPY" => "5",
        "KWD" => "6",
        _ => "9",
    }
}
