//! The state of a tenant.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use super::{Fault, stream::Registry};
use crate::clock::{self, Now};

/// The number of calls of each endpoint.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Calls {
    /// Requests for a token.
    pub token: u64,
    /// Queries.
    pub graphql: u64,
    /// Calls of the event stream's registration.
    pub stream: u64,
}

/// The fields that the tenant returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answers {
    /// All of the schema.
    Everything,
    /// Those that known queries select; the others are null.
    ProvenOnly,
}

pub(super) struct Shared {
    pub(super) name: String,
    pub(super) client_id: String,
    pub(super) client_secret: String,
    pub(super) fault: watch::Sender<Fault>,
    pub(super) token_fault: watch::Sender<Fault>,
    pub(super) stream_fault: watch::Sender<Fault>,
    pub(super) stream: watch::Sender<Registry>,
    world: Mutex<World>,
}

pub(super) struct World {
    pub(super) orders: BTreeMap<String, Value>,
    pub(super) tokens: HashMap<String, Timestamp>,
    pub(super) token_ttl: u32,
    pub(super) page_limit: usize,
    pub(super) answers: Answers,
    pub(super) refused_filters: Vec<String>,
    pub(super) calls: Calls,
    pub(super) now: Now,
}

impl Shared {
    pub(super) fn new(name: &str, client_id: &str, client_secret: &str) -> Self {
        let world = World {
            orders: BTreeMap::new(),
            tokens: HashMap::new(),
            token_ttl: 3600,
            page_limit: 100,
            answers: Answers::Everything,
            refused_filters: Vec::new(),
            calls: Calls::default(),
            now: clock::machine(),
        };
        Self {
            name: name.to_owned(),
            client_id: client_id.to_owned(),
            client_secret: client_secret.to_owned(),
            fault: watch::Sender::default(),
            token_fault: watch::Sender::default(),
            stream_fault: watch::Sender::default(),
            stream: watch::Sender::default(),
            world: Mutex::new(world),
        }
    }

    pub(super) fn world(&self) -> MutexGuard<'_, World> {
        // A panic inside `edit` must not poison the lock for other tests.
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenant's time.
    pub(super) fn now(&self) -> Timestamp {
        (self.world().now)()
    }

    /// Changes the event stream and notifies waiting tasks.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Registry) -> T) -> T {
        let mut result = None;
        self.stream.send_modify(|it| result = Some(change(it)));
        result.expect("the change was made")
    }
}

impl World {
    /// A new valid token.
    pub(super) fn issue_token(&mut self) -> String {
        let now = (self.now)();
        self.tokens.retain(|_, end| now < *end);
        let token = format!("token-{}-{}", self.calls.token, now.as_nanosecond());
        self.tokens.insert(token.clone(), now + SignedDuration::from_secs(self.token_ttl.into()));
        token
    }

    pub(super) fn accepts(&self, token: &str) -> bool {
        self.tokens.get(token).is_some_and(|end| (self.now)() < *end)
    }
}
