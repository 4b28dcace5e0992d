//! A customer's policy: the choices of its accountants, each with its default.

use crate::{Amount, RecordId};

/// What to do with units that no invoice carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NotInvoiced {
    /// Wait for the invoice.
    #[default]
    Wait,
    /// Close the sales order's lines.
    CloseLines,
    /// Credit without an invoice.
    StandaloneMemo,
    /// Park it for a person.
    Park,
}

/// What to do, at the deadline, when the ERP never got the order and money is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MissingSalesOrder {
    /// Park it for a person.
    #[default]
    Park,
    /// Skip it.
    Skip,
}

/// How payments appear on the memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Settlement {
    /// Not at all; the memo is applied to its invoice.
    #[default]
    Apply,
    /// One negative line per instrument, so that the memo nets to 0.00.
    PaymentItems,
}

/// How discounts appear on the memo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Discounts {
    /// A line of their own after the item's.
    #[default]
    Line,
    /// Inside the item's amount.
    Net,
}

/// Who calculates the tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tax {
    /// The ERP, by the invoice's tax codes; memobridge compares the result.
    #[default]
    FromInvoice,
    /// memobridge, as tax details that override the ERP's engine.
    SuiteTax,
    /// memobridge, as one line with the tax item; everything else is untaxed.
    Item,
}

/// Whether shipping is credited.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShippingPolicy {
    /// When no item of the order is active any more.
    #[default]
    OnFullCancellation,
    /// memobridge never credits it.
    Never,
}

/// Where the memo shows shipping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShippingAs {
    /// In the memo's shipping fields.
    #[default]
    Body,
    /// As a line with a service item.
    Line,
}

/// The item of a memo line.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ItemPolicy {
    /// The invoice line's item: the ERP restocks it.
    #[default]
    Invoice,
    /// One non-inventory item, for items that never left the warehouse.
    Fixed(RecordId),
}

/// What to do when the accounting period of the memo's date is closed in the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClosedPeriod {
    /// Park it for a person.
    #[default]
    Park,
    /// Date the memo today.
    Today,
}

/// Which credit memos of an order are searched for before a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExistingMemos {
    /// Those made from its invoices, and all those with its number.
    #[default]
    Number,
    /// Only those made from its invoices: one search less.
    Invoice,
}

/// Whether a credit memo waits until the payer got the money back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefundRule {
    /// It waits.
    #[default]
    Required,
    /// It does not.
    NotRequired,
}

/// Whether the memo names the subsidiary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SubsidiaryRule {
    /// The ERP takes it from the invoice; the memo names it only where it copies no invoice.
    #[default]
    FromInvoice,
    /// The memo names the invoice's, or else the location map's.
    Send,
}

/// The type of a custom field in the ERP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FieldType {
    /// Free text.
    #[default]
    String,
    /// One entry of a list, by internal id.
    Select,
    /// Several entries of a list, by internal ids separated by commas.
    MultiSelect,
    /// `true` or `false`.
    Boolean,
    /// A whole number.
    Long,
    /// A decimal number.
    Double,
    /// A calendar date.
    Date,
}

/// Where a custom field's value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldSource {
    /// The order's number.
    OrderExternalId,
    /// The order's id.
    OrderId,
    /// The shop or store.
    OrderChannel,
    /// `web`, `store` and so on.
    OrderChannelType,
    /// When the event was published.
    PublishedAt,
    /// Why the units were cancelled.
    CancellationReason,
    /// The ids of the units on the line, or on the memo.
    UnitId,
    /// Tax in per cent of the net amount of the line, four decimals.
    UnitTaxRate,
    /// The order's coupon.
    UnitCoupon,
    /// A constant.
    Constant(String),
}

/// One custom field that every memo, or every item line, carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRule {
    /// The field's script id in the ERP.
    pub script_id: String,
    /// Where its value comes from.
    pub source: FieldSource,
    /// Its type in the ERP.
    pub kind: FieldType,
}

/// All choices of one customer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the doc of each type states what it decides")]
pub struct Policy {
    pub not_invoiced: NotInvoiced,
    pub missing_sales_order: MissingSalesOrder,
    pub settlement: Settlement,
    pub discounts: Discounts,
    pub tax: Tax,
    pub shipping: ShippingPolicy,
    pub shipping_as: ShippingAs,
    pub item: ItemPolicy,
    pub existing_memos: ExistingMemos,
    pub closed_period: ClosedPeriod,
    pub refund: RefundRule,
    pub subsidiary: SubsidiaryRule,
    /// How far an invoice line may be from the order's amount, in the order's currency.
    pub tolerance: Amount,
    /// The custom column that holds unit ids.
    pub line_key_field: String,
    pub discount_item: Option<RecordId>,
    pub rounding_item: Option<RecordId>,
    pub tax_item: Option<RecordId>,
    pub untaxed_code: Option<RecordId>,
    pub custom_form: Option<RecordId>,
    /// Custom fields of the memo.
    pub fields: Vec<FieldRule>,
    /// Custom fields that the memo does not take over from its invoice, by script id.
    pub cleared_fields: Vec<String>,
    /// Custom fields of each item line.
    pub line_fields: Vec<FieldRule>,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            not_invoiced: NotInvoiced::default(),
            missing_sales_order: MissingSalesOrder::default(),
            settlement: Settlement::default(),
            discounts: Discounts::default(),
            tax: Tax::default(),
            shipping: ShippingPolicy::default(),
            shipping_as: ShippingAs::default(),
            item: ItemPolicy::default(),
            existing_memos: ExistingMemos::default(),
            closed_period: ClosedPeriod::default(),
            refund: RefundRule::default(),
            subsidiary: SubsidiaryRule::default(),
            tolerance: Amount::cents(1),
            line_key_field: "custcol_nws_item_id".to_owned(),
            discount_item: None,
            rounding_item: None,
            tax_item: None,
            untaxed_code: None,
            custom_form: None,
            fields: Vec::new(),
            cleared_fields: Vec::new(),
            line_fields: Vec::new(),
        }
    }
}

impl Policy {
    /// Which memos are searched for. Where this policy makes memos without a source, memos are
    /// searched for by the order's number too, even if `existing_memos` is `Invoice`.
    #[must_use]
    pub fn memos_searched(&self) -> ExistingMemos {
        let has_no_source = matches!(self.item, ItemPolicy::Fixed(_))
            || self.not_invoiced == NotInvoiced::StandaloneMemo;
        if has_no_source { ExistingMemos::Number } else { self.existing_memos }
    }
}
