//! Transactions of the account, and constructors for tests.

use jiff::{Timestamp, civil::Date};
use rust_decimal::Decimal;

/// The kinds of transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// `salesOrder`.
    SalesOrder,
    /// `invoice`.
    Invoice,
    /// `cashSale`.
    CashSale,
    /// `creditMemo`.
    CreditMemo,
}

/// A transaction. Empty `id` and `number` are assigned when it is added; totals are computed then.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Its kind.
    pub kind: Kind,
    /// Its internal id.
    pub id: String,
    /// Unique over all kinds, without case.
    pub external_id: Option<String>,
    /// The number shown to people: `CM1001`.
    pub number: String,
    /// The transaction it was made from.
    pub created_from: Option<String>,
    /// The customer.
    pub entity: String,
    /// The currency's record.
    pub currency: String,
    /// The receivables account.
    pub account: Option<String>,
    /// Its date in the account's time zone.
    pub date: Date,
    /// Location.
    pub location: Option<String>,
    /// Department.
    pub department: Option<String>,
    /// Class.
    pub class: Option<String>,
    /// Subsidiary.
    pub subsidiary: Option<String>,
    /// The form it was entered with.
    pub custom_form: Option<String>,
    /// The customer's own reference: the order's number.
    pub other_ref_num: Option<String>,
    /// For people.
    pub memo: Option<String>,
    /// The body's tax item, for lines that say whether they are taxable.
    pub tax_item: Option<String>,
    /// The ship item.
    pub ship_method: Option<String>,
    /// Shipping in the body, net.
    pub shipping_cost: Option<Decimal>,
    /// Its tax code.
    pub shipping_tax_code: Option<String>,
    /// Handling in the body, net.
    pub handling_cost: Option<Decimal>,
    /// Lines in the record's order.
    pub lines: Vec<Line>,
    /// Whether tax details replace tax codes.
    pub tax_basis: TaxBasis,
    /// The given tax, by the reference of the line or of the shipping.
    pub tax_details: Vec<TaxDetail>,
    /// Computed.
    pub tax_total: Decimal,
    /// Computed: lines, tax, shipping and handling.
    pub total: Decimal,
    /// Of an invoice: unpaid. Of a memo: not applied. `None` until it is added: then the total.
    pub remaining: Option<Decimal>,
    /// A memo's applications.
    pub applied: Vec<Application>,
    /// Custom fields of the body.
    pub fields: Vec<Field>,
    /// Whether it counts.
    pub standing: Standing,
    /// When it last changed, by the account's clock.
    pub last_modified: Timestamp,
}

/// Whether a transaction counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Standing {
    /// It counts.
    #[default]
    Valid,
    /// It was voided.
    Voided,
}

/// How the tax of a transaction is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaxBasis {
    /// By the account, from tax codes.
    #[default]
    Codes,
    /// Given by the request: `taxDetailsOverride`.
    Details,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// Its own number; 0 is assigned when the record is added.
    pub line: u32,
    /// The line it was made from.
    pub order_line: Option<u32>,
    /// The item.
    pub item: String,
    /// Pieces; none on discounts and payments.
    pub quantity: Option<Decimal>,
    /// Price of one.
    pub rate: Option<Decimal>,
    /// The price level; `-1` keeps the rate and amount that were entered.
    pub price_level: Option<String>,
    /// Net.
    pub amount: Decimal,
    /// For people.
    pub description: Option<String>,
    /// Tax code.
    pub tax_code: Option<String>,
    /// Whether the body's tax item applies.
    pub taxable: Option<bool>,
    /// Location.
    pub location: Option<String>,
    /// Links it to its tax details.
    pub tax_reference: Option<String>,
    /// Sales orders: neither fulfilled nor billed any more.
    pub closed: bool,
    /// Sales orders: pieces on invoices.
    pub billed: Decimal,
    /// Sales orders: pieces sent.
    pub fulfilled: Decimal,
    /// Custom columns.
    pub fields: Vec<Field>,
}

