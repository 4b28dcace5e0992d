//! Deliberate bugs, one at a time: what a simulation cannot see it does not prove.
//!
//! None of them is in the product: each is a wrapper around a port, or a wrong
//! configuration, that stands for a bug behind it.

mod journal;
mod ledger;
mod queue;
mod storefront;

use std::{sync::Arc, time::Duration};

use domain::{Amount, Policy, RefundRule, ShippingPolicy};
use ports::{Jobs, Journal, Ledger, Storefront};

/// A deliberate bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the list below says what each does")]
pub enum Mutation {
    AnswersBeforeDurable,
    AnswersLate,
    GivesUpEarly,
    NoGovernor,
    NoRefundNeeded,
    ToleratesAnything,
    NeverShips,
    HidesClaims,
    HidesUnsettled,
    ForgetsSendings,
    SettlesNothing,
    HoldsForEverybody,
    ForgetsRedelivery,
    ForgetsEndings,
    FlagsNothing,
    PushesNothing,
    AcksDeferred,
    NoHeartbeat,
    HidesMemos,
    KnowsNothingOfMemos,
    ShippingAgain,
    UnknownIsRefused,
    OutageIsRefusal,
    LoginIsRefusal,
    ThrottleIsRefusal,
    StaleIsRefusal,
    PeriodIsData,
    KeyOfTheMoment,
    RoundsToCents,
    ByPosition,
    NoDiscounts,
    ConfirmsNothing,
    FirstUnitsOnly,
    AllCancelled,
    CountsVoided,
    IgnoresSourceless,
    TakesForeign,
    GoodwillIsPiece,
    BadOrderIsOutage,
    WaitsByDate,
}

impl Mutation {
    /// All bugs: name, and what is wrong.
    pub const ALL: [(Self, &str, &str); 40] = [
        (
            Self::AnswersBeforeDurable,
            "answers-before-durable",
            "what could not be stored is answered 200",
        ),
        (Self::AnswersLate, "answers-late", "`respond_within` is not kept"),
        (Self::GivesUpEarly, "gives-up-early", "the deadline comes after a minute"),
        (Self::NoGovernor, "no-governor", "any number of calls is in flight"),
        (Self::NoRefundNeeded, "no-refund-needed", "credits before the refund shows"),
        (Self::ToleratesAnything, "tolerates-anything", "amounts are not compared"),
        (Self::NeverShips, "never-ships", "shipping is not credited"),
        (Self::HidesClaims, "hides-claims", "earlier claims are not looked at"),
        (Self::HidesUnsettled, "hides-unsettled", "open claims are not looked at"),
        (
            Self::ForgetsSendings,
            "forgets-sendings",
            "a refusal frees units that an earlier sending may still credit",
        ),
        (Self::SettlesNothing, "settles-nothing", "that a memo is on record is not written down"),
        (Self::HoldsForEverybody, "holds-for-everybody", "the order's lease keeps nobody out"),
        (Self::ForgetsRedelivery, "forgets-redelivery", "every delivery is the first"),
        (Self::ForgetsEndings, "forgets-endings", "what was posted is not written down"),
        (Self::FlagsNothing, "flags-nothing", "a differing total is not flagged"),
        (Self::PushesNothing, "pushes-nothing", "the queue says stored, and is not"),
        (Self::AcksDeferred, "acks-deferred", "a deferred job is forgotten"),
        (Self::NoHeartbeat, "no-heartbeat", "a running job's lease is not prolonged"),
        (Self::HidesMemos, "hides-memos", "memos on record are not looked at"),
        (
            Self::KnowsNothingOfMemos,
            "knows-nothing-of-memos",
            "neither memos on record nor claims are looked at",
        ),
        (Self::ShippingAgain, "shipping-again", "that shipping was credited is forgotten"),
        (Self::UnknownIsRefused, "unknown-is-refused", "a lost reply is taken for a refusal"),
        (Self::OutageIsRefusal, "outage-is-refusal", "an outage is taken for a refusal"),
        (Self::LoginIsRefusal, "login-is-refusal", "refused credentials park"),
        (Self::ThrottleIsRefusal, "throttle-is-refusal", "being turned away parks"),
        (Self::StaleIsRefusal, "stale-is-refusal", "a record that changed meanwhile parks"),
        (Self::PeriodIsData, "period-is-data", "a closed period is taken for bad data"),
        (Self::KeyOfTheMoment, "key-of-the-moment", "each sending has a key of its own"),
        (Self::RoundsToCents, "rounds-to-cents", "every currency has two digits"),
        (Self::ByPosition, "by-position", "the nth unit is on the nth line"),
        (Self::NoDiscounts, "no-discounts", "discounts are left out"),
        (Self::ConfirmsNothing, "confirms-nothing", "memos are not read back"),
        (Self::FirstUnitsOnly, "first-units-only", "only the first page of units is read"),
        (Self::AllCancelled, "all-cancelled", "every unit is taken for cancelled"),
        (Self::CountsVoided, "counts-voided", "what was voided is taken for credit"),
        (Self::IgnoresSourceless, "ignores-sourceless", "memos of no invoice are not looked at"),
        (Self::TakesForeign, "takes-foreign", "another shop's order is taken by its number"),
        (Self::GoodwillIsPiece, "goodwill-is-piece", "any money on a product is taken for a piece"),
        (
            Self::BadOrderIsOutage,
            "bad-order-is-outage",
            "an order that the ERP fails on is taken for an outage",
        ),
        (Self::WaitsByDate, "waits-by-date", "waits are measured by a clock that steps"),
    ];

