//! The house's invariants, most of them absences: they are tests, not wishes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const WORKSPACE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

const MEMBERS: [&str; 10] = [
    "domain",
    "ports",
    "adapters-newstore",
    "adapters-netsuite",
    "adapters-queue",
    "adapters-journal",
    "embedded-store",
    "sandbox",
    "app",
    "tests",
];

fn set(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// The crates a member names under `[dependencies]`.
fn dependencies(member: &str) -> BTreeSet<String> {
    let manifest = fs::read_to_string(Path::new(WORKSPACE).join(member).join("Cargo.toml"));
    let manifest = manifest.unwrap();
    let section = manifest.split("\n[").find(|it| it.starts_with("dependencies]")).unwrap();
    let names = section.lines().skip(1).filter(|it| !it.is_empty() && !it.starts_with('#'));
    names.map(|it| it.split(['.', ' ', '=']).next().unwrap().to_owned()).collect()
}

fn members_among(names: BTreeSet<String>) -> BTreeSet<String> {
    names.into_iter().filter(|name| MEMBERS.contains(&name.as_str())).collect()
}

/// Every source below a folder, with its text.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(WORKSPACE).join(folder)];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let below = fs::read_dir(&path).unwrap().map(|it| it.unwrap().path());
            // The build output of the fuzz targets is not part of the sources.
            open.extend(below.filter(|it| !it.ends_with("target")));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.push((path, text));
        }
    }
    assert!(!found.is_empty(), "{folder} has sources");
    found
}

#[test]
fn the_core_depends_on_nothing_that_does_io() {
    assert_eq!(dependencies("domain"), set(&["rust_decimal", "sha2", "thiserror"]));
    assert_eq!(dependencies("ports"), set(&["async-trait", "domain", "thiserror"]));
}

#[test]
fn adapters_know_the_ports_and_not_each_other() {
    for adapter in MEMBERS.iter().filter(|it| it.starts_with("adapters-")) {
        let mut allowed = set(&["domain", "ports"]);
        if ["adapters-queue", "adapters-journal"].contains(adapter) {
            allowed.insert("embedded-store".to_owned());
        }
        let ours = members_among(dependencies(adapter));
        assert!(ours.is_subset(&allowed), "{adapter} knows {ours:?}");
        let all = dependencies(adapter);
        assert!(!all.contains("axum"), "{adapter} knows axum");
        assert!(!all.contains("clap"), "{adapter} knows the command line");
    }
}

#[test]
fn adapters_do_not_read_the_environment() {
    for adapter in MEMBERS.iter().filter(|it| it.starts_with("adapters-")) {
        for (path, text) in sources(&format!("{adapter}/src")) {
            // The test of external recordings reads its folder from the environment.
            let tests = path.ends_with("recordings.rs");
            assert!(
                tests || !text.contains("env::var"),
                "{} reads the environment",
                path.display()
            );
        }
    }
}

#[test]
fn the_sandbox_shares_no_protocol_code_with_the_adapters() {
    let all = dependencies("sandbox");
    assert!(members_among(all.clone()).is_subset(&set(&["domain"])), "sandbox knows {all:?}");
    for theirs in ["quick-xml", "graphql_client", "reqwest"] {
        assert!(!all.contains(theirs), "sandbox shares {theirs} with an adapter");
    }
}

#[test]
fn only_the_wiring_names_an_adapter() {
    for (path, text) in sources("app/src") {
        if path.file_name().unwrap() != "wiring.rs" {
            assert!(!text.contains("adapters_"), "{} names an adapter", path.display());
        }
    }
}

#[test]
fn only_the_commands_and_serve_use_the_wiring() {
    for (path, text) in sources("app/src") {
        let shown = path.display().to_string();
        // Where a database is, is checked when the configuration is read.
        let allowed =
            ["/cli/", "/cli.rs", "/lib.rs", "/serve.rs", "/wiring.rs", "/config/stores.rs"];
        let is_allowed = allowed.iter().any(|it| shown.contains(it)) || shown.contains("tests.rs");
        assert!(is_allowed || !text.contains("wiring"), "{shown} uses the wiring");
    }
}

#[test]
fn the_application_has_no_sql() {
    let all = dependencies("app");
    for driver in ["rusqlite", "sqlx", "embedded-store"] {
        assert!(!all.contains(driver), "app depends on {driver}");
    }
    for (path, text) in sources("app/src") {
        for statement in ["SELECT ", "INSERT ", "DELETE FROM", "CREATE TABLE"] {
            assert!(!text.contains(statement), "{} has {statement}", path.display());
        }
    }
}

#[test]
fn the_core_names_no_product() {
    for folder in ["domain/src", "ports/src"] {
        for (path, text) in sources(folder) {
            let tests = path.ends_with("tests.rs") || path.ends_with("testing.rs");
            for product in ["NetSuite", "NewStore", "SuiteTalk", "sqlite", "Postgre", "SQS"] {
                assert!(tests || !text.contains(product), "{} names {product}", path.display());
            }
        }
    }
}

#[test]
fn the_core_has_no_float_and_no_clock() {
    for folder in ["domain/src", "ports/src"] {
        for (path, text) in sources(folder) {
            // The contract suites are tests: they may measure that a call ends.
            let contract = path.to_string_lossy().contains("contract");
            for word in ["f64", "f32", "SystemTime", "Instant::now", "tokio"] {
                assert!(contract || !text.contains(word), "{} has {word}", path.display());
            }
        }
    }
}

#[test]
fn every_file_starts_with_a_description_and_has_at_most_500_lines() {
    for member in MEMBERS {
        for (path, text) in sources(member) {
            let lines = text.lines().count();
            assert!(lines <= 500, "{} has {lines} lines", path.display());
            let file = path.file_name().unwrap();
            let documented = text.starts_with("//!") || file == "tests.rs";
            assert!(documented, "{} does not say what it is", path.display());
        }
    }
}
