//! Recorded answers: every file is read as its name says. They belong to others and are not in this
//! repository; `NETSUITE_RECORDINGS` names the folder that has them.

use std::{env, fs, path::PathBuf};

use super::{Node, Reply, Status, XmlError, page, parse_get, parse_get_list, parse_write};
use crate::{
    fault::{Class, NetSuiteError},
    request::Operation,
};

const FOLDERS: [&str; 4] = [
    "recorded/netsweet",
    "recorded/oracle-docs",
    "recorded/authored-non-soap",
    "samples/responses-2025_2",
];

/// The result of reading an answer.
#[derive(Debug, PartialEq)]
enum Shown {
    /// This many statuses, all of them successful.
    Good(usize),
    /// This many are successful; the list has the classes of the others.
    Bad(usize, Vec<Class>),
    Fault(Class),
    Unreadable,
}

fn show(bytes: &[u8]) -> Shown {
    let Ok(reply) = Reply::read(bytes) else {
        return Shown::Unreadable;
    };
    if reply.content.name() == "Fault" {
        let error = reply.answer(Operation::Add).unwrap_err();
        return Shown::Fault(error.class);
    }
    let mut statuses = Vec::new();
    collect(&reply.content, &mut statuses);
    let (good, bad): (Vec<_>, Vec<_>) = statuses.into_iter().partition(Result::is_ok);
    match bad.len() {
        0 => Shown::Good(good.len()),
        _ => Shown::Bad(
            good.len(),
            bad.into_iter().filter_map(Result::err).map(|it| it.class).collect(),
        ),
    }
}

fn collect(node: &Node, statuses: &mut Vec<Result<(), NetSuiteError>>) {
    if node.children.iter().any(|child| child.attribute("isSuccess").is_some()) {
        let status = Status::read(node).map_err(NetSuiteError::from);
        statuses.push(status.and_then(Status::check_written));
    }
    node.children.iter().for_each(|child| collect(child, statuses));
}

/// Compares an answer with the name of its file; panics where they differ.
#[track_caller]
fn hold_to_its_name(name: &str, bytes: &[u8]) {
    use Class::{
        Data, Duplicate, Failed, Forbidden, Login, Missing, Period, Stale, Throttled, TooBig,
        Unavailable,
    };
    let shown = show(bytes);
    let one = |class| Shown::Bad(0, vec![class]);
    let exact = [
        ("add_duplicate", one(Duplicate)),
        ("add_error_applied_unbalanced", one(Data)),
        ("add_error_changed", one(Stale)),
        ("add_error_closed_period", one(Period)),
        ("add_error_invalid_ref", one(Data)),
        ("add_error_missing_field", one(Data)),
        ("add_error_permission", one(Forbidden)),
        ("add_error_unexpected", one(Failed)),
        ("get_not_found", one(Missing)),
        ("get_permission", one(Forbidden)),
        ("initialize_error", one(Data)),
        ("fault_ambiguous", Shown::Fault(Login)),
        ("fault_concurrency", Shown::Fault(Throttled)),
        ("fault_insufficient_permission", Shown::Fault(Forbidden)),
        ("fault_invalid_credentials_but_transient", Shown::Fault(Failed)),
        ("fault_invalid_credentials", Shown::Fault(Login)),
        ("fault_invalid_session", Shown::Fault(Login)),
        ("fault_maintenance", Shown::Fault(Unavailable)),
        ("fault_record_count", Shown::Fault(TooBig)),
        ("fault_request_size", Shown::Fault(TooBig)),
        ("fault_session_timed_out", Shown::Fault(Login)),
        ("fault_unexpected", Shown::Fault(Failed)),
        ("login__failure_concurrent_requests", Shown::Fault(Throttled)),
        ("login__failure_invalid_credentials", Shown::Fault(Login)),
        ("get_data_center_urls_empty_account", one(Data)),
        // These recordings are incomplete.
        ("upsert_list__upsert_list_customers", Shown::Unreadable),
        ("upsert_list__upsert_list_one_customer", Shown::Unreadable),
        ("http_", Shown::Unreadable),
    ];
    if let Some((_, expected)) = exact.iter().find(|(start, _)| name.starts_with(start)) {
        assert_eq!(&shown, expected, "{name}");
        return;
    }
    let is_partial = ["with_errors", "one_not_found", "partial"].iter().any(|it| name.contains(it));
    match shown {
        Shown::Bad(1.., _) if is_partial => {}
        Shown::Bad(0, bad) if name.contains("error") && !bad.is_empty() => {}
        Shown::Good(1..) if !is_partial && !name.contains("error") => {}
        other => panic!("{name} is read as {other:?}"),
    }
}

fn files() -> Vec<(String, Vec<u8>)> {
    let root = env::var_os("NETSUITE_RECORDINGS").expect("NETSUITE_RECORDINGS names a folder");
    let root = PathBuf::from(root);
    let folders = FOLDERS.iter().filter_map(|it| fs::read_dir(root.join(it)).ok());
    let paths = folders.flatten().map(|it| it.unwrap().path());
    let mut files: Vec<_> = paths
        .map(|it| (it.file_stem().unwrap().to_string_lossy().into_owned(), fs::read(&it).unwrap()))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no recorded answers", root.display());
    files
}

#[test]
#[ignore = "needs NETSUITE_RECORDINGS"]
fn recorded_answers_match_their_file_names() {
    for (name, bytes) in &files() {
        hold_to_its_name(name, bytes);
    }
}

/// Answers to the adapter's requests, read as the adapter reads them.
#[test]
#[ignore = "needs NETSUITE_RECORDINGS"]
fn recorded_answers_to_the_adapters_requests_are_parsed() {
    for (name, bytes) in files() {
        let Ok(reply) = Reply::read(&bytes) else { continue };
        let kind = reply.content.name().to_owned();
        let table = [
            ("getResponse", Operation::Get),
            ("getListResponse", Operation::GetList),
            ("searchResponse", Operation::Search),
            ("addResponse", Operation::Add),
            ("updateResponse", Operation::Update),
        ];
        let Some((_, operation)) = table.into_iter().find(|(it, _)| *it == kind) else { continue };
        let answer = reply.answer(operation).unwrap();
        let is_good = match operation {
            Operation::Get => parse_get(answer).map(|it| it.is_some()),
            Operation::GetList => parse_get_list(answer).map(|it| !it.is_empty()),
            Operation::Search | Operation::SearchMore => page(answer).map(|it| it.pages > 0),
            Operation::Add | Operation::Update => parse_write(&answer).map(|_| true),
            _ => continue,
        };
        let is_bad_by_name =
            ["error", "duplicate", "not_found", "permission"].iter().any(|it| name.contains(it));
        let is_empty = name.contains("empty");
        assert_eq!(
            matches!(is_good, Ok(true)),
            !is_bad_by_name && !is_empty,
            "{name}: {is_good:?}"
        );
    }
}

/// An unreadable answer is reported as unreadable.
#[test]
fn a_truncated_answer_is_distinguished_from_a_page() {
    assert!(matches!(Reply::read(b"<Envelope><Body>"), Err(XmlError::CutOff)));
    assert!(matches!(Reply::read(b"<html></html>"), Err(XmlError::NotSoap(_))));
}
