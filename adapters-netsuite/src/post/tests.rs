//! Every possible answer of `add`, each with its outcome.

use ports::{Ledger, Rejection};
use wiremock::MockServer;

use super::*;
use crate::fixtures::{
    OTHER_UNIT, UNIT, adapter, add_done, add_refused, always, asked, fault, get_done, get_refused,
    http, id, memo, memo_record, memo_record_of, once, reply, unit,
};

/// The record under the key: absent, the memo, or unknown.
enum Record {
    Absent,
    Present(String),
    Silent,
}

/// Posts [`memo`] where `add` answers once and a look-up finds `record`; returns the outcome and
/// the calls.
async fn outcome(add: (u16, String), record: Record, sending: Sending) -> (String, String) {
    let server = MockServer::start().await;
    once(&server, "add", http(add.0, add.1)).await;
    let get = match record {
        Record::Absent => http(200, get_refused("RCRD_DSNT_EXIST")),
        Record::Present(record) => http(200, get_done(&record)),
        Record::Silent => http(502, "<html>Bad Gateway</html>"),
    };
    always(&server, "get", get).await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    let result = adapter(&server).post(&memo(), sending).await;
    (show(&result), asked(&server).await.join(" "))
}

fn show(result: &Result<Posted, LedgerError>) -> String {
    match result {
        Ok(Posted::Now(id)) => format!("now {id}"),
        Ok(Posted::Already(id)) => format!("already {id}"),
        Ok(Posted::Voided(id)) => format!("voided {id}"),
        Err(LedgerError::Rejected { kind, code, .. }) => format!("refused {kind:?} {code}"),
        Err(LedgerError::Conflict { found, .. }) => format!("conflict with {found}"),
        Err(LedgerError::Unavailable(_)) => "unavailable".to_owned(),
        Err(LedgerError::Unknown(_)) => "unknown".to_owned(),
        Err(LedgerError::Failed { code, .. }) => format!("failed {code}"),
        Err(LedgerError::Unreadable(_)) => "unreadable".to_owned(),
        Err(LedgerError::Throttled(_)) => "throttled".to_owned(),
        Err(LedgerError::Unauthorized(_)) => "unauthorized".to_owned(),
        Err(LedgerError::Forbidden(_)) => "forbidden".to_owned(),
    }
}

/// The refusal of one field of one record, with the code of a missing permission.
fn element() -> String {
    add_refused("INSUFFICIENT_PERMISSION").replace(
        "</c:message>",
        ": You do not have permissions to set a value for element class (read-only, feature \
         disabled, or not on the form).</c:message>",
    )
}

fn ours() -> Record {
    Record::Present(memo_record())
}

