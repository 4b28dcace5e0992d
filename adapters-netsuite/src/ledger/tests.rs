//! Reading back and closing lines.

use domain::LineTarget;
use wiremock::MockServer;

use super::*;
use crate::fixtures::{
    adapter, add_refused, always, asked, envelope, http, id, memo_record, reply, status,
};

fn list(responses: &str) -> String {
    envelope(&format!(
        "<getListResponse><readResponseList>{responses}</readResponseList></getListResponse>"
    ))
}

fn lines() -> LinesToClose {
    let target = LineTarget { line: 2, quantity: Some(0.into()), amount: None, closed: true };
    LinesToClose { sales_order: id("68001"), targets: vec![target] }
}

#[tokio::test]
async fn totals_are_read_back_and_missing_records_are_left_out() {
    let server = MockServer::start().await;
    let record = memo_record().replace("<t:total>", "<t:tranId>CM1042</t:tranId><t:total>");
    let good = format!("<readResponse>{}{record}</readResponse>", status(None));
    let gone = format!("<readResponse>{}</readResponse>", status(Some("RCRD_DSNT_EXIST")));
    let other = good.replace("CreditMemo", "Invoice");
    let broken = good.replace("t:total", "t:other");
    always(&server, "getList", http(200, list(&format!("{broken}{good}{gone}{other}")))).await;
    let ledger = adapter(&server);
    let confirmed = ledger.confirm(&[id("3"), id("71300"), id("1"), id("2")]).await.unwrap();
    let expected = Confirmed {
        record: id("71300"),
        number: Some("CM1042".to_owned()),
        total: "99.99".parse().unwrap(),
    };
    assert_eq!(confirmed, [expected]);
}

#[tokio::test]
async fn many_records_are_read_back_in_batches_and_none_without_a_call() {
    let server = MockServer::start().await;
    always(&server, "getList", http(200, list(""))).await;
    let ledger = adapter(&server);
    assert_eq!(ledger.confirm(&[]).await.unwrap(), []);
    assert!(asked(&server).await.is_empty());
    ledger.confirm(&vec![id("1"); 1001]).await.unwrap();
    assert_eq!(asked(&server).await, ["getList", "getList"]);
}

#[tokio::test]
async fn lines_are_closed_by_one_update() {
    let server = MockServer::start().await;
    always(&server, "update", http(200, reply("update_ok"))).await;
    let ledger = adapter(&server);
    ledger.close_lines(&lines()).await.unwrap();
    ledger.close_lines(&LinesToClose { targets: Vec::new(), ..lines() }).await.unwrap();
    assert_eq!(asked(&server).await, ["update"]);
}

#[tokio::test]
async fn lines_that_may_have_been_closed_are_an_unknown_outcome() {
    let refused = add_refused("RCRD_HAS_BEEN_CHANGED").replace("addResponse", "updateResponse");
    let table = [
        (http(502, "<html/>"), "Unknown"),
        (http(200, ""), "Unknown"),
        (http(200, refused), "Rejected { kind: Stale"),
        (http(500, reply("fault_insufficient_permission")), "Forbidden"),
    ];
    for (answer, expected) in table {
        let server = MockServer::start().await;
        let input = format!("{answer:?}");
        always(&server, "update", answer).await;
        let error = adapter(&server).close_lines(&lines()).await.unwrap_err();
        assert!(format!("{error:?}").starts_with(expected), "{error:?} for {input}");
    }
}
