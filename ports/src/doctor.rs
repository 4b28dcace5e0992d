//! What a doctor asks: whether a system on the other side is fit for our work.
//!
//! A trait of its own, so that a ledger or a storefront made for tests need not
//! answer. Nothing here writes to the system that is asked.

use async_trait::async_trait;
use domain::{Policy, RecordId};

/// Checks that a system is set up as memobridge needs it.
///
/// # Contract
///
/// - It asks the system itself, and only reads.
/// - One finding per question, in the order in which they were asked; whatever
///   goes wrong is a finding, and never ends the examination of what can still
///   be asked.
/// - After one login that was refused nothing more is asked: repeated ones lock
///   an access.
/// - What could not be asked is not [`Severity::Error`].
/// - No finding tells a secret.
#[async_trait]
pub trait Diagnostics: Send + Sync {
    /// Asks everything that the work will need.
    async fn examine(&self, wants: &Requirements) -> Vec<DiagnosticFinding>;
}

/// What the work will need, as one customer has configured it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirements {
    /// Its policy.
    pub policy: Policy,
    /// Every record that the configuration names, each once.
    pub records: Vec<RequiredRecord>,
}

/// A record that must be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredRecord {
    /// What it must be.
    pub kind: RecordKind,
    /// Its id.
    pub id: RecordId,
    /// Where the configuration names it: `maps.currencies`, `policy.tax_item`.
    pub named_by: Vec<String>,
}

/// What a record that is named in a configuration must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// A place that goods are sent from.
    Location,
    /// A department.
    Department,
    /// A subsidiary.
    Subsidiary,
    /// A currency.
    Currency,
    /// Something that a line may name: goods, a discount, a payment.
    Item,
    /// A way to ship.
    ShippingMethod,
    /// A tax code.
    TaxCode,
    /// A form that memos are entered with.
    Form,
}

impl RecordKind {
    /// All of them, in the order in which they are asked for.
    pub const ALL: [Self; 8] = [
        Self::Location,
        Self::Department,
        Self::Subsidiary,
        Self::Currency,
        Self::Item,
        Self::ShippingMethod,
        Self::TaxCode,
        Self::Form,
    ];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Location => "location",
            Self::Department => "department",
            Self::Subsidiary => "subsidiary",
            Self::Currency => "currency",
            Self::Item => "item",
            Self::ShippingMethod => "shipping method",
            Self::TaxCode => "tax code",
            Self::Form => "form",
        }
    }
}

/// The answer to one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiagnosticFinding {
    /// What was asked about.
    pub what: String,
    /// What was found, in a sentence for people.
    pub observed: String,
    /// What it means.
    pub severity: Severity,
}

/// What a finding means for the work.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Severity {
    /// As it should be.
    Ok,
    /// It cannot be determined from outside; a person may check.
    Unknown,
    /// The work goes on, but a person should do this.
    Warning(String),
    /// The work fails until a person has done this.
    Error(String),
}

impl DiagnosticFinding {
    /// As it should be.
    pub fn ok(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(what, seen, Severity::Ok)
    }

    /// Not to be found out from outside.
    pub fn unknown(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(what, seen, Severity::Unknown)
    }

    /// Something to look at, with what to do.
    pub fn warning(
        what: impl Into<String>,
        seen: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(what, seen, Severity::Warning(remedy.into()))
    }

    /// Something that keeps the work from being done, with what to do.
    pub fn error(
        what: impl Into<String>,
        seen: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(what, seen, Severity::Error(remedy.into()))
    }

    fn new(what: impl Into<String>, seen: impl Into<String>, severity: Severity) -> Self {
        Self { what: what.into(), observed: seen.into(), severity }
    }
}
