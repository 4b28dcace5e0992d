//! When an empty result is accepted, and for how long.

use std::{sync::Arc, time::Duration};

use ports::{BillingQuery, Clock, Ledger, LedgerError, ReadPermissions, contract::FakeClock};
use tokio::task::JoinSet;
use wiremock::MockServer;

use super::*;
use crate::{
    NetSuite, Options,
    fixtures::{
        always, asked, clock, fault, get_refused, http, identity, memo, once, options, reply,
    },
};

fn adapter(server: &MockServer) -> (NetSuite, Arc<FakeClock>) {
    let clock = clock();
    let options = Options { endpoint: Some(server.uri()), ..options() };
    (NetSuite::new(options, Arc::clone(&clock) as Arc<dyn Clock>).unwrap(), clock)
}

fn query() -> BillingQuery {
    BillingQuery {
        reference: "US-100042".to_owned(),
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        identity: identity(),
        money: "USD".parse().unwrap(),
        existing_memos: domain::ExistingMemos::Number,
        own_memos: Vec::new(),
        units: Vec::new(),
    }
}

/// A server whose searches return no rows and whose `get` answers like this.
async fn empty(get: &str) -> MockServer {
    let server = MockServer::start().await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    always(&server, "get", http(200, get_refused(get))).await;
    server
}

async fn gets(server: &MockServer) -> usize {
    asked(server).await.iter().filter(|it| *it == "get").count()
}

#[tokio::test]
async fn a_permission_check_is_valid_for_an_hour() {
    let server = empty("RCRD_DSNT_EXIST").await;
    let (ledger, clock) = adapter(&server);
    let table = [
        // minutes since the last check, and gets until then: two for the order each time, one for
        // the verification
        (0, 3),
        (1, 5),
        (58, 7),
        (1, 10),
        (1, 12),
    ];
    for (minutes, expected) in table {
        clock.advance(Duration::from_mins(minutes));
        ledger.billing(&query()).await.unwrap();
        assert_eq!(gets(&server).await, expected, "after {minutes} minutes");
    }
}

#[tokio::test]
async fn an_explicit_permission_check_is_repeated_and_then_cached() {
    let server = empty("RCRD_DSNT_EXIST").await;
    let (ledger, _) = adapter(&server);
    ledger.verify().await.unwrap();
    ledger.verify().await.unwrap();
    assert_eq!(asked(&server).await, ["get"; 4]);
    ledger.billing(&query()).await.unwrap();
    assert_eq!(gets(&server).await, 6, "two for the order, none for a proof");
}

#[tokio::test]
async fn the_first_refusal_ends_a_permission_check() {
    let table = [
        (http(200, get_refused("INSUFFICIENT_PERMISSION")), "Forbidden", 1),
        (http(500, fault("invalidAccountFault", "INVALID_ACCT", "no")), "Unauthorized", 1),
        // Once more, in case a valid login was refused under load.
        (http(500, fault("invalidCredentialsFault", "USER_ERROR", "no")), "Unauthorized", 2),
        (http(502, ""), "Unavailable", 1),
    ];
    for (answer, expected, calls) in table {
        let server = MockServer::start().await;
        let input = format!("{answer:?}");
        always(&server, "get", answer).await;
        let error = adapter(&server).0.verify().await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?} for {input}");
        assert_eq!(gets(&server).await, calls, "{input}");
    }
}

/// Uses real time, because the absence of an answer is measured.
#[tokio::test]
async fn waiting_callers_share_one_permission_check() {
    const WAITING: usize = 12;
    let server = MockServer::start().await;
    always(&server, "get", http(200, "").set_delay(Duration::from_mins(1))).await;
    let timeout = Duration::from_millis(200);
    let options = Options { endpoint: Some(server.uri()), timeout, ..options() };
    let client = Arc::new(Client::new(options, clock()).unwrap());
    let permissions = Arc::new(VerifiedPermissions::default());
    let mut proving = JoinSet::new();
    for _ in 0..WAITING {
        let (client, permissions) = (Arc::clone(&client), Arc::clone(&permissions));
        proving.spawn(async move { permissions.verify(&client, RecordType::Invoice).await });
    }
    let proofs = proving.join_all().await;
    assert!(proofs.iter().all(Result::is_err), "{proofs:?}");
    let calls = gets(&server).await;
    assert!(calls <= WAITING / 2, "{calls} called one after another");
}

#[tokio::test]
async fn an_empty_result_without_the_permission_is_an_error() {
    let server = MockServer::start().await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    once(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
    once(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
    always(&server, "get", http(200, get_refused("INSUFFICIENT_PERMISSION"))).await;
    let error = adapter(&server).0.billing(&query()).await.unwrap_err();
    assert!(matches!(error, LedgerError::Forbidden(_)), "{error:?}");
}

#[tokio::test]
async fn a_failed_or_invalidated_permission_check_is_repeated() {
    let server = empty("RCRD_DSNT_EXIST").await;
    let (ledger, _) = adapter(&server);
    ledger.billing(&query()).await.unwrap();
    assert_eq!(gets(&server).await, 3);
    always(&server, "add", http(200, crate::fixtures::add_refused("PERMISSION_VIOLATION"))).await;
    let error = ledger.post(&memo(), ports::Sending::First).await.unwrap_err();
    assert!(matches!(error, LedgerError::Forbidden(_)), "{error:?}");
    ledger.billing(&query()).await.unwrap();
    assert_eq!(gets(&server).await, 6);
}

#[tokio::test]
async fn every_not_found_code_proves_the_permission() {
    let server = MockServer::start().await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    once(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
    once(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
    always(&server, "get", http(200, get_refused("INVALID_KEY_OR_REF"))).await;
    let billing = adapter(&server).0.billing(&query()).await.unwrap();
    assert_eq!(billing, domain::Billing::default());
}
