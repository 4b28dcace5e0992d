//! What the accounting system holds for an order: sales order, invoices, credit memos.
//!
//! Adapters fill these in as they find them; no type here decides anything.

use rust_decimal::Decimal;

use crate::{Amount, CivilDate, MemoKey, RecordId, UnitId};

/// Everything on record for one order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Billing {
    /// The sales order, if the order was ever exported.
    pub sales_order: Option<SalesOrder>,
    /// Its invoices that are not voided.
    pub invoices: Vec<Invoice>,
    /// Cash sales made from the sales order instead of invoices.
    pub cash_sales: Vec<RecordId>,
    /// Credit memos made from its invoices or, where the query asks for them, with its number; of
    /// the voided ones only those that the query names by record.
    pub memos: Vec<ExistingMemo>,
}

/// An item as a line names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemRef {
    /// The item's record.
    pub id: RecordId,
    /// The item's external id, where the line gives it.
    pub external_id: Option<String>,
    /// The item's id or name as shown to people, where the line gives it.
    pub name: Option<String>,
}

/// The tax of a line that the account's tax engine calculates separately.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineTax {
    /// The tax type's record.
    pub tax_type: RecordId,
    /// The tax code's record.
    pub tax_code: RecordId,
    /// Per cent.
    pub rate: Option<Decimal>,
    /// The tax on the line by this code.
    pub amount: Amount,
}

/// One line of an invoice or a sales order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BillingLine {
    /// The line's own number in its record; not a position.
    pub line: u32,
    /// The item sold, or the discount or payment booked.
    pub item: ItemRef,
    /// Pieces; absent on discount and payment lines.
    pub quantity: Option<Decimal>,
    /// Net of tax, before the discount line that may follow; negative for discounts and payments.
    pub amount: Amount,
    /// The line's tax code.
    pub tax_code: Option<RecordId>,
    /// Whether the body's tax applies to it, where the record says so.
    pub taxable: Option<bool>,
    /// Its tax details, where the account keeps them.
    pub taxes: Vec<LineTax>,
    /// The location of the items.
    pub location: Option<RecordId>,
    /// The units on it, from the line key column.
    pub units: Vec<UnitId>,
}

/// The order's copy in the accounting system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SalesOrder {
    /// Its record.
    pub id: RecordId,
    /// The customer.
    pub entity: RecordId,
    /// The currency's record; none where the account has a single currency.
    pub currency: Option<RecordId>,
    /// Header classification, each where it is set.
    pub classes: Classes,
    /// The body's tax item.
    pub tax_item: Option<RecordId>,
    /// Its lines in the record's order; may be empty where every unit that was
    /// asked about is on an invoice.
    pub lines: Vec<OrderLine>,
}

/// One line of a sales order: what was sold, and how much of it was fulfilled and billed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// The line.
    pub line: BillingLine,
    /// Closed: it will be neither fulfilled nor billed.
    pub closed: bool,
    /// Pieces on invoices.
    pub billed: Decimal,
    /// Pieces fulfilled.
    pub fulfilled: Decimal,
}

/// The classification of a record in the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Classes {
    /// Location.
    pub location: Option<RecordId>,
    /// Department.
    pub department: Option<RecordId>,
    /// Class.
    pub class: Option<RecordId>,
    /// Subsidiary.
    pub subsidiary: Option<RecordId>,
}

/// An invoice that is not voided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Its record.
    pub id: RecordId,
    /// The customer.
    pub entity: RecordId,
    /// The currency's record; none where the account has a single currency.
    pub currency: Option<RecordId>,
    /// The receivables account.
    pub account: Option<RecordId>,
    /// Its date in the ERP account's time zone.
    pub date: CivilDate,
    /// With tax and shipping.
    pub total: Amount,
    /// The part of the total that is still unpaid.
    pub remaining: Amount,
    /// Header classification, each where it is set.
    pub classes: Classes,
    /// The body's tax item.
    pub tax_item: Option<RecordId>,
    /// Shipping charged in the body, net.
    pub shipping_cost: Amount,
    /// The tax code of the body's shipping.
    pub shipping_tax_code: Option<RecordId>,
    /// The tax details of the body's shipping, where the account keeps them.
    pub shipping_taxes: Vec<LineTax>,
    /// Its lines in the record's order.
    pub lines: Vec<BillingLine>,
}

/// A credit memo on record, manual or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingMemo {
    /// Its record.
    pub id: RecordId,
    /// Its external id: memobridge's key if memobridge created it.
    pub external_id: Option<String>,
    /// The number shown to people, for example `CM1042`.
    pub number: Option<String>,
    /// The customer's record, where the ERP returns it.
    pub entity: Option<RecordId>,
    /// Whether it counts.
    pub standing: Standing,
    /// The record it was made from: an invoice, a return authorization, or none.
    pub created_from: Option<RecordId>,
    /// The invoices it is applied to.
    pub applied_to: Vec<RecordId>,
    /// With tax and shipping, payment lines included.
    pub total: Amount,
    /// Shipping credited in the body, net.
    pub shipping_cost: Amount,
    /// Its lines in the record's order.
    pub lines: Vec<ExistingLine>,
}

/// A credit memo with the other data that ties it to an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedMemo {
    /// The memo.
    pub memo: ExistingMemo,
    /// The order's number, where the memo has it.
    pub reference: Option<String>,
    /// The currency's record; none where the account has a single currency.
    pub currency: Option<RecordId>,
}

/// Whether a record counts as a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// It counts.
    Valid,
    /// It was voided: it stays on record and credits nothing.
    Voided,
}

/// One line of a credit memo on record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExistingLine {
    /// The item credited.
    pub item: ItemRef,
    /// The invoice line it credits.
    pub source_line: Option<u32>,
    /// Pieces; absent on discount and payment lines.
    pub quantity: Option<Decimal>,
    /// Net of tax.
    pub amount: Amount,
    /// The units on it, from the line key column.
    pub units: Vec<UnitId>,
}

impl Invoice {
    /// The line with this number.
    #[must_use]
    pub fn line(&self, number: u32) -> Option<&BillingLine> {
        self.lines.iter().find(|line| line.line == number)
    }
}

impl ExistingMemo {
    /// The memo key in its external id; `None` where the external id is no key.
    #[must_use]
    pub fn key(&self) -> Option<MemoKey> {
        self.external_id.as_deref()?.parse().ok()
    }

    /// Whether its external id is one of memobridge's keys.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.external_id.as_deref().is_some_and(MemoKey::is_own)
    }

    /// The name that people search for: its number, or its record id where it has none.
    #[must_use]
    pub fn name(&self) -> &str {
        self.number.as_deref().unwrap_or(self.id.as_str())
    }
}
