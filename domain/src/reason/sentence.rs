//! The sentence of each reason, with its numbers.

use std::fmt;

use super::Reason;
use crate::UnitId;

impl fmt::Display for Reason {
    #[expect(clippy::too_many_lines, reason = "a list reads best in one piece")]
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrderNotVisible { order, unit: None } => {
                write!(f, "the storefront does not show order {order} yet")
            }
            Self::OrderNotVisible { order, unit: Some(unit) } => {
                write!(f, "order {order} does not show the cancelled item {unit} yet")
            }
            Self::UnitNotCancelledYet { unit, status } => {
                write!(f, "item {unit} is reported cancelled, but its status is still {status:?}")
            }
            Self::Historical { order } => write!(f, "order {order} is historical"),
            Self::InvalidOrder { field, problem } => write!(f, "{field} {problem}"),
            Self::NothingToCredit => f.write_str("the cancelled items come to 0.00"),
            Self::PaymentNotVisible { missing } => {
                write!(f, "the order shows no {missing} yet")
            }
            Self::ExchangePayment { paid, owed } => {
                write!(f, "the exchange order's visible payments are {paid} of {owed}")
            }
            Self::RefundNotVisible { held, active } => write!(
                f,
                "{held} is held for active items worth {active}: the refund of the rest is not \
                 visible"
            ),
            Self::SalesOrderNotFound { reference, order } => {
                write!(f, "the ERP has no sales order with the external id {reference} or {order}")
            }
            Self::NeverExported { reference } => {
                write!(
                    f,
                    "order {reference} was never exported to the ERP and no money is held for it"
                )
            }
            Self::AlreadyClosed { units } => {
                write!(f, "the sales order's lines of {} are closed", list(units))
            }
            Self::NotInvoiced { units } => write!(f, "no invoice carries {}", list(units)),
            Self::NeverBilled { units } => {
                write!(f, "no invoice carries {} and no money is held for it", list(units))
            }
            Self::LinesClosed { units } => {
                write!(f, "the sales order's lines of {} were closed", list(units))
            }
            Self::LineFulfilled { unit, line } => {
                write!(f, "sales order line {line} of {unit} is already fulfilled or billed")
            }
            Self::CashSale { record } => {
                write!(f, "the order was billed by cash sale {record} instead of an invoice")
            }
            Self::AlreadyCredited => f.write_str("every unit is on a credit memo already"),
            Self::BilledAgain { unit, credited, billed } => write!(
                f,
                "item {unit} was credited on invoice {credited} and stands again on invoice \
                 {billed}"
            ),
            Self::MemoVoided { key, memo } => {
                write!(f, "credit memo {memo}, made under {key}, was voided: it credits nothing")
            }
            Self::AmbiguousLine { unit, lines } => {
                write!(f, "item {unit} could be any of the differing lines {}", lines.join(", "))
            }
            Self::AmountMismatch { invoice, line, invoiced, ordered } => {
                match line {
                    Some(line) => write!(f, "line {line}")?,
                    None => f.write_str("shipping")?,
                }
                write!(f, " of invoice {invoice} is {invoiced} net, the order says {ordered}")
            }
            Self::OverCredit { invoice, line, left, asked, by } => {
                if let Some(line) = line {
                    write!(f, "line {line} of ")?;
                }
                write!(f, "invoice {invoice} has {left} left to credit, the memo needs {asked}")?;
                match &by[..] {
                    [] => Ok(()),
                    [memo] => write!(f, "; credit memo {memo} took the rest"),
                    memos => write!(f, "; credit memos {} took the rest", memos.join(", ")),
                }
            }
            Self::CurrencyMismatch { invoice, found, expected } => write!(
                f,
                "invoice {invoice} is in currency {found}, the currency map says {expected}"
            ),
            Self::Unmapped { table, key, order } => {
                write!(f, "{table} has no entry for {key}, which order {order} needs")
            }
            Self::PaymentShortfall { missing } => {
                write!(f, "the order's payments leave {missing} of the memo uncovered")
            }
            Self::KeyConflict { key, found } => {
                write!(f, "the external id {key} is taken by another record: {found}")
            }
            Self::ClosedPeriod { date, message } => {
                write!(f, "the ERP's period of {date} is closed: {message}")
            }
            Self::Refused { code, message } => {
                write!(f, "the ERP refused the credit memo: {code}: {message}")
            }
            Self::OutcomeUnknown { key, code, message } => write!(
                f,
                "memo {key} is refused now, but was sent before without an answer and may still \
                 arrive: {code}: {message}"
            ),
            Self::OrderBusy => f.write_str("another event of this order is being processed"),
            Self::ErpTimeout => f.write_str("the ERP has not answered within respond_within"),
            Self::StorefrontUnavailable { problem } => {
                write!(f, "the storefront does not answer: {problem}")
            }
            Self::ErpUnavailable { problem } => write!(f, "the ERP does not answer: {problem}"),
            Self::ErpFailsOnOrder { problem } => {
                write!(f, "the ERP fails on this order: {problem}")
            }
            Self::ErpCredentials { problem } => {
                write!(f, "the ERP rejects the credentials: {problem}")
            }
            Self::ErpPermission { problem } => {
                write!(f, "the integration's role in the ERP lacks a permission: {problem}")
            }
            Self::JournalUnavailable { problem } => {
                write!(f, "queue or journal cannot be used: {problem}")
            }
            Self::InternalError { problem } => {
                write!(f, "memobridge has a bug that this order triggers: {problem}")
            }
        }
    }
}

fn list(units: &[UnitId]) -> String {
    units.iter().map(UnitId::as_str).collect::<Vec<_>>().join(", ")
}
