//! The checks of `doctor`: whether another system is set up as memobridge needs it.
//!
//! This is a separate trait, so that a test ledger or storefront need not implement it. No check
//! writes to the system.

use async_trait::async_trait;
use domain::{Policy, RecordId};

/// Checks that a system is set up as memobridge needs it.
///
/// # Contract
///
/// - It asks the system itself, and only reads.
/// - One finding per question, in the order of the questions. Every failure is a finding and never
///   prevents the questions that can still be asked.
/// - After one refused login it asks nothing more, because repeated ones may lock the access.
/// - A question that could not be asked is not [`Severity::Error`].
/// - No finding contains a secret.
#[async_trait]
pub trait Diagnostics: Send + Sync {
    /// Runs all checks that the configuration needs.
    async fn examine(&self, wants: &Requirements) -> Vec<DiagnosticFinding>;
}

/// What one customer's configuration needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Requirements {
    /// Its policy.
    pub policy: Policy,
    /// Every record that the configuration names, each once.
    pub records: Vec<RequiredRecord>,
}

/// A record that must exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequiredRecord {
    /// What it must be.
    pub kind: RecordKind,
    /// Its id.
    pub id: RecordId,
    /// Where the configuration names it: `maps.currencies`, `policy.tax_item`.
    pub named_by: Vec<String>,
}

/// The type that a configured record must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RecordKind {
    /// A location that items are sent from.
    Location,
    /// A department.
    Department,
    /// A subsidiary.
    Subsidiary,
    /// A currency.
    Currency,
    /// An item, a discount or a payment that a line may name.
    Item,
    /// A shipping method.
    ShippingMethod,
    /// A tax code.
    TaxCode,
    /// A form that memos are entered with.
    Form,
}

impl RecordKind {
    /// All kinds, in the order in which they are checked.
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

    /// The name shown to people.
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
    /// Its severity, with the fix where there is one.
    pub severity: Severity,
}

/// The severity of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Severity {
    /// As required.
    Ok,
    /// It cannot be determined from outside; a person may check.
    Unknown,
    /// Processing works, but a person should make this fix.
    Warning(String),
    /// Processing fails until a person makes this fix.
    Error(String),
}

impl DiagnosticFinding {
    /// A finding that is as required.
    pub fn ok(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(what, seen, Severity::Ok)
    }

    /// A finding that cannot be determined from outside.
    pub fn unknown(what: impl Into<String>, seen: impl Into<String>) -> Self {
        Self::new(what, seen, Severity::Unknown)
    }

    /// A problem that a person should fix, with the fix.
    pub fn warning(
        what: impl Into<String>,
        seen: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self::new(what, seen, Severity::Warning(remedy.into()))
    }

    /// A problem that prevents processing, with the fix.
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