#[tokio::test]
async fn every_answer_to_add_has_one_outcome() {
    use Record::{Absent, Silent};
    let page = "<html><body>oops</body></html>".to_owned();
    let maintenance = "<html><h1>System maintenance</h1></html>".to_owned();
    let half = add_done()[..400].to_owned();
    let no_id = add_done().replace("internalId=\"71300\"", "");
    let bad_reference = add_done().replace("</", "&unknown;</");
    let unexpected = || fault("unexpectedErrorFault", "UNEXPECTED_ERROR", "an error");
    let refused = |code| (200, add_refused(code));
    let table = [
        // answer to add, what a look-up finds, outcome, calls
        ((200, add_done()), Absent, "now 71300", "add"),
        ((200, reply("add_ok_with_warning")), Absent, "now 71300", "add"),
        ((200, reply("add_after_submit_failed")), Absent, "now 71300", "add"),
        // Taken: by the same memo, or by another record.
        (refused("DUP_RCRD"), ours(), "already 71300", "add get search"),
        (refused("DUP_RCRD"), Absent, "conflict with a record that is no credit memo", "add get"),
        (refused("DUP_RCRD"), Silent, "unavailable", "add get"),
        // Perhaps recorded: one look-up, never a second add.
        ((200, no_id.clone()), ours(), "already 71300", "add get"),
        // A complete answer that cannot be read will be the same next time.
        ((200, no_id.clone()), Absent, "unreadable", "add get"),
        ((200, no_id), Silent, "unknown", "add get"),
        ((200, bad_reference), Absent, "unreadable", "add get"),
        ((200, String::new()), ours(), "already 71300", "add get"),
        ((200, half), Absent, "failed UNSPECIFIED", "add get"),
        ((200, page.clone()), Absent, "failed UNSPECIFIED", "add get"),
        ((500, unexpected()), ours(), "already 71300", "add get"),
        ((500, unexpected()), Absent, "failed UNEXPECTED_ERROR", "add get"),
        ((500, unexpected()), Silent, "unknown", "add get"),
        (refused("UNEXPECTED_ERROR"), Absent, "failed UNEXPECTED_ERROR", "add get"),
        (refused("UNEXPECTED_ERROR"), Silent, "unknown", "add get"),
        ((500, add_refused("UNEXPECTED_ERROR")), Absent, "failed UNEXPECTED_ERROR", "add get"),
        ((500, page.clone()), Absent, "failed UNSPECIFIED", "add get"),
        ((502, page.clone()), ours(), "already 71300", "add get"),
        ((504, page.clone()), Absent, "failed UNSPECIFIED", "add get"),
        ((503, page.clone()), Silent, "unknown", "add get"),
        // Refused: reported only when nothing is on record.
        (refused("INVALID_KEY_OR_REF"), Absent, "refused Data INVALID_KEY_OR_REF", "add get"),
        (refused("USER_ERROR"), ours(), "already 71300", "add get"),
        (refused("USER_ERROR"), Silent, "unknown", "add get"),
        (refused("TRAN_PRD_CLOSED"), Absent, "refused Period TRAN_PRD_CLOSED", "add get"),
        (
            refused("RCRD_HAS_BEEN_CHANGED"),
            Absent,
            "refused Stale RCRD_HAS_BEEN_CHANGED",
            "add get",
        ),
        // Not processed, so no look-up is needed.
        ((503, maintenance), ours(), "unavailable", "add"),
        ((403, page.clone()), ours(), "unavailable", "add"),
        ((302, page), ours(), "unavailable", "add"),
        ((429, String::new()), ours(), "throttled", "add"),
        ((500, reply("fault_concurrency")), ours(), "throttled", "add"),
        ((500, reply("fault_maintenance")), ours(), "unavailable", "add"),
        (refused("INSUFFICIENT_PERMISSION"), ours(), "forbidden", "add"),
        ((200, element()), Absent, "refused Data INSUFFICIENT_PERMISSION", "add get"),
        ((200, element()), ours(), "already 71300", "add get"),
    ];
    for (add, record, expected, calls) in table {
        let input = format!("{} {}", add.0, add.1.chars().take(2000).collect::<String>());
        let (shown, asked) = outcome(add, record, Sending::First).await;
        assert_eq!((shown.as_str(), asked.as_str()), (expected, calls), "{input}");
    }
}

#[tokio::test]
async fn a_memo_that_may_have_been_sent_is_looked_for_first() {
    let (shown, asked) = outcome((200, add_done()), ours(), Sending::Resend).await;
    assert_eq!((shown.as_str(), asked.as_str()), ("already 71300", "get search"));
    let (shown, asked) = outcome((200, add_done()), Record::Absent, Sending::Resend).await;
    assert_eq!((shown.as_str(), asked.as_str()), ("now 71300", "get add"));
    let (shown, asked) = outcome((200, add_done()), Record::Silent, Sending::Resend).await;
    assert_eq!((shown.as_str(), asked.as_str()), ("unavailable", "get"));
}

#[tokio::test]
async fn a_refused_look_up_never_counts_as_nothing_on_record() {
    let table = [
        ("INSUFFICIENT_PERMISSION", "forbidden"),
        ("USER_ERROR", "unreadable"),
        ("UNEXPECTED_ERROR", "unavailable"),
        ("A_CODE_FROM_NEXT_YEAR", "unreadable"),
        ("WS_REQUEST_BLOCKED", "throttled"),
    ];
    for (code, expected) in table {
        let server = MockServer::start().await;
        always(&server, "get", http(200, get_refused(code))).await;
        let result = adapter(&server).post(&memo(), Sending::Resend).await;
        assert_eq!(show(&result), expected, "{code}");
        assert_eq!(asked(&server).await, ["get"], "{code}");
    }
}

