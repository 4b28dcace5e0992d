//! The runbook says what the code says.

use std::{collections::BTreeSet, fs};

use domain::Reason;
use serde_json::Value;

use crate::architecture::sources;

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs");

/// The table of reasons as the code has it.
fn table() -> String {
    let row = |it: &Reason| format!("| `{}` | {it} | {} |\n", it.name(), it.remedy());
    let rows: String = Reason::examples().iter().map(row).collect();
    format!("| reason | for example | what to do |\n|---|---|---|\n{rows}")
}

#[test]
fn the_runbook_lists_every_reason_with_its_remedy() {
    let runbook = fs::read_to_string(format!("{DOCS}/OPERATIONS.md")).unwrap();
    let table = table();
    assert!(runbook.contains(&table), "docs/OPERATIONS.md must hold this table:\n{table}");
}

/// Whether a word in code formatting has the form of a test name.
fn is_a_sentence(word: &str) -> bool {
    let plain = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
    word.matches('_').count() >= 3 && word.chars().all(plain)
}

#[test]
fn the_threat_model_names_existing_tests() {
    let text = fs::read_to_string(format!("{DOCS}/THREAT_MODEL.md")).unwrap();
    let example = fs::read_to_string(format!("{DOCS}/memobridge.example.toml")).unwrap();
    let quoted = text.split('`').skip(1).step_by(2);
    let named: Vec<_> = quoted.filter(|it| is_a_sentence(it) && !example.contains(it)).collect();
    assert!(named.len() > 20, "{named:?}");
    let folders = ["app", "adapters-newstore", "adapters-netsuite", "tests"];
    let sources: Vec<_> = folders.into_iter().flat_map(sources).collect();
    for name in named {
        let function = format!("fn {name}(");
        assert!(sources.iter().any(|(_, it)| it.contains(&function)), "no test is named {name}");
    }
}

#[test]
fn the_iam_policy_grants_exactly_the_needed_permissions() {
    let policy = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/iam-policy.json");
    let policy: Value = serde_json::from_str(&fs::read_to_string(policy).unwrap()).unwrap();
    let actions = |statement: usize| -> BTreeSet<_> {
        let actions = policy["Statement"][statement]["Action"].as_array().unwrap();
        actions.iter().map(|it| it.as_str().unwrap().to_owned()).collect()
    };
    let calls = concat!(env!("CARGO_MANIFEST_DIR"), "/../adapters-queue/src/sqs/queue.rs");
    let calls = fs::read_to_string(calls).unwrap();
    // Each names the right it needs, for when it is missing.
    let named = ["failed(\"", "permitted(\""].map(|it| calls.split(it).skip(1));
    let named = named.into_iter().flatten().filter_map(|it| it.split('"').next());
    assert_eq!(actions(0), named.map(|it| format!("sqs:{it}")).collect());
    let dead_letter = ["sqs:GetQueueAttributes", "sqs:SendMessage"];
    assert_eq!(actions(1), dead_letter.map(str::to_owned).into());
    assert_eq!(policy["Statement"].as_array().unwrap().len(), 2);
}

#[test]
fn the_readme_opens_with_the_two_commands() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");
    let text = fs::read_to_string(readme).unwrap();
    for command in ["cargo run --release -- sandbox", "cargo test --workspace"] {
        let line = text.lines().position(|it| it.starts_with(command));
        assert!(line.is_some_and(|it| it < 8), "README.md must open with {command}");
    }
}
