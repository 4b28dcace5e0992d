//! The application's interfaces to other systems, as traits.
//!
//! A port is named after the need ([`Ledger`]), never after a product. Its documentation is a
//! contract; `contract` holds the same promises as tests, and an adapter is complete when it passes
//! them.
//!
//! Ports are chosen at run time from configuration, so every trait here is dyn-compatible and
//! shared as `Arc<dyn Port>`. That is the only reason for `async_trait`; nothing outside this crate
//! and its adapters uses it.

mod backlog;
mod clock;
#[cfg(feature = "contract")]
pub mod contract;
mod doctor;
mod error_chain;
mod events;
mod jobs;
mod journal;
mod ledger;
mod memo_index;
mod open_counts;
mod paging;
mod read_permissions;
mod retention;
mod retry;
mod storefront;
mod stream;

pub use backlog::{Backlog, Depth};
pub use clock::{Clock, Instant};
pub use doctor::{
    DiagnosticFinding, Diagnostics, RecordKind, RequiredRecord, Requirements, Severity,
};
pub use error_chain::{error_chain, redact_emails};
pub use events::{Event, EventDecoder, FieldError};
pub use jobs::{Delivery, Job, Jobs, JobsError, Lease};
pub use journal::{
    CancellationRecord, CancellationState, FailedTries, Journal, JournalError, Known, LeaseToken,
    MemoRecord, OrderLease, Query, Received, Step,
};
pub use ledger::{
    BillingQuery, Confirmed, Ledger, LedgerError, MemoPage, Posted, Rejection, Sending,
};
pub use memo_index::{
    FindingPage, FindingPosition, MemoIndex, MemoIndexError, MemoLookupKey, RankedFinding,
};
pub use open_counts::{OpenCount, OpenCounts};
pub use paging::{Cursor, Window};
pub use read_permissions::ReadPermissions;
pub use retention::Retention;
pub use retry::Retry;
pub use storefront::{Basis, CancelledPage, Storefront, StorefrontError};
pub use stream::{
    DeliveryKey, EventFilter, EventStream, EventStreamError, Registered, Registration, StreamState,
    StreamWindow, Subscription, SubscriptionId, SubscriptionIdError,
};
