//! The event stream: the subscriptions through which the storefront sends its events.

use std::{collections::BTreeSet, fmt, str::FromStr};

use async_trait::async_trait;
use domain::Timestamp;

use crate::{Retry, StorefrontError};

/// Manages the subscriptions of one tenant.
///
/// # Contract
///
/// - A missing subscription is `None` from `find` and [`EventStreamError::Missing`] from `start`,
///   never anything else.
/// - Calling `register` twice has the effect of calling it once. A created subscription sends at
///   once; an updated one keeps its state, running or stopped, and its window.
/// - `start` of a subscription that is running changes nothing.
/// - `remove` also deletes a subscription's logs and rejected events. Removing a missing one
///   succeeds.
/// - The key that deliveries carry is never returned.
/// - Every call ends within the adapter's own timeout.
#[async_trait]
pub trait EventStream: Send + Sync {
    /// Every subscription whose id is valid for memobridge, including those of other systems.
    async fn all(&self) -> Result<Vec<Subscription>, EventStreamError>;

    /// The subscription with this id.
    async fn find(&self, id: &SubscriptionId) -> Result<Option<Subscription>, EventStreamError>;

    /// Creates a subscription, or updates the one with its id.
    async fn register(&self, wanted: &Registration) -> Result<Registered, EventStreamError>;

    /// Makes a stopped subscription send again.
    async fn start(&self, id: &SubscriptionId) -> Result<(), EventStreamError>;

    /// Removes a subscription.
    async fn remove(&self, id: &SubscriptionId) -> Result<(), EventStreamError>;
}

/// A subscription's id, chosen at registration.
///
/// It begins with a letter or digit and contains only those, `-`, `_` and `.`, so that it is one
/// segment of any path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubscriptionId(String);

/// The text is not a valid [`SubscriptionId`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to {max} letters, digits, '-', '_' or '.', a letter or digit first", max = SubscriptionId::MAX_LEN)]
pub struct SubscriptionIdError;

impl SubscriptionId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 64;

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SubscriptionId {
    type Err = SubscriptionIdError;

    fn from_str(raw: &str) -> Result<Self, SubscriptionIdError> {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let begins = raw.starts_with(|c: char| c.is_ascii_alphanumeric());
        if begins && raw.len() <= Self::MAX_LEN && raw.chars().all(allowed) {
            return Ok(Self(raw.to_owned()));
        }
        Err(SubscriptionIdError)
    }
}

impl fmt::Display for SubscriptionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The wanted state of a subscription. The adapter knows the key of its deliveries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its id.
    pub id: SubscriptionId,
    /// Where events are sent.
    pub callback: String,
    /// The names of the events that are sent.
    pub events: BTreeSet<String>,
    /// For a replay: the window of time whose events are sent again.
    pub window: Option<StreamWindow>,
}

/// What `register` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Registered {
    /// A subscription with this id did not exist.
    Created,
    /// It existed already.
    Updated,
}

/// A subscription as the storefront reports it. `None` means not reported, not absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Whether it sends.
    pub state: StreamState,
    /// The address that it sends to.
    pub callback: Option<String>,
    /// Which key its deliveries carry.
    pub key: DeliveryKey,
    /// The events that it sends.
    pub filter: Option<EventFilter>,
    /// The window that it replays, where it is a replay.
    pub window: Option<StreamWindow>,
}

/// Whether a subscription sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// It sends, or tries to.
    Running,
    /// It does not send until it is started. A replay that has sent everything is stopped.
    Stopped,
}

/// Which key the deliveries of a subscription carry, without revealing it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryKey {
    /// The configured key.
    Expected,
    /// Another one.
    Another,
    /// The key is not reported.
    NotReported,
}

/// Selects the events that a subscription sends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these events; all events where the set is empty.
    pub events: BTreeSet<String>,
    /// Only events of these entities; of all where the set is empty.
    pub entities: BTreeSet<String>,
}

/// A window of time, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamWindow {
    since: Timestamp,
    until: Timestamp,
}

impl StreamWindow {
    /// From `since` to `until`; `None` unless `until` is later.
    #[must_use]
    pub fn new(since: Timestamp, until: Timestamp) -> Option<Self> {
        (since < until).then_some(Self { since, until })
    }

    /// Its beginning.
    #[must_use]
    pub fn since(self) -> Timestamp {
        self.since
    }

    /// Its end.
    #[must_use]
    pub fn until(self) -> Timestamp {
        self.until
    }

    /// Whether some instant is in both.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        self.since < other.until && other.since < self.until
    }
}

/// Why a call of the event stream failed.
#[derive(Debug, thiserror::Error)]
pub enum EventStreamError {
    /// There is no subscription with this id.
    #[error("there is no subscription {0}")]
    Missing(SubscriptionId),
    /// The storefront refuses the request: too many subscriptions, or an invalid address.
    #[error("the event stream refuses: {0}")]
    Rejected(String),
    /// The storefront behind it fails.
    #[error(transparent)]
    Storefront(#[from] StorefrontError),
}

impl EventStreamError {
    /// When the call may be made again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Missing(_) | Self::Rejected(_) => Retry::Never,
            Self::Storefront(error) => error.retry(),
        }
    }
}

#[cfg(test)]
mod tests;
