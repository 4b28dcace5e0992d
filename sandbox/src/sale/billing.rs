//! A sale in NetSuite's records: a sales order and its invoices.

use rust_decimal::Decimal;

use super::{Sale, Unit, sums};
use crate::netsuite::{
    Account, Field, Item, ItemKind, Kind, Line, Record, SHIPPING_TAX, TaxBasis, TaxDetail,
};

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

/// The tax type of tax details.
const TAX_TYPE: &str = "5";

/// The items of every account with a NewStore integration: those of discount, tax and other lines,
/// and gift cards.
const ITEMS: [(&str, &str, ItemKind); 12] = [
    (DISCOUNT_ITEM, "NewStore Discount", ItemKind::Discount),
    (ROUNDING_ITEM, "Tax Rounding Adjustment", ItemKind::Other),
    ("10", "Sales Tax", ItemKind::Other),
    ("92045", "Cancelled Goods", ItemKind::Other),
    ("91235", "Cash", ItemKind::Other),
    ("91291", "Credit Card Adyen", ItemKind::Other),
    ("91252", "Credit Card Shopify", ItemKind::Other),
    ("91254", "Gift Card USD", ItemKind::Other),
    ("91253", "Gift Card CAD", ItemKind::Other),
    ("91240", "PayPal", ItemKind::Other),
    ("8232", "Physical Gift Card", ItemKind::Other),
    ("8233", "Electronic Gift Card", ItemKind::Other),
];

/// The billing state of the order in NetSuite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Billing {
    /// Not exported.
    NotExported,
    /// A sales order only.
    NotInvoiced,
    /// One invoice for everything.
    OneInvoice,
    /// One invoice for each of these lists of units; the first one has the shipping.
    Invoices(Vec<Vec<String>>),
    /// A cash sale for everything.
    CashSale,
}

/// Where the account stores the tax of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaxBooking {
    /// In a tax code on each line.
    #[default]
    LineCodes,
    /// In one tax item in the body; lines say whether it applies.
    BodyItem,
    /// In tax details: an account with `SuiteTax`.
    Details,
}

/// Whether lines carry the ids of their units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyColumn {
    /// In `custcol_nws_item_id`.
    Present,
    /// Nowhere.
    Absent,
}

/// The records of a sale.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Booked {
    /// The sales order's internal id.
    pub sales_order: Option<String>,
    /// The invoices' internal ids, in the order asked for.
    pub invoices: Vec<String>,
    /// The cash sale's internal id.
    pub cash_sale: Option<String>,
}

/// Records `sale`; see [`Sale::install_netsuite`].
pub(super) fn book(sale: &Sale, account: &Account, billing: &Billing, key: KeyColumn) -> Booked {
    let groups = match billing {
        Billing::NotExported => return Booked::default(),
        Billing::NotInvoiced => Vec::new(),
        Billing::OneInvoice | Billing::CashSale => vec![ids(sale)],
        Billing::Invoices(groups) => groups.clone(),
    };
    for (id, name, kind) in ITEMS {
        account.item(Item::new(id, name, kind));
    }
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
                if line.quantity.is_some() {
                    (line.billed, line.fulfilled) = (pieces, pieces);
                }
                self.push(&mut order, unit, line);
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
                    self.push(&mut bill, unit, line);
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
        record.tax_item = self.tax_item();
        record.fields = vec![Field::text("custbody_nws_order_id", &self.sale.order)];
        if self.sale.tax_booking == TaxBooking::Details {
            record.tax_basis = TaxBasis::Details;
        }
        record
    }

    /// The unit's line, with the line of its discount.
    fn lines(&self, unit: &Unit) -> Vec<Line> {
        let net = sums::net(self.sale, unit);
        let rate = sums::rate(unit.tax, net.amount + net.discount);
        let fields = match self.key {
            KeyColumn::Present => vec![Field::text(KEY_COLUMN, &unit.id)],
            KeyColumn::Absent => Vec::new(),
        };
        let mut item = Line {
            quantity: Some(unit.quantity.into()),
            rate: Some(net.amount / Decimal::from(unit.quantity.max(1))),
            location: Some("12".to_owned()),
            fields,
            ..Line::new(&self.account.item_for(&unit.product), net.amount)
        };
        match self.sale.tax_booking {
            TaxBooking::LineCodes => item.tax_code = Some(self.account.tax_code_for(rate)),
            TaxBooking::BodyItem => item.taxable = Some(!rate.is_zero()),
            TaxBooking::Details => {}
        }
        if net.discount.is_zero() {
            return vec![item];
        }
        let discount = Line {
            tax_code: item.tax_code.clone(),
            taxable: item.taxable,
            ..Line::new(DISCOUNT_ITEM, net.discount)
        };
        vec![item, discount]
    }

    fn add_shipping(&self, record: &mut Record) {
        let net = sums::shipping_net(self.sale);
        let rate = sums::rate(self.sale.shipping_tax, net);
        record.ship_method = Some(SHIP_METHOD.to_owned());
        record.shipping_cost = Some(net);
        if self.sale.tax_booking == TaxBooking::Details {
            let tax = self.sale.shipping_tax;
            let detail = self.detail(SHIPPING_TAX.to_owned(), net, rate, tax);
            record.tax_details.extend((!tax.is_zero()).then_some(detail));
        } else {
            record.shipping_tax_code = Some(self.account.tax_code_for(rate));
        }
    }

    /// The tax item of a body whose lines only say whether they are taxed.
    fn tax_item(&self) -> Option<String> {
        let rates = self.sale.units.iter().map(|unit| {
            let net = sums::net(self.sale, unit);
            sums::rate(unit.tax, net.amount + net.discount)
        });
        // One item has one rate: the taxed units of such a sale share theirs.
        let rate = rates.max().unwrap_or_default();
        let named = self.sale.tax_booking == TaxBooking::BodyItem;
        named.then(|| self.account.tax_code_for(rate))
    }

    /// Adds a unit's line, with its tax details where the account uses them.
    fn push(&self, record: &mut Record, unit: &Unit, mut line: Line) {
        line.line = next_number(record);
        let is_goods = line.quantity.is_some();
        if self.sale.tax_booking == TaxBooking::Details && is_goods && !unit.tax.is_zero() {
            let net = sums::net(self.sale, unit);
            let basis = net.amount + net.discount;
            let reference = format!("line-{}", line.line);
            line.tax_reference = Some(reference.clone());
            let rate = sums::rate(unit.tax, basis);
            record.tax_details.push(self.detail(reference, basis, rate, unit.tax));
        }
        record.lines.push(line);
    }

    fn detail(&self, reference: String, basis: Decimal, rate: Decimal, tax: Decimal) -> TaxDetail {
        let tax_code = self.account.tax_code_for(rate);
        let (tax_type, amount) = (TAX_TYPE.to_owned(), tax);
        TaxDetail { reference, tax_type, tax_code, basis, rate, amount }
    }

    fn add_rounding(&self, record: &mut Record) {
        let rest = self.sale.total() - sums::total(self.sale);
        if !rest.is_zero() {
            let line = next_number(record);
            let codes = self.sale.tax_booking == TaxBooking::LineCodes;
            let tax_code = codes.then(|| UNTAXED.to_owned());
            record.lines.push(Line { line, tax_code, ..Line::new(ROUNDING_ITEM, rest) });
        }
    }
}

fn ids(sale: &Sale) -> Vec<String> {
    sale.units.iter().map(|unit| unit.id.clone()).collect()
}

fn next_number(record: &Record) -> u32 {
    record.lines.iter().map(|line| line.line).max().unwrap_or_default() + 1
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
