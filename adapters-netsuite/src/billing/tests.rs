//! What is told of an order, against a server that answers as NetSuite does.

use ports::{Ledger, LedgerError};
use wiremock::MockServer;

use super::*;
use crate::fixtures::{
    adapter, always, asked, envelope, get_done, get_refused, http, id, memo_record, once, reply,
    status,
};

fn query(memos_by_reference: MemosByReference) -> BillingQuery {
    BillingQuery {
        reference: "US-100042".to_owned(),
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        memos_by_reference,
    }
}

/// What a search answers with these records, as one page of so many.
fn rows(operation: &str, pages: u32, total: usize, records: &[String]) -> String {
    envelope(&format!(
        "<{operation}Response><r:searchResult xmlns:r=\"urn:r\">{}\
         <r:totalRecords>{total}</r:totalRecords><r:totalPages>{pages}</r:totalPages>\
         <r:searchId>S1</r:searchId><r:recordList>{}</r:recordList></r:searchResult>\
         </{operation}Response>",
        status(None),
        records.concat()
    ))
}

fn cash_sale(id: &str) -> String {
    format!("<record xsi:type=\"s:CashSale\" internalId=\"{id}\"/>")
}

async fn bodies(server: &MockServer) -> Vec<String> {
    let requests = server.received_requests().await.unwrap();
    requests.into_iter().map(|it| String::from_utf8(it.body).unwrap()).collect()
}

#[tokio::test]
async fn an_order_is_read_with_its_invoices_and_their_memos() {
    let server = MockServer::start().await;
    always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
    once(&server, "search", http(200, reply("search_invoices_ok"))).await;
    always(&server, "search", http(200, rows("search", 1, 1, &[memo_record()]))).await;
    let billing = adapter(&server).billing(&query(MemosByReference::Ignore)).await.unwrap();
    assert_eq!(billing.sales_order.unwrap().id, id("68001"));
    let invoices: Vec<_> = billing.invoices.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(invoices, ["70211", "70212"]);
    assert_eq!(billing.memos[0].id, id("71300"));
    assert_eq!(asked(&server).await, ["get", "search", "search"]);
    let last = bodies(&server).await.pop().unwrap();
    for invoice in invoices {
        assert!(last.contains(&format!("internalId=\"{invoice}\"")), "{last}");
    }
}

#[tokio::test]
async fn an_order_that_was_never_exported_is_no_error() {
    let server = MockServer::start().await;
    always(&server, "get", http(200, reply("get_not_found"))).await;
    let billing = adapter(&server).billing(&query(MemosByReference::Ignore)).await.unwrap();
    assert_eq!(billing, Billing::default());
    let bodies = bodies(&server).await;
    assert_eq!(bodies.len(), 2);
    assert!(bodies[0].contains("externalId=\"US-100042\""), "{}", bodies[0]);
    let by_id = "externalId=\"9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6\"";
    assert!(bodies[1].contains(by_id), "{}", bodies[1]);
}

#[tokio::test]
async fn an_order_is_found_by_its_id_where_the_number_misses() {
    let server = MockServer::start().await;
    once(&server, "get", http(200, reply("get_not_found"))).await;
    always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    let billing = adapter(&server).billing(&query(MemosByReference::Ignore)).await.unwrap();
    assert_eq!(billing.sales_order.unwrap().id, id("68001"));
    assert_eq!((billing.invoices.len(), billing.memos.len()), (0, 0));
    // Without an invoice there are no memos to look for.
    assert_eq!(asked(&server).await, ["get", "get", "search"]);
}

#[tokio::test]
async fn the_same_name_is_not_asked_for_twice() {
    let server = MockServer::start().await;
    always(&server, "get", http(200, reply("get_not_found"))).await;
    let mut query = query(MemosByReference::Ignore);
    query.reference = query.order.as_str().to_ascii_uppercase();
    adapter(&server).billing(&query).await.unwrap();
    assert_eq!(asked(&server).await, ["get"]);
}

