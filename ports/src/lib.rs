//! What the application needs from the outside world, as traits.
//!
//! A port is named after the need ([`Ledger`]), never after the product that
//! fills it. Its documentation is a contract; `contract` holds the same
//! promises as tests, and an adapter is done when it passes them.
//!
//! Ports are chosen at run time from configuration, so every trait here is
//! dyn-compatible and shared as `Arc<dyn Port>`. That is the one reason for
//! `async_trait`; nothing outside this crate and its adapters uses it.

mod access;
mod backlog;
mod census;
mod clock;
#[cfg(feature = "contract")]
pub mod contract;
mod doctor;
mod jobs;
mod journal;
mod ledger;
mod paging;
mod retention;
mod retry;
mod storefront;
mod stream;
mod told;

pub use access::Access;
pub use backlog::{Backlog, Depth};
pub use census::{Census, Unfinished};
pub use clock::{Clock, Instant, certain_now};
pub use doctor::{Examined, Finding, RecordKind, Verdict, Wanted, Wants};
pub use jobs::{Delivery, Job, Jobs, JobsError, Lease};
pub use journal::{
    FailedTries, Hold, HoldToken, Journal, JournalError, Known, MemoRecord, Opened, Query, Record,
    State, Step,
};
pub use ledger::{
    BillingQuery, Confirmed, Ledger, LedgerError, MemoPage, Posted, Refusal, Sending,
};
pub use paging::{Cursor, Window};
pub use retention::Retention;
pub use retry::Retry;
pub use storefront::{Basis, CancelledPage, Storefront, StorefrontError};
pub use stream::{
    DeliveryKey, EventFilter, EventStream, EventStreamError, InvalidSubscriptionId, Registered,
    Registration, StreamState, StreamWindow, Subscription, SubscriptionId,
};
pub use told::{told, without_addresses};
