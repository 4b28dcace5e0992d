//! The credit memo: what the accounting system is asked to record, whole.

use rust_decimal::Decimal;

use crate::{
    Amount, CivilDate, Currency, FieldType, InstrumentKey, MemoKey, OrderId, RecordId, Tenant,
    Timestamp, UnitId, digest::digest,
};

/// Where a memo comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// Made from this invoice: its lines name the invoice's lines.
    Invoice(RecordId),
    /// Credits this invoice without being made from it: nothing is restocked.
    Against(RecordId),
    /// Made without an invoice, from what the sales order says.
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

/// A credit memo as it will be sent, and as it is kept with its claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditMemo {
    /// Its identity for ever.
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
    /// Its date in the time zone of the books.
    pub date: CivilDate,
    /// The order's number, at most 45 UTF-16 units.
    pub reference: String,
    /// For people, at most 999 UTF-16 units.
    pub text: String,
    /// The body's tax item.
    pub tax_item: Option<RecordId>,
    /// Whether our tax details replace what the ERP would reckon.
    pub tax_basis: TaxBasis,
    /// Its lines in order; a discount follows the line it discounts.
    pub lines: Vec<MemoLine>,
    /// Shipping in the body.
    pub shipping: Option<BodyShipping>,
    /// What is applied to the invoice.
    pub application: Option<Application>,
    /// Custom fields of the body.
    pub fields: Vec<CustomField>,
    /// Custom fields of the body that stay empty whatever the source says, by script id.
    pub cleared: Vec<String>,
    /// Σ of what is owed back, rounding included, payment lines left out.
    pub credit: Amount,
    /// What the ERP's total must come to: the credit less payment lines.
    pub total: Amount,
}

/// Who reckons the memo's tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaxBasis {
    /// The ERP, by tax codes.
    Codes,
    /// We, by tax details.
    Details,
}

/// What a line is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LineKind {
    /// Cancelled goods.
    Item,
    /// The discount of the line before.
    Discount,
    /// Shipping as a service item.
    Shipping,
    /// All tax in one line.
    Tax,
    /// Cents that rounding left over.
    Rounding,
    /// What was taken from one instrument, negative.
    Payment(InstrumentKey),
}

/// One line of a memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoLine {
    /// What it is for.
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
    /// Where the goods are.
    pub location: Option<RecordId>,
    /// The units on it.
    pub units: Vec<UnitId>,
    /// Tax details, with [`TaxBasis::Details`].
    pub taxes: Vec<TaxDetail>,
    /// Custom fields, the line key column included.
    pub fields: Vec<CustomField>,
}

/// Tax that we reckoned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaxDetail {
    /// The tax type's record.
    pub tax_type: RecordId,
    /// The tax code's record.
    pub tax_code: RecordId,
    /// The amount that is taxed.
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

/// How much of a memo is set against its invoice.
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
    /// What earlier memos took from each instrument: this one's payment lines.
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

    /// Whether an external id is one of memobridge's keys; the ERP may have changed its case.
    #[must_use]
    pub fn is_own(external_id: &str) -> bool {
        external_id.to_ascii_lowercase().starts_with("nst-cm-")
    }
}

/// Units that a memo has been, or is being, credited for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// The memo, whole, as it was sent or will be.
    pub memo: CreditMemo,
    /// How far it got.
    pub state: ClaimState,
}

impl Claim {
    /// Whether it is not known what became of the memo.
    #[must_use]
    pub fn is_open(&self) -> bool {
        matches!(self.state, ClaimState::Unsettled { .. })
    }

    /// The record that it was settled with.
    #[must_use]
    pub fn record(&self) -> Option<&RecordId> {
        match &self.state {
            ClaimState::Settled(record) => Some(record),
            ClaimState::Unsettled { .. } => None,
        }
    }
}

/// How far a claimed memo got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimState {
    /// Perhaps sent: the ERP must be asked before anything else is done.
    Unsettled {
        /// When it was last sent, or about to be, without an answer that is known.
        sent_at: Timestamp,
    },
    /// On record under this id.
    Settled(RecordId),
}

/// Something about a memo that a person should see, though it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flag {
    /// Cents that rounding left over and that fitted on no memo.
    RoundingLeft(Amount),
    /// The order's own numbers do not add up by this much.
    OrderTotalMismatch(Amount),
    /// Not applied in full: this much of the memo stays open.
    LeftOpen(Amount),
    /// Earlier memos gave this much back on the same products as money, not as pieces.
    CreditedBefore(Amount),
    /// The ERP's total differs from ours.
    TotalDiffers {
        /// What the memo should come to.
        expected: Amount,
        /// What the ERP says.
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
                write!(f, "the ERP's total is {actual}, ours {expected}")
            }
        }
    }
}
