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

/// The messages of all log lines, with `{}` for what varies.
fn messages() -> BTreeSet<String> {
    let folders =
        ["app/src", "adapters-newstore/src", "adapters-netsuite/src", "adapters-queue/src"];
    let mut found = BTreeSet::new();
    for (_, text) in folders.into_iter().flat_map(sources) {
        for level in ["error", "warn", "info", "debug"] {
            for call in text.split(&format!("tracing::{level}!(")).skip(1) {
                let call = call.split(");\n").next().unwrap().replace("\\\n", "");
                let texts = call.split('"').skip(1).step_by(2);
                found.extend(texts.map(|text| {
                    let pieces = text.split('{').map(|it| it.split_once('}').map_or(it, |it| it.1));
                    pieces.map(str::trim_start).collect::<Vec<_>>().join("{}")
                }));
            }
        }
    }
    // What is all variable says nothing.
    found.retain(|message| message.starts_with(char::is_uppercase));
    found
}

/// Whether a log line has this message.
fn is_message(message: &str, line: &str) -> bool {
    let mut pieces = message.split("{}").map(str::trim_start);
    let Some(mut rest) = line.strip_prefix(pieces.next().unwrap()) else { return false };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.is_empty() || message.ends_with("{}")
}

/// The log lines that a document quotes: sentences in quotation marks, in code, and in JSON.
fn quoted_lines(document: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("{DOCS}/{document}")).unwrap();
    let (mut prose, mut lines) = (String::new(), Vec::new());
    for (nth, part) in text.split("```").enumerate() {
        if nth % 2 == 0 {
            prose.push_str(part);
            continue;
        }
        // The audit trail has a message that is all variable.
        let json = part.lines().filter(|line| !line.contains("\"target\":\"audit\""));
        let messages =
            json.filter_map(|line| line.split_once("\"message\":\"")?.1.split('"').next());
        lines.extend(messages.map(str::to_owned));
    }
    let is_sentence = |text: &&str| {
        let mut letters = text.chars();
        letters.next().is_some_and(char::is_uppercase)
            && letters.next().is_some_and(|letter| letter == ' ' || letter.is_lowercase())
            && text.contains(' ')
            && !text.contains('\n')
    };
    for mark in ['"', '`'] {
        let quoted = prose.split(mark).skip(1).step_by(2);
        lines.extend(quoted.filter(is_sentence).map(str::to_owned));
    }
    lines
}

#[test]
fn quoted_log_lines_are_those_of_the_code() {
    let messages = messages();
    assert!(messages.len() > 40, "{messages:?}");
    for (document, least) in [("OPERATIONS.md", 4), ("LOGGING.md", 5)] {
        let lines = quoted_lines(document);
        assert!(lines.len() >= least, "{document}: {lines:?}");
        for line in lines {
            let is_known = messages.iter().any(|message| is_message(message, &line));
            assert!(is_known, "docs/{document} quotes a line that no code logs: {line}");
        }
    }
}

/// Whether a word in code is a test's name, as our tests are named.
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
