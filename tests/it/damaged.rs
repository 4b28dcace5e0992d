//! Whatever arrives damaged: what each reader makes of it is something good, or an error; never a
//! panic. The same inputs in every run; `tests/fuzz` looks for others.

use std::{collections::BTreeMap, fmt::Debug, io::ErrorKind, path::Path};

use adapters_newstore::webhook::WebhookDecoder;
use app::{config::fuzzing::FuzzEnvironment, process::job_codec};
use domain::Order;
use ports::EventDecoder;
use proptest::{
    prelude::*,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

const EVENT: &str = include_str!("../../adapters-newstore/testdata/order_cancelled.json");
/// 2026-11-30T00:00:00Z
const RECEIVED: domain::Timestamp = domain::Timestamp::from_millis(1_795_996_800_000);
const ORDER: &str = include_str!("../../adapters-newstore/testdata/order.json");
const MEMO: &str = include_str!("../../adapters-journal/src/codec/first-version.json");
const EXAMPLE: &str = include_str!("../../docs/memobridge.example.toml");
const MAPS: &str = r#"{ "channels": { "web": 1, "store": "3" }, "currencies": { "USD": null },
    "locations": { "001": { "id": "5", "subsidiary": 1 } }, "gift_card_products": "8232, 8233",
    "payment_items": { "cash": -1, "credit_card": { "adyen": { "usd": "91291" } } } }"#;

/// A part of the text that gives way to another, or to nothing.
type Damage = (usize, usize, String);

fn damaged(text: &str, damages: &[Damage]) -> String {
    let mut text: Vec<_> = text.chars().collect();
    for (at, length, instead) in damages {
        let start = at % (text.len() + 1);
        let end = text.len().min(start + length);
        text.splice(start..end, instead.chars());
    }
    text.into_iter().collect()
}

/// Has `read` look at many damaged forms of a text; it says whether there was something good.
#[track_caller]
fn check<T: Debug>(text: &str, read: impl Fn(&str) -> Option<T>) {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let config = Config { cases: 300, failure_persistence: None, ..Config::default() };
    let instead = prop_oneof![Just(String::new()), "[\"{}\\[\\],:=. 019eE+-]{1,3}", ".{1,20}"];
    let damages = prop::collection::vec((any::<usize>(), 0..20_usize, instead), 1..4);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let ran = runner.run(&damages, |damages| {
        drop(read(&damaged(text, &damages)));
        Ok(())
    });
    ran.unwrap_or_else(|failure| panic!("{failure}"));
    assert!(read(text).is_some(), "whole, it is read");
}

#[test]
fn a_damaged_event_is_an_error_or_survives_the_queue_unchanged() {
    check(EVENT, |text| {
        let event = WebhookDecoder.decode(text.as_bytes(), RECEIVED).ok()?;
        let cancellation = event.cancellation.ok()??;
        assert_eq!(job_codec::decode(&job_codec::encode(&cancellation)).unwrap(), cancellation);
        Some(cancellation.id())
    });
}

#[test]
fn a_damaged_order_is_an_order_or_unreadable() {
    let id = "5c0b4c0e-5d3f-4b8e-9c54-0f6c1b7a2d11".parse().unwrap();
    check(ORDER, |text| {
        let snapshot =
            adapters_newstore::fuzzing::order(&id, 200, text.as_bytes(), "secret").ok()??;
        Some(Order::check(&snapshot).map(|order| order.to_string()))
    });
}

#[test]
fn a_damaged_memo_is_an_error_or_can_be_stored() {
    let key = "nst-cm-680ab9e626f2984bfa54";
    check(MEMO, |text| {
        let memo = adapters_journal::fuzzing::read(key, text).ok()?;
        let kept = adapters_journal::fuzzing::write(&memo).unwrap();
        assert_eq!(adapters_journal::fuzzing::read(key, &kept), Ok(memo.clone()));
        Some(memo)
    });
}

#[test]
fn damaged_maps_and_configurations_are_errors() {
    let names = EXAMPLE.split("env = \"").skip(1).filter_map(|it| it.split('"').next());
    let environment: BTreeMap<_, _> =
        names.map(|it| (it.to_owned(), format!("secret of {it}"))).collect();
    let world = FuzzEnvironment { environment, files: |_| Err(ErrorKind::NotFound.into()) };
    check(MAPS, |text| world.maps(Path::new("maps.json"), text).ok());
    check(EXAMPLE, |text| world.config(Path::new("memobridge.toml"), text).ok());
}
