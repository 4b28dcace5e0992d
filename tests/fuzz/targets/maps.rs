//! Maps as TOML, as JSON and as both: tables in which every entry is found, or faults; and the
//! same ones in either format.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz maps`
#![no_main]

use std::{
    collections::BTreeMap,
    io::{Error, ErrorKind},
    path::Path,
    sync::LazyLock,
};

use adapters_newstore::fuzzing::order;
use app::{
    config::{ConfigFault, fuzzing::FuzzEnvironment},
    operator::required_records::required_records,
};
use arbitrary::Arbitrary;
use domain::{Entry, Maps, Order, Policy, ShippingAs};
use libfuzzer_sys::fuzz_target;
use ports::RecordKind;
use serde_json::{Map, Value};

static WORLD: LazyLock<FuzzEnvironment> = LazyLock::new(|| FuzzEnvironment {
    environment: BTreeMap::from([("ID".to_owned(), "4711".to_owned())]),
    files: |_| Err(Error::from(ErrorKind::NotFound)),
});

#[derive(Arbitrary, Debug)]
enum Document<'a> {
    Toml(&'a str),
    Json(&'a str),
    Both(Vec<(Table, Node<'a>)>),
}

#[derive(Arbitrary, Debug)]
enum Table {
    Channels,
    Currencies,
    ShippingMethods,
    Locations,
    PaymentItems,
    GiftCardProducts,
    DocumentedChannels,
    DocumentedLocations,
    DocumentedPaymentItems,
    Netsuite,
}

#[derive(Arbitrary, Debug)]
enum Node<'a> {
    Number(i64),
    Text(&'a str),
    Flag(bool),
    Environment,
    List(Vec<Node<'a>>),
    Table(Vec<(Key<'a>, Node<'a>)>),
}

#[derive(Arbitrary, Debug)]
enum Key<'a> {
    Usual(u8),
    Any(&'a str),
}

/// Keys that mean something, and some that look alike.
const USUAL: [&str; 12] = [
    "web",
    "WEB",
    " web",
    "usd",
    "USD",
    "adyen",
    "id",
    "subsidiary",
    "subsidiary_id",
    "env",
    "file",
    "currency_usd_internal_id",
];

fuzz_target!(|document: Document<'_>| {
    match document {
        Document::Toml(text) => drop(read("maps.toml", text).map(|it| used(&it))),
        Document::Json(text) => drop(read("maps.json", text).map(|it| used(&it))),
        Document::Both(tables) => {
            let tables = tables.iter().map(|(table, node)| (table.name().to_owned(), node.json()));
            both(&Value::Object(tables.collect()));
        }
    }
});

fn read(name: &str, text: &str) -> Result<Maps, Vec<String>> {
    let lines = text.split('\n').count();
    let told = |it: ConfigFault| {
        assert!(it.line <= lines, "{it}");
        it.message
    };
    let maps = WORLD.maps(Path::new(name), text);
    maps.map_err(|faults| faults.into_iter().map(told).collect())
}

/// Whatever was read, the doctor can ask about, and payments are told from goods by it.
fn used(maps: &Maps) {
    let policy = Policy { shipping_as: ShippingAs::Line, ..Policy::default() };
    for wanted in required_records(&policy, maps).records {
        let paid = wanted.named_by.iter().any(|it| it.starts_with("maps.payment_items"));
        assert!(!paid || maps.is_payment_item(&wanted.id), "{wanted:?}");
        assert!(!paid || wanted.kind == RecordKind::Item, "{wanted:?}");
    }
}

fn both(value: &Value) {
    let json = read("maps.json", &value.to_string());
    let toml = read("maps.toml", &lines(value));
    assert_eq!(json, toml, "{value}");
    let Ok(maps) = json else { return };
    used(&maps);
    // None is lost by the way, whatever keys look alike.
    for (key, id) in entries(value, "channels") {
        let entry = maps.department(key, &ORDER);
        let found = entry.as_ref().is_ok_and(|it| match it {
            Entry::Id(found) => Some(found.as_str()) == id.as_str().map(str::trim),
            Entry::None => id.as_str().map(str::trim) == Some("-1"),
        });
        assert!(found || !id.is_string(), "{key:?} {id} {entry:?}");
    }
}

fn entries<'v>(value: &'v Value, table: &str) -> impl Iterator<Item = (&'v str, &'v Value)> {
    let documented = value.as_object().is_some_and(|it| it.keys().any(|it| it.contains('/')));
    let table = value.get(table).filter(|_| !documented).and_then(Value::as_object);
    table.into_iter().flatten().map(|(key, it)| (key.as_str(), it))
}

static ORDER: LazyLock<Order> = LazyLock::new(|| {
    let id = "5c0b4c0e-5d3f-4b8e-9c54-0f6c1b7a2d11".parse().expect("an order's id");
    let told = order(&id, 200, br#"{"data":{"order":{"currency":"USD"}}}"#, "s3cret");
    let snapshot = told.expect("an answer").expect("with an order");
    Order::check(&snapshot).expect("that has nothing in it")
});

impl Table {
    fn name(&self) -> &'static str {
        match self {
            Self::Channels => "channels",
            Self::Currencies => "currencies",
            Self::ShippingMethods => "shipping_methods",
            Self::Locations => "locations",
            Self::PaymentItems => "payment_items",
            Self::GiftCardProducts => "gift_card_products",
            Self::DocumentedChannels => "netsuite/newstore_to_netsuite_channel",
            Self::DocumentedLocations => "netsuite/newstore_to_netsuite_locations",
            Self::DocumentedPaymentItems => "netsuite/newstore_to_netsuite_payment_items",
            Self::Netsuite => "netsuite",
        }
    }
}

impl Node<'_> {
    fn json(&self) -> Value {
        match self {
            Self::Number(number) => (*number).into(),
            Self::Text(text) => (*text).into(),
            Self::Flag(flag) => (*flag).into(),
            Self::Environment => serde_json::json!({ "env": "ID" }),
            Self::List(items) => items.iter().map(Self::json).collect(),
            Self::Table(entries) => {
                let entries = entries.iter().map(|(key, it)| (key.text().to_owned(), it.json()));
                Value::Object(entries.collect())
            }
        }
    }
}

impl Key<'_> {
    fn text(&self) -> &str {
        match self {
            Self::Usual(nth) => USUAL[usize::from(*nth) % USUAL.len()],
            Self::Any(text) => text,
        }
    }
}

/// A table as lines of TOML.
fn lines(value: &Value) -> String {
    let empty = Map::new();
    let table = value.as_object().unwrap_or(&empty);
    table.iter().map(|(key, it)| format!("{} = {}\n", quoted(key), inline(it))).collect()
}

fn inline(value: &Value) -> String {
    match value {
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", joined(items.iter().map(inline))),
        Value::Object(table) => {
            let entries = table.iter().map(|(key, it)| format!("{} = {}", quoted(key), inline(it)));
            format!("{{{}}}", joined(entries))
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

/// A text of JSON is one of TOML, but for DEL.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}
