//! Why a cancellation waits, was skipped or was parked.
//!
//! Each reason has a stable name for programs, a sentence with its numbers, and a remedy for the
//! person who must act.

mod examples;
mod sentence;

use crate::{Amount, CivilDate, MemoKey, OrderId, RecordId, UnitId};

/// Why there is no credit memo (yet).
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the sentence of each reason shows what its fields mean")]
pub enum Reason {
    OrderNotVisible {
        order: OrderId,
        unit: Option<UnitId>,
    },
    UnitNotCancelledYet {
        unit: UnitId,
        status: String,
    },
    Historical {
        order: OrderId,
    },
    InvalidOrder {
        field: String,
        problem: String,
    },
    NothingToCredit,
    PaymentNotVisible {
        missing: &'static str,
    },
    ExchangePayment {
        paid: Amount,
        owed: Amount,
    },
    RefundNotVisible {
        held: Amount,
        active: Amount,
    },
    SalesOrderNotFound {
        reference: String,
        order: OrderId,
    },
    NeverExported {
        reference: String,
    },
    AlreadyClosed {
        units: Vec<UnitId>,
    },
    NotInvoiced {
        units: Vec<UnitId>,
    },
    NeverBilled {
        units: Vec<UnitId>,
    },
    LinesClosed {
        units: Vec<UnitId>,
    },
    LineFulfilled {
        unit: UnitId,
        line: u32,
    },
    CashSale {
        record: RecordId,
    },
    AlreadyCredited,
    BilledAgain {
        unit: UnitId,
        credited: RecordId,
        billed: RecordId,
    },
    MemoVoided {
        key: MemoKey,
        memo: String,
    },
    AmbiguousLine {
        unit: UnitId,
        lines: Vec<String>,
    },
    AmountMismatch {
        invoice: RecordId,
        line: Option<u32>,
        invoiced: Amount,
        ordered: Amount,
    },
    OverCredit {
        invoice: RecordId,
        line: Option<u32>,
        left: Amount,
        asked: Amount,
        by: Vec<String>,
    },
    CurrencyMismatch {
        invoice: RecordId,
        found: RecordId,
        expected: String,
    },
    Unmapped {
        table: String,
        key: String,
        order: String,
    },
    PaymentShortfall {
        missing: Amount,
    },
    KeyConflict {
        key: MemoKey,
        found: String,
    },
    ClosedPeriod {
        date: CivilDate,
        message: String,
    },
    Refused {
        code: String,
        message: String,
    },
    OutcomeUnknown {
        key: MemoKey,
        code: String,
        message: String,
    },
    StorefrontUnavailable {
        problem: String,
    },
    OrderBusy,
    ErpTimeout,
    ErpUnavailable {
        problem: String,
    },
    ErpFailsOnOrder {
        problem: String,
    },
    ErpCredentials {
        problem: String,
    },
    ErpPermission {
        problem: String,
    },
    JournalUnavailable {
        problem: String,
    },
    /// memobridge panicked on this order.
    InternalError {
        problem: String,
    },
}

