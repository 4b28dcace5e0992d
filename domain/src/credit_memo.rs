//! The complete credit memo that the accounting system is asked to record.

use rust_decimal::Decimal;

use crate::{
    Amount, CivilDate, Currency, FieldType, InstrumentKey, MemoKey, OrderId, RecordId, Tenant,
    Timestamp, UnitId, digest::digest,
};

/// The record that a memo is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Made from this invoice: its lines name the invoice's lines.
    Invoice(RecordId),
    /// Credits this invoice without being made from it: nothing is restocked.
    Against(RecordId),
    /// Made without an invoice, from the sales order's lines.
    SalesOrder(RecordId),
}

impl Source {
    /// The invoice credited, if there is one.
    #[must_use]
    pub fn invoice(&self) -> Option<&RecordId> {
        match self {
            Self::Invoice(id) | Self::Against(id) => Some(id),
            Self::SalesOrder(_) => None,
        }
    }

    /// What the record's `createdFrom` is.
    #[must_use]
    pub fn created_from(&self) -> Option<&RecordId> {
        match self {
            Self::Invoice(id) => Some(id),
            Self::Against(_) | Self::SalesOrder(_) => None,
        }
    }
}

/// A credit memo as it is sent, and as the journal keeps it with its claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditMemo {
    /// Its permanent identity.
    pub key: MemoKey,
    /// The order it credits.
    pub order: OrderId,
    /// The units on it in ascending order, shipping last.
    pub units: Vec<UnitId>,
    /// Where it comes from.
    pub source: Source,
    /// The customer.
    pub entity: RecordId,
    /// The currency's record, where the source has one.
    pub currency: Option<RecordId>,
    /// The currency of all amounts.
    pub money: Currency,
    /// The receivables account, the invoice's.
    pub account: Option<RecordId>,
    /// Location.
    pub location: Option<RecordId>,
    /// Department.
    pub department: Option<RecordId>,
    /// Class.
    pub class: Option<RecordId>,
    /// Subsidiary, where policy sends it or no invoice is copied.
    pub subsidiary: Option<RecordId>,
    /// Form to record it with.
    pub custom_form: Option<RecordId>,
    /// Its date in the ERP account's time zone.
    pub date: CivilDate,
    /// The order's number, at most 45 UTF-16 units.
    pub reference: String,
    /// Text for people, at most 999 UTF-16 units.
    pub text: String,
    /// The body's tax item.
    pub tax_item: Option<RecordId>,
    /// Who calculates the tax.
    pub tax_basis: TaxBasis,
    /// Its lines in order; a discount follows the line it discounts.
    pub lines: Vec<MemoLine>,
    /// Shipping in the body.
    pub shipping: Option<BodyShipping>,
    /// The part of the memo that is applied to the invoice.
    pub application: Option<Application>,
    /// Custom fields of the body.
    pub fields: Vec<CustomField>,
    /// Script ids of custom fields of the body that stay empty, even where the source has a value.
    pub cleared: Vec<String>,
    /// The sum of what is owed back, rounding included, payment lines left out.
    pub credit: Amount,
    /// The total that the ERP must show: the credit less payment lines.
    pub total: Amount,
}

/// Who calculates the memo's tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxBasis {
    /// The ERP, by tax codes.
    Codes,
    /// memobridge, by tax details.
    Details,
}

/// The purpose of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineKind {
    /// Cancelled items.
    Item,
    /// The discount of the line before.
    Discount,
    /// Shipping as a service item.
    Shipping,
    /// All tax in one line.
    Tax,
    /// Cents that rounding left over.
    Rounding,
    /// The amount taken from one instrument, negative.
    Payment(InstrumentKey),
}

/// One line of a memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoLine {
    /// Its purpose.
    pub kind: LineKind,
    /// Its item.
    pub item: RecordId,
    /// The line of the invoice that it credits.
    pub source_line: Option<u32>,
    /// Pieces; only items have them.
    pub quantity: Option<u32>,
    /// Price of one piece, where it is exact.
    pub rate: Option<Amount>,
    /// Net of tax.
    pub amount: Amount,
    /// Tax code.
    pub tax_code: Option<RecordId>,
    /// Whether the body's tax applies, where the invoice says so.
    pub taxable: Option<bool>,
    /// The location of the items.
    pub location: Option<RecordId>,
    /// The units on it.
    pub units: Vec<UnitId>,
    /// Tax details, with [`TaxBasis::Details`].
    pub taxes: Vec<TaxDetail>,
    /// Custom fields, the line key column included.
    pub fields: Vec<CustomField>,
}

/// Tax that memobridge calculated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxDetail {
    /// The tax type's record.
    pub tax_type: RecordId,
    /// The tax code's record.
    pub tax_code: RecordId,
    /// The taxed amount.
    pub basis: Amount,
    /// Per cent.
    pub rate: Decimal,
    /// The tax.
    pub amount: Amount,
}

