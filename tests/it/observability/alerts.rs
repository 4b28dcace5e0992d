//! Alert rules and dashboard ask for what there is, and every alert says what to do.

use std::{collections::BTreeSet, fs, path::Path};

use app::observability::names::{self, Kind, Metric};
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");
const OPERATIONS: &str = "docs/OPERATIONS.md";

/// The words that a label may have, where it has words of memobridge.
const WORDS: [(&str, &[&str]); 5] = [
    ("class", &["ok", "auth", "permission", "throttled", "unavailable", "unknown"]),
    ("outcome", &["posted", "already-posted", "skipped", "deferred", "parked", "unavailable"]),
    ("state", &["working", "deferred", "parked", "waiting", "leased"]),
    ("store", &["journal", "queue"]),
    (
        "cause",
        &["unavailable", "permission", "credentials", "malformed|forbidden|too-large|encoding"],
    ),
];

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(WORKSPACE).join(path)).unwrap()
}

/// The rules, each a mapping.
fn rules() -> Vec<Yaml> {
    let documents = YamlLoader::load_from_str(&read("deploy/prometheus/alerts.yml")).unwrap();
    let groups = documents[0]["groups"].as_vec().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_vec().unwrap()).cloned().collect()
}

/// Every expression and query of the dashboard.
fn queries(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (key, value) in fields {
                match value {
                    Value::String(text) if key == "expr" || text.contains("memobridge_") => {
                        found.push(text.clone());
                    }
                    other => queries(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        _ => {}
    }
}

/// Where a name ends.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    &text[..end]
}

fn listed(name: &str) -> Option<&'static Metric> {
    names::ALL.iter().find(|it| match it.kind {
        Kind::Histogram(_) => name.strip_suffix("_bucket").is_some_and(|name| name == it.name),
        Kind::Counter | Kind::Gauge => name == it.name,
    })
}

/// Fails unless the metrics of an expression are on the list, with these labels.
#[track_caller]
fn check(expression: &str) {
    let mut labels = BTreeSet::from(["le"]);
    for (at, _) in expression.match_indices("memobridge_") {
        let name = word(&expression[at..]);
        let metric = listed(name).unwrap_or_else(|| panic!("{name} is not listed: {expression}"));
        labels.extend(metric.labels);
        let selector = expression[at + name.len()..].strip_prefix('{');
        let selector = selector.and_then(|it| it.split_once('}')).map_or("", |(it, _)| it);
        for matcher in selector.split(',').filter(|it| !it.is_empty()) {
            let label = word(matcher.trim());
            assert!(metric.labels.contains(&label), "{name} has no {label}: {expression}");
            let value = matcher.split('"').nth(1).unwrap();
            let words = WORDS.iter().find(|(it, _)| *it == label).map(|(_, words)| words);
            let is_word = words.is_none_or(|it| it.contains(&value));
            assert!(is_word, "{label} is never {value}: {expression}");
        }
    }
    for grouping in expression.split("by (").skip(1) {
        let (group, _) = grouping.split_once(')').unwrap();
        for label in group.split(',').map(str::trim) {
            assert!(labels.contains(label), "nothing has {label}: {expression}");
        }
    }
}

#[test]
fn every_expression_uses_existing_metrics() {
    let rules = rules();
    for rule in &rules {
        check(rule["expr"].as_str().unwrap());
    }
    let dashboard = serde_json::from_str(&read("deploy/grafana/memobridge.json")).unwrap();
    let mut found = Vec::new();
    queries(&dashboard, &mut found);
    for query in &found {
        check(query);
    }
    assert!(rules.len() < found.len(), "{} rules, {} queries", rules.len(), found.len());
}

#[test]
fn every_alert_has_a_severity_and_a_runbook_link() {
    let runbook = read(OPERATIONS);
    let mut alerts = BTreeSet::new();
    for rule in rules() {
        let alert = rule["alert"].as_str().unwrap().to_owned();
        let severity = rule["labels"]["severity"].as_str();
        assert!(matches!(severity, Some("critical" | "warning")), "{alert}: {severity:?}");
        let summary = rule["annotations"]["summary"].as_str().unwrap_or_default();
        assert!(!summary.is_empty(), "{alert} has no summary");
        let anchor = format!("{OPERATIONS}#{}", alert.to_lowercase());
        assert_eq!(rule["annotations"]["runbook_url"].as_str(), Some(anchor.as_str()), "{alert}");
        let heading = format!("\n### {alert}\n");
        assert!(runbook.contains(&heading), "{OPERATIONS} has no section {alert}");
        assert!(alerts.insert(alert.clone()), "{alert} is there twice");
    }
    for section in runbook.lines().filter_map(|it| it.strip_prefix("### Memobridge")) {
        assert!(alerts.contains(&format!("Memobridge{section}")), "no alert is named {section}");
    }
}
