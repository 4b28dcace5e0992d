use std::{collections::BTreeSet, time::Duration};

use domain::Timestamp;
use ports::{EventFilter, StreamWindow, SubscriptionId};

use super::*;

const DAY: Duration = Duration::from_hours(24);

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn id(raw: &str) -> SubscriptionId {
    raw.parse().unwrap()
}

fn wanted() -> Registration {
    Registration {
        id: id("memobridge"),
        callback: "https://here.example/newstore/events".to_owned(),
        events: set(&["order.cancelled", "order.items_cancelled"]),
        window: None,
    }
}

/// The subscription without any difference.
fn registered() -> Subscription {
    let wanted = wanted();
    Subscription {
        id: wanted.id,
        state: StreamState::Running,
        callback: Some(wanted.callback),
        key: DeliveryKey::Expected,
        filter: Some(EventFilter { events: wanted.events, entities: BTreeSet::new() }),
        window: None,
    }
}

/// The subscription with this filter instead.
fn filtered(events: &[&str], entities: &[&str]) -> Subscription {
    let filter = Some(EventFilter { events: set(events), entities: set(entities) });
    Subscription { filter, ..registered() }
}

#[test]
fn every_difference_is_reported_with_its_fix() {
    let there = "https://there.example";
    let both = ["order.cancelled", "order.items_cancelled"];
    let more = ["order.cancelled", "order.created", "order.items_cancelled"];
    // found, faults, command
    let table = [
        (None, vec!["is not registered: no cancellation arrives"], "register"),
        (Some(registered()), vec![], ""),
        (
            Some(Subscription {
                callback: None,
                key: DeliveryKey::NotReported,
                filter: None,
                ..registered()
            }),
            vec![],
            "",
        ),
        (
            Some(Subscription { state: StreamState::Stopped, ..registered() }),
            vec!["is stopped: no cancellation arrives"],
            "start",
        ),
        (
            Some(Subscription { callback: Some(there.to_owned()), ..registered() }),
            vec!["sends to https://there.example instead of https://here.example/newstore/events"],
            "register",
        ),
        (
            Some(Subscription { key: DeliveryKey::Another, ..registered() }),
            vec!["carries another key than the configured api_key"],
            "register",
        ),
        (Some(filtered(&[], &[])), vec!["sends all events"], "register"),
        (
            Some(filtered(&["order.created"], &[])),
            vec![
                "does not send order.cancelled, order.items_cancelled",
                "also sends order.created",
            ],
            "register",
        ),
        (Some(filtered(&more, &[])), vec!["also sends order.created"], "register"),
        (Some(filtered(&both, &["return"])), vec!["sends only events of return"], "register"),
    ];
    let tenant: Tenant = "dodici".parse().unwrap();
    for (found, expected, command) in table {
        let faults = faults(&wanted(), found.as_ref());
        let texts: Vec<_> = faults.iter().map(ToString::to_string).collect();
        assert_eq!(texts, expected, "{found:?}");
        for fault in faults {
            let remedy = format!("memobridge stream {command} --tenant dodici");
            assert_eq!(fault.remedy(&tenant), remedy, "{found:?}");
        }
    }
    let both =
        Subscription { state: StreamState::Stopped, key: DeliveryKey::Another, ..registered() };
    assert_eq!(faults(&wanted(), Some(&both)).len(), 2, "one does not hide the other");
}

/// Midnight of 21 November 2026, so many days later.
fn midnight(days: u32) -> Timestamp {
    Timestamp::from_millis(1_795_219_200_000).after(DAY * days)
}

fn days(since: u32, until: u32) -> StreamWindow {
    StreamWindow::new(midnight(since), midnight(until)).unwrap()
}

/// A subscription with a window.
fn replay(name: &str, window: StreamWindow, state: StreamState) -> Subscription {
    Subscription { id: id(name), state, window: Some(window), ..registered() }
}

#[test]
fn a_window_is_never_sent_twice_at_once() {
    use StreamState::{Running, Stopped};
    const NAME: &str = "memobridge-replay-20261121T000000-20261122T000000";
    let wider = "memobridge-replay-20261120T000000-20261123T000000";
    let window = days(0, 1);
    let wanted = wanted();
    let begin = Plan::Begin(Registration { id: id(NAME), window: Some(window), ..wanted.clone() });
    assert_eq!(plan(&wanted, window, &[registered()]), begin);

    let same = [registered(), replay(NAME, window, Running)];
    assert_eq!(plan(&wanted, window, &same), Plan::UnderWay(&same[1]));
    let over = [replay(NAME, window, Stopped)];
    assert_eq!(plan(&wanted, window, &over), Plan::Over(&over[0]));
    let without_window = [Subscription { window: None, ..over[0].clone() }];
    assert_eq!(
        plan(&wanted, window, &without_window),
        Plan::Over(&without_window[0]),
        "its id contains its window"
    );

    let busy = [replay(wider, days(0, 3), Running)];
    assert_eq!(plan(&wanted, window, &busy), Plan::Busy(&busy[0]));
    let harmless = [
        replay(wider, days(0, 3), Stopped),
        replay("memobridge-replay-later", days(1, 3), Running),
        replay("erp-replay-20261121T000000-20261122T000000", window, Running),
        replay("memobridge", window, Running),
    ];
    for other in &harmless {
        assert_eq!(plan(&wanted, window, std::slice::from_ref(other)), begin, "{other:?}");
    }
}

#[test]
fn the_longest_stream_id_has_room_for_its_replays() {
    let live = Registration { id: id(&"x".repeat(24)), ..wanted() };
    let Plan::Begin(replay) = plan(&live, days(0, 1), &[]) else {
        panic!("no other replay is running")
    };
    assert!(replay.id.as_str().len() <= SubscriptionId::MAX_LEN, "{}", replay.id);
}
