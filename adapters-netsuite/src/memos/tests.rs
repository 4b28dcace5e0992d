//! All memos since a moment, against a server that answers as NetSuite does.

use ports::{Ledger, LedgerError};
use wiremock::MockServer;

use super::*;
use crate::fixtures::{
    UNIT, adapter, always, amount, asked, bodies, envelope, get_refused, http, id, memo_record,
    once, reply, rows, status, unit,
};

const SINCE: i64 = 1_795_428_000_999;

fn memo(id: &str) -> String {
    memo_record().replace("71300", id)
}

/// All pages, in sequence.
async fn all(server: &MockServer) -> Result<Vec<RecordedMemo>, LedgerError> {
    let ledger = adapter(server);
    let (mut memos, mut place) = (Vec::new(), Cursor::default());
    loop {
        let page = ledger.memos(Timestamp::from_millis(SINCE), &place).await?;
        memos.extend(page.memos);
        match page.next {
            Some(next) => place = next,
            None => return Ok(memos),
        }
    }
}

#[tokio::test]
async fn memos_that_count_come_first_and_then_the_voided_ones() {
    let server = MockServer::start().await;
    once(&server, "search", http(200, rows("search", 2, 3, &[memo("1"), memo("2")]))).await;
    once(&server, "searchMoreWithId", http(200, rows("searchMoreWithId", 2, 3, &[memo("3")])))
        .await;
    once(&server, "search", http(200, rows("search", 1, 1, &[memo("4")]))).await;
    let memos = all(&server).await.unwrap();
    let listed: Vec<_> =
        memos.iter().map(|memo| (memo.memo.id.as_str(), memo.memo.standing)).collect();
    let valid = ["1", "2", "3"].map(|id| (id, Standing::Valid));
    assert_eq!(listed, [&valid[..], &[("4", Standing::Voided)]].concat());
    assert_eq!(asked(&server).await, ["search", "searchMoreWithId", "search"]);
    let bodies = bodies(&server).await;
    for (body, voided) in [(&bodies[0], "false"), (&bodies[2], "true")] {
        let flag = format!("<c:searchValue>{voided}</c:searchValue>\n        </cm:voided>");
        assert!(body.contains(&flag), "{body}");
        // NetSuite stores whole seconds, so changes within this second are included.
        assert!(body.contains("<c:searchValue>2026-11-23T10:00:00Z</c:searchValue>"), "{body}");
    }
    assert!(bodies[1].contains("<m:pageIndex>2</m:pageIndex>"), "{}", bodies[1]);
    assert!(bodies[1].contains("<m:searchId>S1</m:searchId>"), "{}", bodies[1]);
}

#[tokio::test]
async fn a_memo_is_listed_with_its_ties_to_an_order() {
    let server = MockServer::start().await;
    let record = memo_record()
        .replace("<t:total>", "<t:tranId>CM1042</t:tranId><t:currency internalId=\"1\"/><t:total>");
    once(&server, "search", http(200, rows("search", 1, 1, &[record]))).await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    let memos = all(&server).await.unwrap();
    let [listed] = &memos[..] else { panic!("{memos:?}") };
    assert_eq!(listed.memo.number.as_deref(), Some("CM1042"));
    assert_eq!(listed.reference.as_deref(), Some("us-100042"));
    assert_eq!(listed.currency, Some(id("1")));
    assert_eq!(listed.memo.created_from, Some(id("70211")));
    assert_eq!(listed.memo.total, amount("99.99"));
    assert_eq!(listed.memo.lines[0].units, [unit(UNIT)]);
}

#[tokio::test]
async fn an_empty_list_of_memos_needs_a_permission_check() {
    let table = [("RCRD_DSNT_EXIST", true), ("INSUFFICIENT_PERMISSION", false)];
    for (code, believed) in table {
        let server = MockServer::start().await;
        always(&server, "search", http(200, reply("search_empty"))).await;
        always(&server, "get", http(200, get_refused(code))).await;
        match all(&server).await {
            Ok(memos) => assert_eq!((memos, believed), (Vec::new(), true), "{code}"),
            Err(error) => {
                assert!(matches!(error, LedgerError::Forbidden(_)), "{error:?} for {code}");
                assert!(!believed, "{code}");
            }
        }
    }
}

#[tokio::test]
async fn a_search_that_ends_early_is_an_error() {
    let page = |pages, total| http(200, rows("search", pages, total, &[memo("1")]));
    let lost = envelope(&format!(
        "<searchMoreWithIdResponse><searchResult>{}</searchResult></searchMoreWithIdResponse>",
        status(Some("INVALID_SEARCH_MORE"))
    ));
    for first in [page(1, 2), page(2, 2), page(2, 3)] {
        let server = MockServer::start().await;
        let input = format!("{first:?}");
        always(&server, "search", first).await;
        always(&server, "searchMoreWithId", http(200, lost.clone())).await;
        assert!(all(&server).await.is_err(), "{input}");
    }
}

#[tokio::test]
async fn a_memo_that_cannot_be_read_does_not_hide_the_others() {
    let server = MockServer::start().await;
    let broken = memo("1").replace("t:total", "t:other");
    let other = memo("2").replace("CreditMemo", "Invoice");
    let records = [broken, other, memo("3")];
    once(&server, "search", http(200, rows("search", 1, 3, &records))).await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    let memos = all(&server).await.unwrap();
    let ids: Vec<_> = memos.iter().map(|memo| memo.memo.id.as_str()).collect();
    assert_eq!(ids, ["3"]);
}

#[tokio::test]
async fn memos_without_lines_are_read_again() {
    let server = MockServer::start().await;
    let whole = memo("1");
    let (start, end) = (whole.find("<t:itemList>").unwrap(), whole.find("</record>").unwrap());
    let bare = format!("{}{}", &whole[..start], &whole[end..]);
    once(&server, "search", http(200, rows("search", 1, 1, &[bare]))).await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    let list = envelope(&format!(
        "<getListResponse><readResponseList><readResponse>{}{whole}</readResponse>\
         </readResponseList></getListResponse>",
        status(None)
    ));
    always(&server, "getList", http(200, list)).await;
    let memos = all(&server).await.unwrap();
    assert_eq!(memos[0].memo.lines[0].units, [unit(UNIT)]);
}

#[tokio::test]
async fn an_invalid_cursor_is_rejected_before_any_call() {
    let server = MockServer::start().await;
    for place in ["x", "valid x", "valid 2", "valid 2 3 x S1", "voided 2 3 4", "VALID"] {
        let cursor = Cursor(place.to_owned());
        let answer = adapter(&server).memos(Timestamp::from_millis(SINCE), &cursor).await;
        assert!(matches!(answer, Err(LedgerError::Rejected { .. })), "{place}: {answer:?}");
    }
    assert!(asked(&server).await.is_empty());
}
