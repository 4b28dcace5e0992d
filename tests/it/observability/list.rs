//! The list of metrics, the document about them and what the service shows are one.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use app::observability::names::{self, Kind, Metric, Shown};
use sandbox::netsuite::Fault;
use tests::{A, Exposition, ITEMS, ORDER, TestWorld, event, pair};

use super::{crowd, one_slot};

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// What a metric's sample is called, and may be labelled with.
fn metric_of(sample: &tests::Sample) -> Option<(&'static Metric, BTreeSet<&str>)> {
    let mut labels: BTreeSet<&str> = sample.labels.keys().map(String::as_str).collect();
    let is_of = |it: &&Metric| match it.kind {
        Kind::Histogram(_) => {
            let suffix = sample.name.strip_prefix(it.name);
            suffix.is_some_and(|it| ["_bucket", "_sum", "_count"].contains(&it))
        }
        Kind::Counter | Kind::Gauge => sample.name == it.name,
    };
    let metric = names::ALL.iter().find(is_of)?;
    if sample.name.ends_with("_bucket") {
        labels.remove("le");
    }
    Some((metric, labels))
}

/// One life with everything in it that is counted only when it happens.
async fn life() -> Exposition {
    let world = TestWorld::with(&pair(), &one_slot()).await;
    let service = world.serve().await;
    world.account.fault(Fault::throttled());
    service.post(&event(&pair(), ITEMS, &[A])).await.is(500, "unavailable");
    world.account.clear_faults();
    drop(crowd(&world, &service).await);
    assert_eq!(service.get("/nowhere").await.0, 404);
    service.metrics().await
}

#[tokio::test]
async fn the_service_shows_the_metrics_of_the_list_and_no_others() {
    let text = life().await;
    for sample in &text.samples {
        let (metric, labels) = metric_of(sample).unwrap_or_else(|| panic!("unlisted: {sample:?}"));
        let declared: BTreeSet<&str> = metric.labels.iter().copied().collect();
        assert_eq!(labels, declared, "the labels of {}", sample.name);
        let kind = text.kinds.get(metric.name).map(String::as_str);
        assert_eq!(kind, Some(metric.kind.name()), "the kind of {}", metric.name);
        assert!(text.explained.contains(metric.name), "{} is not explained", metric.name);
        for value in sample.labels.values() {
            let is_id = value.contains(ORDER) || value.contains(A) || value.contains("can-");
            assert!(!is_id, "an id is a label: {sample:?}");
        }
    }
    let always = names::ALL.iter().filter(|it| it.shown == Shown::Always);
    let missing = always.map(|it| it.name).filter(|it| !text.kinds.contains_key(*it));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&str>::new(), "never shown");
}

/// Every Rust file below the product's source folders.
fn sources() -> Vec<PathBuf> {
    let (mut open, mut found) = (Vec::new(), Vec::new());
    for member in fs::read_dir(WORKSPACE).unwrap() {
        open.push(member.unwrap().path().join("src"));
    }
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(path).unwrap().map(|it| it.unwrap().path()));
        } else if path.extension().is_some_and(|it| it == "rs") {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_counted_metric_is_declared() {
    let mut named = 0;
    for path in sources() {
        let text = fs::read_to_string(&path).unwrap();
        for name in text.split("\"memobridge_").skip(1).filter_map(|it| it.split('"').next()) {
            let name = format!("memobridge_{name}");
            let is_listed = names::ALL.iter().any(|it| it.name == name);
            assert!(is_listed, "{} counts {name}", path.display());
            named += 1;
        }
    }
    assert!(names::ALL.len() < named, "the sources were found: {named} names");
}

#[test]
fn every_name_is_unique_and_ends_with_its_unit() {
    let all: BTreeSet<&str> = names::ALL.iter().map(|it| it.name).collect();
    assert_eq!(all.len(), names::ALL.len());
    for it in names::ALL {
        let is_counter = it.name.ends_with("_total");
        assert_eq!(is_counter, it.kind == Kind::Counter, "{}", it.name);
        let in_seconds = it.name.ends_with("_seconds");
        assert_eq!(in_seconds, it.unit == metrics::Unit::Seconds, "{}", it.name);
    }
}

fn table() -> String {
    let row = |it: &Metric| {
        let labels: Vec<_> = it.labels.iter().map(|it| format!("`{it}`")).collect();
        let only = match it.shown {
            Shown::Always => String::new(),
            Shown::With(part) => format!("; with `{part}`"),
        };
        let (name, kind, labels) = (it.name, it.kind.name(), labels.join(", "));
        format!("| `{name}` | {kind} | {labels} | {}{only} |\n", it.meaning)
    };
    let rows: String = names::ALL.iter().map(row).collect();
    format!("| metric | kind | labels | meaning |\n|---|---|---|---|\n{rows}")
}

#[test]
fn the_document_lists_every_metric() {
    let document = fs::read_to_string(Path::new(WORKSPACE).join("docs/METRICS.md")).unwrap();
    let table = table();
    assert!(document.contains(&table), "docs/METRICS.md must hold this table:\n{table}");
}