impl Reason {
    /// The stable name, for example `not-invoiced`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        self.entry().0
    }

    /// The suggested fix for the person who must act.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        self.entry().1
    }

    /// The sentence without the ledger's message, which may name a person. For logs and answers;
    /// the journal stores the full sentence.
    #[must_use]
    pub fn redacted(&self) -> String {
        let hidden = || "the full message is in the journal".to_owned();
        match self {
            Self::Refused { code, .. } => {
                Self::Refused { code: code.clone(), message: hidden() }.to_string()
            }
            Self::ClosedPeriod { date, .. } => {
                Self::ClosedPeriod { date: *date, message: hidden() }.to_string()
            }
            Self::OutcomeUnknown { key, code, .. } => {
                let (key, code, message) = (key.clone(), code.clone(), hidden());
                Self::OutcomeUnknown { key, code, message }.to_string()
            }
            Self::ErpFailsOnOrder { .. } => Self::ErpFailsOnOrder { problem: hidden() }.to_string(),
            other => other.to_string(),
        }
    }

    #[expect(clippy::too_many_lines, reason = "a list reads best in one piece")]
    fn entry(&self) -> (&'static str, &'static str) {
        match self {
            Self::OrderNotVisible { .. } => (
                "order-not-visible",
                "wait: the storefront's API lags behind its events; if this persists, check that \
                 the tenant is right and the order exists, then retry",
            ),
            Self::UnitNotCancelledYet { .. } => (
                "unit-not-cancelled-yet",
                "wait: the storefront's API lags behind its events; if this persists, check the \
                 item's status in the storefront, then retry",
            ),
            Self::Historical { .. } => (
                "historical",
                "nothing to do: memobridge never credits orders imported from an older system",
            ),
            Self::InvalidOrder { .. } => (
                "invalid-order",
                "have the named field corrected in the storefront, then retry; or book it by hand",
            ),
            Self::NothingToCredit => {
                ("nothing-to-credit", "nothing to do: the cancelled items cost nothing")
            }
            Self::PaymentNotVisible { .. } => (
                "payment-not-visible",
                "wait: payments are processed later than orders; if this persists, check the \
                 order's payment account, then retry",
            ),
            Self::ExchangePayment { .. } => (
                "exchange-payment",
                "the storefront's API does not show the store credit of an exchange: book the \
                 credit memo by hand",
            ),
            Self::RefundNotVisible { .. } => (
                "refund-not-visible",
                "wait for the refund; if this persists, refund the payer or set require_refund = \
                 false, then retry",
            ),
            Self::SalesOrderNotFound { .. } => (
                "sales-order-not-found",
                "export the order to the ERP with the order's number as external id, then retry",
            ),
            Self::NeverExported { .. } => (
                "never-exported",
                "nothing to do: the order was cancelled before it was exported, and no money is \
                 held",
            ),
            Self::AlreadyClosed { .. } => {
                ("already-closed", "nothing to do: the sales order's line is already closed")
            }
            Self::NotInvoiced { .. } => (
                "not-invoiced",
                "invoice the sales order or close its lines, then retry; or set the policy \
                 not_invoiced so that memobridge handles such items itself",
            ),
            Self::NeverBilled { .. } => (
                "never-billed",
                "nothing to do: the items were cancelled before they were invoiced, and no money \
                 is held",
            ),
            Self::LinesClosed { .. } => {
                ("lines-closed", "nothing to do: the sales order's lines were closed instead")
            }
            Self::LineFulfilled { .. } => (
                "line-fulfilled",
                "the line was fulfilled or billed meanwhile: invoice it and retry, or correct the \
                 sales order by hand",
            ),
            Self::CashSale { .. } => {
                ("cash-sale", "book a cash refund by hand: a credit memo needs an invoice")
            }
            Self::AlreadyCredited => {
                ("already-credited", "nothing to do: every unit is on a credit memo")
            }
            Self::BilledAgain { .. } => (
                "billed-again",
                "credit the later invoice by hand if the item is not to be paid for, naming the \
                 item's id on the memo, then retry",
            ),
            Self::MemoVoided { .. } => (
                "memo-voided",
                "find out why it was voided; where the credit is still owed, book it by hand and \
                 retry, or delete the voided memo and run reconcile --repair",
            ),
            Self::AmbiguousLine { .. } => (
                "ambiguous-line",
                "write the item's id into the line key column of the right invoice line, then \
                 retry",
            ),
            Self::AmountMismatch { .. } => (
                "amount-mismatch",
                "find out which amount is right and correct the other, or raise the tolerance, \
                 then retry",
            ),
            Self::OverCredit { .. } => (
                "over-credit",
                "check the credit memos that the invoice already has; credit the rest by hand",
            ),
            Self::CurrencyMismatch { .. } => (
                "currency-mismatch",
                "correct the currency map, or the invoice's currency, then retry",
            ),
            Self::Unmapped { .. } => {
                ("unmapped", "add the named entry to the configuration, restart, then retry")
            }
            Self::PaymentShortfall { .. } => (
                "payment-shortfall",
                "the order's payments do not add up to the memo: check the payment account, then \
                 retry or book it by hand",
            ),
            Self::KeyConflict { .. } => (
                "key-conflict",
                "check the record that has this external id; free the id or book it by hand, \
                 then retry",
            ),
            Self::ClosedPeriod { .. } => (
                "closed-period",
                "open the accounting period or set closed_period = \"today\", then retry",
            ),
            Self::Refused { .. } => ("erp-refused", "do what the ERP's message says, then retry"),
            Self::OutcomeUnknown { .. } => (
                "outcome-unknown",
                "wait: within 20 minutes memobridge finds the memo on record or decides again",
            ),
            Self::StorefrontUnavailable { .. } => (
                "storefront-unavailable",
                "wait: memobridge retries by itself; if this persists, check the storefront's URL, \
                 client id and secret",
            ),
            Self::OrderBusy => ("order-busy", "wait: memobridge retries after the other event"),
            Self::ErpTimeout => ("erp-timeout", "wait: processing continues in the background"),
            Self::ErpUnavailable { .. } => (
                "erp-unavailable",
                "wait: memobridge retries by itself; if this persists, call the ERP's \
                 administrator",
            ),
            Self::ErpFailsOnOrder { .. } => (
                "erp-fails-on-order",
                "check the order's records in the ERP, and give its administrator the error id; \
                 other orders are not affected; memobridge retries by itself, and at once by retry \
                 after the correction",
            ),
            Self::ErpCredentials { .. } => (
                "erp-credentials",
                "check account, keys and token in the configuration, and the clock; nothing is \
                 lost",
            ),
            Self::ErpPermission { .. } => (
                "erp-permission",
                "give the integration's role the named permission; nothing is lost",
            ),
            Self::JournalUnavailable { .. } => (
                "journal-unavailable",
                "check the disk and the path of queue and journal, or the server that stores them",
            ),
            Self::InternalError { .. } => (
                "internal-error",
                "report it to memobridge's owner with this order's log lines; other orders are not \
                 affected; memobridge retries by itself, and at once by retry after the correction",
            ),
        }
    }
}

/// Why no memo is made now, and what happens to the cancellation instead.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Stop {
    /// Try again later from the queue, until the deadline.
    Wait(Reason),
    /// Done: every unit is credited, by memobridge or by hand.
    Done(Reason),
    /// Done: nothing to credit.
    Skip(Reason),
    /// A person must check it.
    Park(Reason),
}

/// Whether the deadline for waiting has passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// Before the deadline.
    Pending,
    /// `give_up_after` has passed since the first receipt or the last retry by a person.
    Passed,
}

impl Deadline {
    /// Waits, or parks after the deadline.
    pub(crate) fn wait(self, reason: Reason) -> Stop {
        match self {
            Self::Pending => Stop::Wait(reason),
            Self::Passed => Stop::Park(reason),
        }
    }
}

impl Stop {
    /// The reason, independent of what happens next.
    #[must_use]
    pub fn reason(&self) -> &Reason {
        match self {
            Self::Wait(reason) | Self::Done(reason) | Self::Skip(reason) | Self::Park(reason) => {
                reason
            }
        }
    }
}