#[tokio::test]
async fn memos_without_an_invoice_are_found_by_the_number_and_none_is_told_twice() {
    let server = MockServer::start().await;
    always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
    once(&server, "search", http(200, reply("search_invoices_ok"))).await;
    let other = memo_record().replace("71300", "71301");
    once(&server, "search", http(200, rows("search", 1, 1, &[memo_record()]))).await;
    always(&server, "search", http(200, rows("search", 1, 2, &[other, memo_record()]))).await;
    let billing = adapter(&server).billing(&query(MemosByReference::Include)).await.unwrap();
    let memos: Vec<_> = billing.memos.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(memos, ["71300", "71301"]);
    assert_eq!(asked(&server).await, ["get", "search", "search", "search"]);

    let server = MockServer::start().await;
    always(&server, "get", http(200, reply("get_not_found"))).await;
    always(&server, "search", http(200, rows("search", 1, 1, &[memo_record()]))).await;
    let billing = adapter(&server).billing(&query(MemosByReference::Include)).await.unwrap();
    assert_eq!(billing.memos.len(), 1);
}

#[tokio::test]
async fn all_pages_are_read_and_rows_of_other_types_ignored() {
    let server = MockServer::start().await;
    always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
    let first = [cash_sale("1"), "<record xsi:type=\"s:Opportunity\"/>".to_owned()];
    once(&server, "search", http(200, rows("search", 3, 4, &first))).await;
    let page = |id| http(200, rows("searchMoreWithId", 3, 4, &[cash_sale(id)]));
    once(&server, "searchMoreWithId", page("2")).await;
    once(&server, "searchMoreWithId", page("3")).await;
    let billing = adapter(&server).billing(&query(MemosByReference::Ignore)).await.unwrap();
    assert_eq!(billing.cash_sales, [id("1"), id("2"), id("3")]);
    let bodies = bodies(&server).await;
    assert!(bodies[3].contains("<m:pageIndex>3</m:pageIndex>"), "{}", bodies[3]);
    assert!(bodies[3].contains("<m:searchId>S1</m:searchId>"), "{}", bodies[3]);
}

#[tokio::test]
async fn what_is_late_or_forbidden_is_never_empty() {
    let no_permission = envelope(&format!(
        "<searchResponse><searchResult>{}</searchResult></searchResponse>",
        status(Some("INSUFFICIENT_PERMISSION"))
    ));
    let table = [
        (http(200, rows("search", 1, 2, &[cash_sale("1")])), "unavailable"),
        (http(200, rows("search", 5000, 2, &[cash_sale("1")])), "unavailable"),
        (http(502, "<html/>"), "unavailable"),
        (http(500, reply("fault_unexpected")), "unavailable"),
        (http(500, reply("fault_concurrency")), "throttled"),
        (http(200, no_permission), "forbidden"),
        (
            http(200, rows("search", 1, 1, &[memo_record().replace("CreditMemo", "Invoice")])),
            "unavailable",
        ),
    ];
    for (answer, expected) in table {
        let server = MockServer::start().await;
        always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
        let input = format!("{answer:?}");
        always(&server, "search", answer).await;
        let result = adapter(&server).billing(&query(MemosByReference::Ignore)).await;
        let shown = match result {
            Err(LedgerError::Unavailable(_)) => "unavailable",
            Err(LedgerError::Throttled(_)) => "throttled",
            Err(LedgerError::Forbidden(_)) => "forbidden",
            other => panic!("{other:?} for {input}"),
        };
        assert_eq!(shown, expected, "{input}");
    }
}

#[tokio::test]
async fn an_order_that_we_may_not_see_is_not_an_order_that_does_not_exist() {
    for answer in
        [http(200, get_refused("INSUFFICIENT_PERMISSION")), http(200, reply("get_permission"))]
    {
        let server = MockServer::start().await;
        always(&server, "get", answer).await;
        let error = adapter(&server).billing(&query(MemosByReference::Ignore)).await.unwrap_err();
        assert!(matches!(error, LedgerError::Forbidden(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_record_of_another_type_under_the_number_is_no_sales_order() {
    let server = MockServer::start().await;
    always(&server, "get", http(200, get_done(&memo_record()))).await;
    let billing = adapter(&server).billing(&query(MemosByReference::Ignore)).await.unwrap();
    assert_eq!(billing.sales_order, None);
}
