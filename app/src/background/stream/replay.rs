//! Replays a window of time: a separate subscription, named after its window.

use domain::Timestamp;
use jiff::{fmt::strtime, tz::TimeZone};
use ports::{Registration, StreamState, StreamWindow, Subscription, SubscriptionId};

/// What can be done about a requested replay.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Plan<'a> {
    /// It can begin, with this subscription.
    Begin(Registration),
    /// It is running already.
    UnderWay(&'a Subscription),
    /// It has run; it can run again once this subscription is removed.
    Over(&'a Subscription),
    /// A replay of a part of its window is running: the same events would be sent twice at once.
    Busy(&'a Subscription),
}

/// Decides about a replay, from all existing subscriptions.
pub fn plan<'a>(live: &Registration, window: StreamWindow, all: &'a [Subscription]) -> Plan<'a> {
    let id = id(&live.id, window);
    let runs = |it: &&Subscription| it.state == StreamState::Running;
    if let Some(same) = all.iter().find(|it| it.id == id) {
        return if runs(&same) { Plan::UnderWay(same) } else { Plan::Over(same) };
    }
    let overlaps = |it: &&Subscription| it.window.is_some_and(|other| other.overlaps(window));
    let mut replays = all.iter().filter(|it| is_replay(&live.id, it)).filter(runs);
    match replays.find(overlaps) {
        Some(other) => Plan::Busy(other),
        None => Plan::Begin(Registration { id, window: Some(window), ..live.clone() }),
    }
}

/// Whether a subscription is a replay of the stream with the id `live`.
#[must_use]
pub fn is_replay(live: &SubscriptionId, subscription: &Subscription) -> bool {
    subscription.id.as_str().starts_with(&prefix(live))
}

/// The id of a replay; the same window always has the same id.
fn id(live: &SubscriptionId, window: StreamWindow) -> SubscriptionId {
    let (since, until) = (compact(window.since()), compact(window.until()));
    let id = format!("{}{since}-{until}", prefix(live));
    id.parse().expect("a short id with a window is an id")
}

fn prefix(live: &SubscriptionId) -> String {
    format!("{live}-replay-")
}

fn compact(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    let at = at.to_zoned(TimeZone::UTC);
    strtime::format("%Y%m%dT%H%M%S", &at).expect("the format is right")
}