    /// The bug of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, it, _)| *it == name).map(|(mutation, ..)| *mutation)
    }
}

/// The journal with the bug.
#[must_use]
pub fn journal(mutation: Option<Mutation>, inner: Arc<dyn Journal>) -> Arc<dyn Journal> {
    match mutation {
        Some(mutation) => Arc::new(journal::MutatedJournal { mutation, inner }),
        None => inner,
    }
}

/// The queue with the bug.
#[must_use]
pub fn jobs(mutation: Option<Mutation>, inner: Arc<dyn Jobs>) -> Arc<dyn Jobs> {
    match mutation {
        Some(mutation) => Arc::new(queue::MutatedJobs { mutation, inner }),
        None => inner,
    }
}

/// The ledger with the bug.
#[must_use]
pub fn ledger(mutation: Option<Mutation>, inner: Arc<dyn Ledger>) -> Arc<dyn Ledger> {
    match mutation {
        Some(mutation) => Arc::new(ledger::MutatedLedger::new(mutation, inner)),
        None => inner,
    }
}

/// The storefront with the bug.
#[must_use]
pub fn storefront(mutation: Option<Mutation>, inner: Arc<dyn Storefront>) -> Arc<dyn Storefront> {
    match mutation {
        Some(mutation) => Arc::new(storefront::MutatedStorefront { mutation, inner }),
        None => inner,
    }
}

/// The accountants' choices with the bug.
#[must_use]
pub fn policy(mutation: Option<Mutation>, policy: Policy) -> Policy {
    match mutation {
        Some(Mutation::NoRefundNeeded) => Policy { refund: RefundRule::NotRequired, ..policy },
        Some(Mutation::ToleratesAnything) => Policy { tolerance: Amount::cents(100_000), ..policy },
        Some(Mutation::NeverShips) => Policy { shipping: ShippingPolicy::Never, ..policy },
        _ => policy,
    }
}

/// The ceiling of calls in flight.
#[must_use]
pub fn ceiling(mutation: Option<Mutation>, ceiling: u32) -> u32 {
    if mutation == Some(Mutation::NoGovernor) { u32::MAX } else { ceiling }
}

/// When events go to the queue.
#[must_use]
pub fn respond_within(mutation: Option<Mutation>, within: Duration) -> Duration {
    if mutation == Some(Mutation::AnswersLate) { Duration::from_hours(1) } else { within }
}

/// When waiting ends.
#[must_use]
pub fn give_up_after(mutation: Option<Mutation>, after: Duration) -> Duration {
    if mutation == Some(Mutation::GivesUpEarly) { Duration::from_mins(1) } else { after }
}