#[tokio::test]
async fn only_the_same_entity_source_and_units_match() {
    let invoice = "<t:createdFrom internalId=\"70211\"/>";
    let other_invoice = "<t:createdFrom internalId=\"70299\"/>";
    let upper_case = UNIT.to_ascii_uppercase();
    let order = "<t:createdFrom internalId=\"70211\"/><t:otherRefNum>other</t:otherRefNum>";
    let table = [
        // A person compares the total, and also the number where the invoice is sufficient
        // evidence.
        (memo_record(), "already 71300"),
        (memo_record_of("5521", order, &[UNIT]), "already 71300"),
        (memo_record_of("5521", invoice, &[&upper_case, "shipping"]), "already 71300"),
        (memo_record_of("5521", invoice, &[]), "already 71300"),
        (
            memo_record_of("5522", invoice, &[UNIT]),
            "conflict with credit memo 71300 of customer 5522, made from 70211, with 1 units on \
             its lines",
        ),
        (
            memo_record_of("5521", other_invoice, &[UNIT]),
            "conflict with credit memo 71300 of customer 5521, made from 70299, with 1 units on \
             its lines",
        ),
        (
            memo_record_of("5521", "", &[UNIT]),
            "conflict with credit memo 71300 of customer 5521, made from nothing, number \
             \"us-100042\", with 1 units on its lines",
        ),
        (
            memo_record_of("5521", invoice, &[UNIT, OTHER_UNIT]),
            "conflict with credit memo 71300 of customer 5521, made from 70211, with 2 units on \
             its lines",
        ),
        (
            memo_record().replace("t:CreditMemo", "t:Invoice"),
            "conflict with a record of type Invoice",
        ),
        // A record that cannot be compared needs a person, not another attempt.
        (
            memo_record().replace("t:entity", "t:other"),
            "conflict with CreditMemo 71300 lacks entity",
        ),
    ];
    for (record, expected) in table {
        let input = record.clone();
        let record = Record::Present(record);
        let (shown, _) = outcome((200, add_refused("DUP_RCRD")), record, Sending::First).await;
        assert_eq!(shown, expected, "{input}");
    }
}

#[test]
fn a_memo_without_a_source_is_recognised_by_its_number() {
    let identity = |created_from: Option<&str>, reference: Option<&str>| Identity {
        id: id("71300"),
        entity: id("5521"),
        created_from: created_from.map(id),
        reference: reference.map(str::to_owned),
        units: vec![unit(UNIT)],
    };
    let table = [
        (None, Some("us-100042"), true),
        (None, Some("US-100043"), false),
        (None, None, false),
        (Some("70211"), Some("US-100042"), false),
    ];
    for source in [Source::Against(id("70211")), Source::SalesOrder(id("68001"))] {
        let memo = CreditMemo { source, ..memo() };
        for (created_from, reference, expected) in table {
            let found = identity(created_from, reference);
            assert_eq!(is_same(&memo, &found), expected, "{:?} {found:?}", memo.source);
        }
        // The reference as it arrived, without the characters that XML cannot carry.
        let memo = CreditMemo { reference: " US\u{7}-100042\t".to_owned(), ..memo };
        assert!(is_same(&memo, &identity(None, Some("US-100042"))), "{memo:?}");
    }
}

#[tokio::test]
async fn an_unreachable_ledger_gets_no_further_call() {
    let server = MockServer::start().await;
    let ledger = adapter(&server);
    drop(server);
    let result = ledger.post(&memo(), Sending::First).await;
    assert_eq!(show(&result), "unavailable");
}

#[tokio::test]
async fn a_refused_login_is_retried_once_and_then_reported() {
    let refused = || http(500, reply("fault_invalid_credentials"));
    let server = MockServer::start().await;
    once(&server, "add", refused()).await;
    always(&server, "add", http(200, add_done())).await;
    let result = adapter(&server).post(&memo(), Sending::First).await;
    assert_eq!(show(&result), "now 71300");
    assert_eq!(asked(&server).await, ["add", "add"]);

    let server = MockServer::start().await;
    always(&server, "add", refused()).await;
    let result = adapter(&server).post(&memo(), Sending::First).await;
    assert_eq!(show(&result), "unauthorized");
    assert_eq!(asked(&server).await, ["add", "add"]);
}

#[tokio::test]
async fn a_netsuite_error_inside_a_login_fault_is_no_refused_login() {
    let server = MockServer::start().await;
    always(&server, "add", http(500, reply("fault_invalid_credentials_but_transient"))).await;
    always(&server, "get", http(200, get_refused("RCRD_DSNT_EXIST"))).await;
    let result = adapter(&server).post(&memo(), Sending::First).await;
    assert_eq!(show(&result), "failed UNEXPECTED_ERROR");
    assert_eq!(asked(&server).await, ["add", "get"]);
}

#[test]
fn refusals_have_kinds() {
    let kinds = [Class::Data, Class::Period, Class::Stale]
        .map(|it| NetSuiteError::new(it, "words").into_error(Effect::Write));
    let shown = kinds.map(|it| match it {
        LedgerError::Rejected { kind, .. } => kind,
        other => panic!("{other:?}"),
    });
    assert_eq!(shown, [Rejection::Data, Rejection::Period, Rejection::Stale]);
}