/// Shipping credited in the memo's body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BodyShipping {
    /// Net of tax.
    pub cost: Amount,
    /// The ship item.
    pub method: Option<RecordId>,
    /// Its tax code.
    pub tax_code: Option<RecordId>,
    /// Tax details, with [`TaxBasis::Details`].
    pub taxes: Vec<TaxDetail>,
}

/// The part of a memo that is applied to its invoice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Application {
    /// The invoice.
    pub invoice: RecordId,
    /// At most what remains unpaid of it.
    pub amount: Amount,
}

/// A custom field with a value of its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomField {
    /// The field's script id.
    pub script_id: String,
    /// Its type.
    pub kind: FieldType,
    /// Its value as text: internal ids for selects, `2026-11-23` for dates.
    pub value: String,
}

impl CreditMemo {
    /// The amounts of this memo's payment lines, by instrument.
    pub fn allocations(&self) -> impl Iterator<Item = (&InstrumentKey, Amount)> {
        self.lines.iter().filter_map(|line| match &line.kind {
            LineKind::Payment(instrument) => Some((instrument, -line.amount)),
            _ => None,
        })
    }
}

impl MemoKey {
    /// The key of a memo over these units, in any order; the same on any machine.
    ///
    /// ```text
    /// nst-cm- + the first 20 hex digits of SHA-256(tenant \n order \n sorted unit ids [\n shipping])
    /// ```
    #[must_use]
    pub fn of(tenant: &Tenant, order: &OrderId, units: &[UnitId]) -> Self {
        let mut units: Vec<_> = units.iter().collect();
        units.sort_by_key(|unit| (unit.is_shipping(), unit.as_str()));
        units.dedup();
        let mut parts = vec![tenant.as_str(), order.as_str()];
        parts.extend(units.into_iter().map(UnitId::as_str));
        let key = format!("nst-cm-{}", digest(&parts));
        key.parse().expect("a prefix and hexadecimal digits make a key")
    }

    /// Whether an external id is one of memobridge's keys. Ignores case, because the ERP may change
    /// it.
    #[must_use]
    pub fn is_own(external_id: &str) -> bool {
        external_id.to_ascii_lowercase().starts_with("nst-cm-")
    }
}

/// The units that a memo credits, or is about to credit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The complete memo as it was sent or will be sent.
    pub memo: CreditMemo,
    /// How far it is settled.
    pub state: ClaimState,
}

impl Claim {
    /// Whether the outcome of the memo is unknown.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, ClaimState::Unsettled { .. })
    }

    /// The record that settled it.
    #[must_use]
    pub fn record(&self) -> Option<&RecordId> {
        match &self.state {
            ClaimState::Settled(record) => Some(record),
            ClaimState::Unsettled { .. } => None,
        }
    }
}

/// How far a claimed memo is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimState {
    /// Perhaps sent: the ERP must be asked before anything else happens.
    Unsettled {
        /// When it was last sent, or was about to be sent, without a known answer.
        sent_at: Timestamp,
    },
    /// On record with this id.
    Settled(RecordId),
}

/// A property of a posted memo that a person should check.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flag {
    /// Cents that rounding left over and that fit on no memo.
    RoundingLeft(Amount),
    /// The order's amounts and its total differ by this much.
    OrderTotalMismatch(Amount),
    /// Not fully applied: this much of the memo stays open.
    LeftOpen(Amount),
    /// Earlier memos credited this amount on the same products as money, not as pieces.
    CreditedBefore(Amount),
    /// The ERP's total differs from the expected total.
    TotalDiffers {
        /// What the memo should come to.
        expected: Amount,
        /// What the ERP shows.
        actual: Amount,
    },
}

impl Flag {
    /// The stable name, for example `total-differs`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RoundingLeft(_) => "rounding-left",
            Self::OrderTotalMismatch(_) => "order-total-mismatch",
            Self::LeftOpen(_) => "left-open",
            Self::CreditedBefore(_) => "credited-before",
            Self::TotalDiffers { .. } => "total-differs",
        }
    }
}

impl std::fmt::Display for Flag {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::RoundingLeft(amount) => write!(f, "{amount} of rounding fits on no memo"),
            Self::OrderTotalMismatch(amount) => {
                write!(f, "the order's units and its total differ by {amount}")
            }
            Self::LeftOpen(amount) => write!(f, "{amount} is not applied to the invoice"),
            Self::CreditedBefore(amount) => {
                write!(f, "earlier memos gave {amount} back on the same products")
            }
            Self::TotalDiffers { expected, actual } => {
                write!(f, "the ERP's total is {actual}, expected {expected}")
            }
        }
    }
}
