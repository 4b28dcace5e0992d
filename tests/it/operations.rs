//! The runbook says what the code says.

use std::fs;

use domain::Reason;

const RUNBOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md");

/// The table of reasons as the code has it.
fn table() -> String {
    let row = |it: &Reason| format!("| `{}` | {it} | {} |\n", it.name(), it.remedy());
    let rows: String = Reason::examples().iter().map(row).collect();
    format!("| reason | for example | what to do |\n|---|---|---|\n{rows}")
}

#[test]
fn the_runbook_lists_every_reason_with_its_remedy() {
    let runbook = fs::read_to_string(RUNBOOK).unwrap();
    let table = table();
    assert!(runbook.contains(&table), "docs/OPERATIONS.md must hold this table:\n{table}");
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
