//! The storefront's event stream: its configuration and its status.

mod replay;
mod watch;

#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use domain::Tenant;
use ports::{DeliveryKey, EventStream, Registration, StreamState, Subscription};

pub use replay::{Plan, is_replay, plan};
pub use watch::watch;

/// A customer's stream.
pub struct Stream {
    /// The customer.
    pub tenant: Tenant,
    /// The subscription as it should be.
    pub wanted: Registration,
    /// The adapter that manages it.
    pub port: Arc<dyn EventStream>,
}

/// A difference from the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StreamFault {
    /// There is no subscription.
    Missing,
    /// It does not send.
    Stopped,
    /// It differs from the configuration; the text completes the sentence "the stream …".
    Differs(String),
}

impl StreamFault {
    /// The command that repairs it.
    #[must_use]
    pub fn remedy(&self, tenant: &Tenant) -> String {
        let command = match self {
            Self::Missing | Self::Differs(_) => "register",
            Self::Stopped => "start",
        };
        format!("memobridge stream {command} --tenant {tenant}")
    }
}

impl fmt::Display for StreamFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is not registered: no cancellation arrives"),
            Self::Stopped => f.write_str("is stopped: no cancellation arrives"),
            Self::Differs(how) => f.write_str(how),
        }
    }
}

/// Every difference from the configuration. Values that are not reported are not compared.
#[must_use]
pub fn faults(wanted: &Registration, found: Option<&Subscription>) -> Vec<StreamFault> {
    let Some(found) = found else {
        return vec![StreamFault::Missing];
    };
    let stopped = (found.state == StreamState::Stopped).then_some(StreamFault::Stopped);
    stopped.into_iter().chain(differences(wanted, found).map(StreamFault::Differs)).collect()
}

fn differences(wanted: &Registration, found: &Subscription) -> impl Iterator<Item = String> {
    let callback = found.callback.as_ref().filter(|it| **it != wanted.callback);
    let callback = callback.map(|it| format!("sends to {it} instead of {}", wanted.callback));
    let key = (found.key == DeliveryKey::Another)
        .then(|| "carries another key than the configured api_key".to_owned());
    let filter = found.filter.as_ref();
    let sent = filter.map(|it| &it.events);
    let every = sent.filter(|it| it.is_empty()).map(|_| "sends all events".to_owned());
    let sent = sent.filter(|it| !it.is_empty());
    let some = |names: String| (!names.is_empty()).then_some(names);
    let missing_events = sent.and_then(|it| some(names(wanted.events.difference(it))));
    let missing_events = missing_events.map(|it| format!("does not send {it}"));
    let additional = sent.and_then(|it| some(names(it.difference(&wanted.events))));
    let additional = additional.map(|it| format!("also sends {it}"));
    let narrowed = filter.and_then(|it| some(names(&it.entities)));
    let narrowed = narrowed.map(|it| format!("sends only events of {it}"));
    [callback, key, every, missing_events, additional, narrowed].into_iter().flatten()
}

/// Joins names in a sentence.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a String>) -> String {
    names.into_iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}
