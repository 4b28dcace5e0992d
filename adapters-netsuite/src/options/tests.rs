//! Options that are rejected before any call.

use super::*;
use crate::{NetSuite, fixtures};

#[track_caller]
fn problem(change: impl FnOnce(&mut Options)) -> String {
    let mut options = fixtures::options();
    change(&mut options);
    match NetSuite::new(options, fixtures::clock()) {
        Ok(_) => "none".to_owned(),
        Err(problem) => problem.to_string(),
    }
}

#[test]
fn options_that_cannot_work_are_refused_by_name() {
    let long_account = problem(|it| it.account = "evil.example/".to_owned());
    assert_eq!(
        long_account,
        "account \"evil.example/\" is not an account id like 1234567 or TSTDRV123_SB1"
    );
    assert_eq!(problem(|it| it.consumer_key = " ".to_owned()), "consumer_key is empty");
    assert_eq!(problem(|it| it.line_key_field.clear()), "line_key_field is empty");
    assert_eq!(problem(|it| it.concurrency = 0), "concurrency is 0");
    let version = problem(|it| it.version = "2025.2".to_owned());
    assert_eq!(version, "version \"2025.2\" is not of the form 2025_2");
    let endpoint = problem(|it| it.endpoint = Some("ftp://example".to_owned()));
    assert_eq!(endpoint, "endpoint \"ftp://example\" is not an http or https address");
    let zone = problem(|it| it.time_zone = "Mars/Olympus".to_owned());
    assert_eq!(zone, "time zone \"Mars/Olympus\" is not in the IANA database");
    assert_eq!(problem(|_| ()), "none");
}

#[test]
fn the_address_is_derived_from_the_account_unless_it_is_given() {
    let account: Account = "TSTDRV123_SB1".parse().unwrap();
    let mut options = fixtures::options();
    assert_eq!(
        options.url(&account).unwrap().as_str(),
        "https://tstdrv123-sb1.suitetalk.api.netsuite.com/services/NetSuitePort_2025_2"
    );
    options.endpoint = Some("http://127.0.0.1:9000/services/NetSuitePort_2025_2".to_owned());
    let given = options.url(&account).unwrap();
    assert_eq!(given.as_str(), "http://127.0.0.1:9000/services/NetSuitePort_2025_2");
}

#[test]
fn debug_shows_no_key_and_no_secret() {
    let shown = format!("{:?}", fixtures::options());
    for secret in ["71cc02b7", "7278da58", "89e08d97", "060cd9ab"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    assert!(shown.contains("TSTDRV123_SB1"), "{shown}");
}
