//! The event stream: over which subscriptions the storefront sends its events.

use std::{collections::BTreeSet, fmt, str::FromStr};

use async_trait::async_trait;
use domain::Timestamp;

use crate::{Retry, StorefrontError};

/// Keeps the subscriptions of one tenant.
///
/// # Contract
///
/// - A subscription that is not there is `None` to `find` and
///   [`EventStreamError::Missing`] to `start`, never anything else.
/// - `register` twice is `register` once. What it creates sends at once; what it
///   updates goes on, or stays stopped, and keeps its window.
/// - `start` of a subscription that is running changes nothing.
/// - `remove` takes a subscription's logs and rejected events with it. One that
///   is not there is removed already.
/// - The key that deliveries carry is never returned.
/// - Every call ends within the adapter's own timeout.
#[async_trait]
pub trait EventStream: Send + Sync {
    /// Every subscription whose id could be one of memobridge, other people's included.
    async fn all(&self) -> Result<Vec<Subscription>, EventStreamError>;

    /// The subscription with this id.
    async fn find(&self, id: &SubscriptionId) -> Result<Option<Subscription>, EventStreamError>;

    /// Creates a subscription, or brings the one with its id to what is wanted.
    async fn register(&self, wanted: &Registration) -> Result<Registered, EventStreamError>;

    /// Has a subscription send again.
    async fn start(&self, id: &SubscriptionId) -> Result<(), EventStreamError>;

    /// Removes a subscription.
    async fn remove(&self, id: &SubscriptionId) -> Result<(), EventStreamError>;
}

/// A subscription's id, chosen at registration.
///
/// It begins with a letter or digit and has only those, `-`, `_` and `.`, so
/// that it is one segment of any path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SubscriptionId(String);

/// The text is no [`SubscriptionId`].
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

/// A subscription as it is wanted. The key of its deliveries is the adapter's to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// Its id.
    pub id: SubscriptionId,
    /// Where events are sent.
    pub callback: String,
    /// The names of the events that are sent.
    pub events: BTreeSet<String>,
    /// For a replay: the stretch of time whose events are sent once more.
    pub window: Option<StreamWindow>,
}

/// What `register` did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Registered {
    /// There was none with this id.
    Created,
    /// There was one.
    Updated,
}

/// A subscription as it is told. What an answer leaves out is untold, not absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its id.
    pub id: SubscriptionId,
    /// Whether it sends.
    pub state: StreamState,
    /// Where to.
    pub callback: Option<String>,
    /// Which key its deliveries carry.
    pub key: DeliveryKey,
    /// What passes it.
    pub filter: Option<EventFilter>,
    /// The stretch of time that it replays, where it is a replay.
    pub window: Option<StreamWindow>,
}

/// Whether a subscription sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamState {
    /// It sends, or tries to.
    Running,
    /// It does not, until it is started. A replay that has sent everything is stopped.
    Stopped,
}

/// Which key the deliveries of a subscription carry, without telling it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryKey {
    /// The one that is configured.
    Expected,
    /// Another one.
    Another,
    /// It is not shown.
    NotReported,
}

/// What passes a subscription.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// Only these events; all of them where none is named.
    pub events: BTreeSet<String>,
    /// Only events of these kinds of things; of all where none is named.
    pub entities: BTreeSet<String>,
}

/// A stretch of time, never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamWindow {
    since: Timestamp,
    until: Timestamp,
}

impl StreamWindow {
    /// From `since` to `until`; `None` unless time passes between them.
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

/// Why the event stream did not do it.
#[derive(Debug, thiserror::Error)]
pub enum EventStreamError {
    /// There is no subscription with this id.
    #[error("there is no subscription {0}")]
    Missing(SubscriptionId),
    /// It will not have this: too many subscriptions, an address it does not like.
    #[error("the event stream refuses: {0}")]
    Rejected(String),
    /// The storefront behind it does not answer as it should.
    #[error(transparent)]
    Storefront(#[from] StorefrontError),
}

impl EventStreamError {
    /// When it is worth asking again.
    pub fn retry(&self) -> Retry {
        match self {
            Self::Missing(_) | Self::Rejected(_) => Retry::Never,
            Self::Storefront(error) => error.retry(),
        }
    }
}

#[cfg(test)]
mod tests;