/// A tax that was given, not computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxDetail {
    /// The line's reference.
    pub reference: String,
    /// Tax type.
    pub tax_type: String,
    /// Tax code.
    pub tax_code: String,
    /// The taxed amount.
    pub basis: Decimal,
    /// Per cent.
    pub rate: Decimal,
    /// The tax.
    pub amount: Decimal,
}

/// The part of a memo that is applied to an invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The invoice's internal id.
    pub doc: String,
    /// The applied amount.
    pub amount: Decimal,
}

/// A custom field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its script id.
    pub script_id: String,
    /// Its type as on the wire: `StringCustomFieldRef`.
    pub kind: String,
    /// Its values; only a multiple select has several.
    pub values: Vec<String>,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::SalesOrder, Self::Invoice, Self::CashSale, Self::CreditMemo];

    /// As `RecordRef` names it: `creditMemo`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::SalesOrder => "salesOrder",
            Self::Invoice => "invoice",
            Self::CashSale => "cashSale",
            Self::CreditMemo => "creditMemo",
        }
    }

    /// The start of its numbers.
    pub(super) fn prefix(self) -> &'static str {
        match self {
            Self::SalesOrder => "SO",
            Self::Invoice => "INV",
            Self::CashSale => "CS",
            Self::CreditMemo => "CM",
        }
    }

    /// The name for people and in permission messages.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::SalesOrder => "Sales Order",
            Self::Invoice => "Invoice",
            Self::CashSale => "Cash Sale",
            Self::CreditMemo => "Credit Memo",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

impl Record {
    /// An empty transaction of this customer in this currency, on the day after the year began.
    #[must_use]
    pub fn new(kind: Kind, entity: &str, currency: &str) -> Self {
        Self {
            kind,
            id: String::new(),
            external_id: None,
            number: String::new(),
            created_from: None,
            entity: entity.to_owned(),
            currency: currency.to_owned(),
            account: None,
            date: Date::constant(2026, 1, 2),
            location: None,
            department: None,
            class: None,
            subsidiary: None,
            custom_form: None,
            other_ref_num: None,
            memo: None,
            tax_item: None,
            ship_method: None,
            shipping_cost: None,
            shipping_tax_code: None,
            handling_cost: None,
            lines: Vec::new(),
            tax_basis: TaxBasis::Codes,
            tax_details: Vec::new(),
            tax_total: Decimal::ZERO,
            total: Decimal::ZERO,
            remaining: None,
            applied: Vec::new(),
            fields: Vec::new(),
            standing: Standing::Valid,
            last_modified: Timestamp::UNIX_EPOCH,
        }
    }

    /// The line with this number.
    #[must_use]
    pub fn line(&self, number: u32) -> Option<&Line> {
        self.lines.iter().find(|line| line.line == number)
    }

    /// The first value of a custom field of the body.
    #[must_use]
    pub fn field(&self, script_id: &str) -> Option<&str> {
        first(&self.fields, script_id)
    }

    /// The open amount; the total where nothing is applied.
    #[must_use]
    pub fn open(&self) -> Decimal {
        self.remaining.unwrap_or(self.total)
    }
}

impl Line {
    /// A line of this item over this amount, untaxed.
    #[must_use]
    pub fn new(item: &str, amount: Decimal) -> Self {
        Self { item: item.to_owned(), amount, ..Self::default() }
    }

    /// The first value of a custom column.
    #[must_use]
    pub fn field(&self, script_id: &str) -> Option<&str> {
        first(&self.fields, script_id)
    }
}

impl Field {
    /// A text field.
    #[must_use]
    pub fn text(script_id: &str, value: &str) -> Self {
        Self {
            script_id: script_id.to_owned(),
            kind: "StringCustomFieldRef".to_owned(),
            values: vec![value.to_owned()],
        }
    }
}

fn first<'a>(fields: &'a [Field], script_id: &str) -> Option<&'a str> {
    let field = fields.iter().find(|field| field.script_id == script_id)?;
    field.values.first().map(String::as_str)
}
