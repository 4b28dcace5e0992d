//! One example of every reason. The runbook lists them, and a test compares the list.

use super::Reason;
use crate::{Amount, CivilDate};

impl Reason {
    /// Every reason once, with made-up numbers, in the order of the rules.
    #[must_use]
    pub fn examples() -> Vec<Self> {
        let order = || "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().expect("a UUID");
        let unit = || "dc333267-856c-421a-ac7a-e08291642d76".parse().expect("a unit id");
        let record = |id: &str| id.parse().expect("a record id");
        let reference = || "TEST-1821".to_owned();
        let text = |text: &str| text.to_owned();
        let cents = Amount::cents;
        vec![
            Self::OrderNotVisible { order: order(), unit: Some(unit()) },
            Self::UnitNotCancelledYet { unit: unit(), status: text("opened") },
            Self::Historical { order: order() },
            Self::InvalidOrder {
                field: text("items[0].quantity"),
                problem: text("0.5 is not a whole number"),
            },
            Self::NothingToCredit,
            Self::PaymentNotVisible { missing: "payment account" },
            Self::ExchangePayment { paid: cents(1500), owed: cents(5000) },
            Self::RefundNotVisible { held: cents(5000), active: cents(3000) },
            Self::SalesOrderNotFound { reference: reference(), order: order() },
            Self::NeverExported { reference: reference() },
            Self::AlreadyClosed { units: vec![unit()] },
            Self::NotInvoiced { units: vec![unit()] },
            Self::NeverBilled { units: vec![unit()] },
            Self::LinesClosed { units: vec![unit()] },
            Self::LineFulfilled { unit: unit(), line: 2 },
            Self::CashSale { record: record("70300") },
            Self::AlreadyCredited,
            Self::BilledAgain { unit: unit(), credited: record("70211"), billed: record("70305") },
            Self::MemoVoided {
                key: "nst-cm-680ab9e626f2984bfa54".parse().expect("a key"),
                memo: text("CM1042"),
            },
            Self::AmbiguousLine {
                unit: unit(),
                lines: vec![text("1 of invoice 70211"), text("2 of invoice 70211")],
            },
            Self::AmountMismatch {
                invoice: record("70211"),
                line: Some(1),
                invoiced: cents(4500),
                ordered: cents(4995),
            },
            Self::OverCredit {
                invoice: record("70211"),
                line: None,
                left: cents(1000),
                asked: cents(4995),
                by: vec![text("CM1042"), text("CM1043")],
            },
            Self::CurrencyMismatch {
                invoice: record("70211"),
                found: record("2"),
                expected: text("1 for USD"),
            },
            Self::Unmapped {
                table: text("payment_items"),
                key: text("sezzle.sezzle.usd"),
                order: reference(),
            },
            Self::PaymentShortfall { missing: cents(500) },
            Self::KeyConflict {
                key: "nst-cm-680ab9e626f2984bfa54".parse().expect("a key"),
                found: text("an invoice"),
            },
            Self::ClosedPeriod {
                date: CivilDate::new(2026, 11, 23).expect("a date"),
                message: text("the period is closed"),
            },
            Self::Refused { code: text("MISSING_REQD_FLD"), message: text("enter a location") },
            Self::OutcomeUnknown {
                key: "nst-cm-680ab9e626f2984bfa54".parse().expect("it is a key"),
                code: text("PERIOD_CLOSED"),
                message: text("the period is closed"),
            },
            Self::StorefrontUnavailable { problem: text("connection refused") },
            Self::OrderBusy,
            Self::ErpTimeout,
            Self::ErpUnavailable { problem: text("connection refused") },
            Self::ErpFailsOnOrder { problem: text("UNEXPECTED_ERROR: Error ID: k2x8") },
            Self::ErpCredentials { problem: text("Invalid login attempt.") },
            Self::ErpPermission { problem: text("Transactions, Credit Memo") },
            Self::JournalUnavailable { problem: text("disk full") },
            Self::InternalError { problem: text("index out of bounds") },
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_is_left_out_or_named_twice() {
        let source = include_str!("../reason.rs");
        let (_, variants) = source.split_once("pub enum Reason {").unwrap();
        let (variants, _) = variants.split_once("\n}").unwrap();
        let variants =
            variants.lines().filter(|it| it.starts_with("    ") && !it.starts_with("     "));
        let mut names: Vec<_> = Reason::examples().iter().map(Reason::name).collect();
        let is_variant = |line: &&str| line.trim().starts_with(|c: char| c.is_ascii_uppercase());
        assert_eq!(names.len(), variants.filter(is_variant).count());
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Reason::examples().len());
    }
}
