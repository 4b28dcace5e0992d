//! From a cancellation to a credit memo: the rules, as pure functions over plain values.
//!
//! This crate knows no product, no clock, no network and no file. Its inputs are what the
//! storefront and the accounting system report; its output is a [`Decision`]. Each rule has one
//! place:
//!
//! | rule | module |
//! |---|---|
//! | is all data visible yet? | [`readiness`] |
//! | which order does a record belong to? | [`OrderIdentity`] |
//! | which record, if any? | [`decide`] and its parts |
//! | the amounts | `order`, `conserve`, `decide/shipping` |
//! | the fields of the memo | `decide/assemble`, `decide/payments` |
//! | no unit is credited twice | `decide/credited`, [`MemoKey`], [`Claim`] |
//! | do all systems agree? | [`reconcile`] |

mod billing;
mod cancellation;
mod conserve;
mod credit_memo;
mod date;
mod decide;
mod digest;
mod id;
mod maps;
mod money;
mod order;
mod owner;
mod payment;
mod policy;
mod readiness;
mod reason;
mod snapshot;
#[cfg(test)]
mod testing;
mod text;

pub use billing::{
    Billing, BillingLine, Classes, ExistingLine, ExistingMemo, Invoice, ItemRef, LineTax,
    OrderLine, RecordedMemo, SalesOrder, Standing,
};
pub use cancellation::{CANCELLATION_EVENTS, Cancellation, ITEMS_CANCELLED, ORDER_CANCELLED};
pub use credit_memo::{
    Application, BodyShipping, Claim, ClaimState, CreditMemo, CustomField, Flag, LineKind,
    MemoLine, Source, TaxBasis, TaxDetail,
};
pub use date::{CivilDate, DateError, Timestamp};
pub use decide::{
    Decision, DecisionInput, Discrepancy, KnownCancellation, LineTarget, LinesToClose, MemoRef,
    MissingCause, Pass, Plan, Progress, ReconcileFinding, ReconcileInput, decide, reconcile,
    sources,
};
pub use id::{CancellationId, IdError, MemoKey, OrderId, RecordId, Tenant, UnitId};
pub use maps::{Entry, Location, Maps, PaymentNode, Table};
pub use money::{Amount, AmountError, Currency, CurrencyError, decimal};
pub use order::{Order, Shipping, TaxTreatment, Unit, UnitStatus};
pub use owner::OrderIdentity;
pub use payment::{Instrument, InstrumentKey, captured, held};
pub use policy::{
    ClosedPeriod, Discounts, ExistingMemos, FieldRule, FieldSource, FieldType, ItemPolicy,
    MissingSalesOrder, NotInvoiced, Policy, RefundRule, Settlement, ShippingAs, ShippingPolicy,
    SubsidiaryRule, Tax,
};
pub use readiness::readiness;
pub use reason::{Deadline, Reason, Stop};
pub use snapshot::{
    InstrumentSnapshot, OrderSnapshot, ReportedAmount, TransactionSnapshot, UnitSnapshot,
};
pub use text::cut_utf16;
