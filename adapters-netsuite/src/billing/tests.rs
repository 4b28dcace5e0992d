//! What `billing` returns for an order, against a server that answers as NetSuite does.

use ports::{Ledger, LedgerError};
use wiremock::{Mock, MockServer, matchers::body_string_contains};

use super::*;
use crate::fixtures::{
    BodyContains, OTHER_UNIT, UNIT, adapter, always, asked, bodies, envelope, get_done,
    get_refused, http, id, identity, memo_record, once, reply, rows, status, unit,
};

fn query(existing_memos: ExistingMemos) -> BillingQuery {
    BillingQuery {
        reference: "US-100042".to_owned(),
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        identity: identity(),
        money: "USD".parse().unwrap(),
        existing_memos,
        own_memos: Vec::new(),
        units: Vec::new(),
    }
}

fn cash_sale(id: &str) -> String {
    format!(
        "<record xsi:type=\"s:CashSale\" internalId=\"{id}\">\
         <createdFrom internalId=\"68001\"/></record>"
    )
}

/// The calls of `billing`, in order; each search is followed by its subject.
async fn conversation(server: &MockServer) -> String {
    let mark = |(asked, body): (String, String)| {
        if body.contains("createdFromJoin") {
            "bills-by-number".to_owned()
        } else if body.contains("_cashSale") {
            "bills".to_owned()
        } else if body.contains("otherRefNum") {
            "memos-by-number".to_owned()
        } else if body.contains("voided><c:searchValue>true") {
            "voided".to_owned()
        } else if asked == "search" {
            "memos".to_owned()
        } else if body.contains("nst-no-such-record") {
            "proof".to_owned()
        } else {
            asked
        }
    };
    let (asked, bodies) = (asked(server).await, bodies(server).await);
    asked.into_iter().zip(bodies).map(mark).collect::<Vec<_>>().join(" ")
}

/// The same query for only these units.
fn about(query: &BillingQuery, units: &[&str]) -> BillingQuery {
    BillingQuery { units: units.iter().map(|it| unit(it)).collect(), ..query.clone() }
}

/// Two invoices of the order, the first with a unit on its line.
fn invoices() -> String {
    let line = "<tranSales:orderLine>1</tranSales:orderLine>";
    let key = format!(
        "{line}<tranSales:customFieldList><customField scriptId=\"custcol_nws_item_id\">\
         <value>{UNIT}</value></customField></tranSales:customFieldList>"
    );
    reply("search_invoices_ok").replacen(line, &key, 1)
}

/// A server with the order on two invoices, with a memo on record or without.
async fn invoiced(memos: &[String]) -> MockServer {
    let server = MockServer::start().await;
    once(&server, "search", http(200, invoices())).await;
    once(&server, "search", http(200, rows("search", 1, memos.len(), memos))).await;
    once(&server, "search", http(200, rows("search", 1, memos.len(), memos))).await;
    let missing = http(200, get_refused("RCRD_DSNT_EXIST"));
    Mock::given(BodyContains("get"))
        .and(body_string_contains("nst-no-such-record"))
        .respond_with(missing)
        .with_priority(1)
        .mount(&server)
        .await;
    always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
    server
}

#[tokio::test]
async fn units_on_invoices_need_two_calls_and_one_permission_check() {
    let server = invoiced(&[memo_record()]).await;
    let ledger = adapter(&server);
    let query = query(ExistingMemos::Invoice);
    let billing = ledger.billing(&about(&query, &[UNIT])).await.unwrap();
    assert_eq!(conversation(&server).await, "bills-by-number memos");
    let order = billing.sales_order.unwrap();
    assert_eq!((order.id, order.entity, order.lines.len()), (id("68001"), id("5521"), 0));
    let invoices: Vec<_> = billing.invoices.iter().map(|invoice| invoice.id.as_str()).collect();
    assert_eq!(invoices, ["70211", "70212"]);
    assert_eq!(billing.memos[0].id, id("71300"));
    let last = bodies(&server).await.pop().unwrap();
    for invoice in invoices {
        assert!(last.contains(&format!("internalId=\"{invoice}\"")), "{last}");
    }
    let server = invoiced(&[]).await;
    let ledger = adapter(&server);
    ledger.billing(&about(&query, &[UNIT, "shipping"])).await.unwrap();
    assert_eq!(conversation(&server).await, "bills-by-number memos proof");
}

#[tokio::test]
async fn the_sales_order_is_read_where_its_lines_may_be_needed() {
    let nameless = memo_record()
        .replace("<t:amount>", "<t:quantity>1.0</t:quantity><t:amount>")
        .replace("custcol_nws_item_id", "custcol_other");
    let table: [(&str, &[&str], String); 4] = [
        ("everything is asked for", &[], memo_record()),
        ("a unit is on no invoice", &[UNIT, OTHER_UNIT], memo_record()),
        ("only another unit is", &[OTHER_UNIT], memo_record()),
        ("a memo does not say what it credits", &[UNIT], nameless),
    ];
    for (when, wanted, memo) in table {
        let server = invoiced(&[memo]).await;
        let ledger = adapter(&server);
        let query = query(ExistingMemos::Invoice);
        let billing = ledger.billing(&about(&query, wanted)).await.unwrap();
        assert_eq!(conversation(&server).await, "bills-by-number memos get", "{when}");
        assert_eq!(billing.sales_order.unwrap().lines.len(), 2, "{when}");
        let last = bodies(&server).await.pop().unwrap();
        assert!(last.contains("internalId=\"68001\""), "{last}");
    }
}

#[tokio::test]
async fn an_invoice_without_lines_is_read_again() {
    let page = invoices();
    let mut bare = page.clone();
    while let Some(start) = bare.find("<tranSales:itemList") {
        let end = bare.find("</tranSales:itemList>").unwrap() + "</tranSales:itemList>".len();
        bare.replace_range(start..end, "");
    }
    assert_ne!(bare, page);
    let record = page.split("recordList>").nth(1).unwrap().trim_end_matches("</platformCore:");
    let responses = record
        .split_inclusive("</platformCore:record>")
        .filter(|it| it.contains('<'))
        .map(|it| format!("<readResponse>{}{it}</readResponse>", status(None)))
        .collect::<Vec<_>>()
        .concat();
    let list = envelope(&format!(
        "<getListResponse><readResponseList xmlns:platformCore=\"c\">\
        {responses}</readResponseList></getListResponse>"
    ));
    let server = MockServer::start().await;
    once(&server, "search", http(200, bare)).await;
    once(&server, "search", http(200, rows("search", 1, 1, &[memo_record()]))).await;
    always(&server, "getList", http(200, list)).await;
    let query = query(ExistingMemos::Invoice);
    let billing = adapter(&server).billing(&about(&query, &[UNIT])).await.unwrap();
    assert_eq!(conversation(&server).await, "bills-by-number getList memos");
    assert_eq!(billing.invoices.len(), 2);
    assert!(billing.invoices.iter().all(|invoice| !invoice.lines.is_empty()));
}

#[tokio::test]
async fn an_order_that_was_never_exported_is_no_error() {
    let server = MockServer::start().await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    always(&server, "get", http(200, reply("get_not_found"))).await;
    let billing = adapter(&server).billing(&query(ExistingMemos::Invoice)).await.unwrap();
    assert_eq!(billing, Billing::default());
    assert_eq!(conversation(&server).await, "bills-by-number get get");
    let bodies = bodies(&server).await;
    assert!(bodies[1].contains("externalId=\"US-100042\""), "{}", bodies[1]);
    let by_id = "externalId=\"9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6\"";
    assert!(bodies[2].contains(by_id), "{}", bodies[2]);
}

#[tokio::test]
async fn an_order_without_sales_documents_is_returned() {
    let server = MockServer::start().await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    once(&server, "get", http(200, reply("get_sales_order_ok"))).await;
    always(&server, "get", http(200, reply("get_not_found"))).await;
    let ledger = adapter(&server);
    let query = query(ExistingMemos::Invoice);
    let billing = ledger.billing(&about(&query, &[UNIT])).await.unwrap();
    assert_eq!(billing.sales_order.unwrap().lines.len(), 2);
    assert_eq!((billing.invoices.len(), billing.memos.len()), (0, 0));
    // Without an invoice there are no memos to search for.
    assert_eq!(conversation(&server).await, "bills-by-number get bills proof");
}

#[tokio::test]
async fn an_order_is_found_by_its_id_where_the_number_misses() {
    let server = MockServer::start().await;
    once(&server, "get", http(200, reply("get_not_found"))).await;
    once(&server, "get", http(200, reply("get_sales_order_ok"))).await;
    once(&server, "search", http(200, reply("search_empty"))).await;
    once(&server, "search", http(200, invoices())).await;
    always(&server, "search", http(200, rows("search", 1, 1, &[memo_record()]))).await;
    let billing = adapter(&server).billing(&query(ExistingMemos::Invoice)).await.unwrap();
    assert_eq!(billing.sales_order.unwrap().id, id("68001"));
    assert_eq!((billing.invoices.len(), billing.memos.len()), (2, 1));
    assert_eq!(conversation(&server).await, "bills-by-number get get bills memos");
}

#[tokio::test]
async fn the_same_name_is_not_queried_twice() {
    let server = MockServer::start().await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    always(&server, "get", http(200, reply("get_not_found"))).await;
    let mut query = query(ExistingMemos::Invoice);
    query.reference = query.order.as_str().to_ascii_uppercase();
    adapter(&server).billing(&query).await.unwrap();
    assert_eq!(conversation(&server).await, "bills-by-number get");
}

#[tokio::test]
async fn memos_without_an_invoice_are_found_by_the_number_and_none_is_returned_twice() {
    let server = MockServer::start().await;
    once(&server, "search", http(200, invoices())).await;
    let other = memo_record().replace("71300", "71301");
    once(&server, "search", http(200, rows("search", 1, 1, &[memo_record()]))).await;
    always(&server, "search", http(200, rows("search", 1, 2, &[other, memo_record()]))).await;
    let ledger = adapter(&server);
    let query = query(ExistingMemos::Number);
    let billing = ledger.billing(&about(&query, &[UNIT])).await.unwrap();
    let memos: Vec<_> = billing.memos.iter().map(|memo| memo.id.as_str()).collect();
    assert_eq!(memos, ["71300", "71301"]);
    assert_eq!(conversation(&server).await, "bills-by-number memos memos-by-number");

    let server = MockServer::start().await;
    always(&server, "get", http(200, reply("get_not_found"))).await;
    once(&server, "search", http(200, reply("search_empty"))).await;
    always(&server, "search", http(200, rows("search", 1, 1, &[memo_record()]))).await;
    let billing = adapter(&server).billing(&query).await.unwrap();
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
    let billing = adapter(&server).billing(&query(ExistingMemos::Invoice)).await.unwrap();
    assert_eq!(billing.cash_sales, [id("1"), id("2"), id("3")]);
    let bodies = bodies(&server).await;
    assert!(bodies[2].contains("<m:pageIndex>3</m:pageIndex>"), "{}", bodies[2]);
    assert!(bodies[2].contains("<m:searchId>S1</m:searchId>"), "{}", bodies[2]);
}

#[tokio::test]
async fn a_late_or_forbidden_answer_is_never_empty() {
    let no_permission = envelope(&format!(
        "<searchResponse><searchResult>{}</searchResult></searchResponse>",
        status(Some("INSUFFICIENT_PERMISSION"))
    ));
    let table = [
        (http(200, rows("search", 1, 2, &[cash_sale("1")])), "unreadable"),
        (http(200, rows("search", 5000, 2, &[cash_sale("1")])), "unreadable"),
        (http(502, "<html/>"), "unavailable"),
        (http(500, reply("fault_unexpected")), "unavailable"),
        (http(500, reply("fault_concurrency")), "throttled"),
        (http(200, no_permission), "forbidden"),
        (
            http(200, rows("search", 1, 1, &[memo_record().replace("CreditMemo", "Invoice")])),
            "unreadable",
        ),
    ];
    for (answer, expected) in table {
        let server = MockServer::start().await;
        always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
        let input = format!("{answer:?}");
        always(&server, "search", answer).await;
        let result = adapter(&server).billing(&query(ExistingMemos::Invoice)).await;
        let shown = match result {
            Err(LedgerError::Unavailable(_)) => "unavailable",
            Err(LedgerError::Throttled(_)) => "throttled",
            Err(LedgerError::Forbidden(_)) => "forbidden",
            Err(LedgerError::Unreadable(_)) => "unreadable",
            other => panic!("{other:?} for {input}"),
        };
        assert_eq!(shown, expected, "{input}");
    }
}

#[tokio::test]
async fn a_hidden_order_is_not_a_missing_order() {
    for answer in
        [http(200, get_refused("INSUFFICIENT_PERMISSION")), http(200, reply("get_permission"))]
    {
        let server = MockServer::start().await;
        always(&server, "search", http(200, reply("search_empty"))).await;
        always(&server, "get", answer).await;
        let error = adapter(&server).billing(&query(ExistingMemos::Invoice)).await.unwrap_err();
        assert!(matches!(error, LedgerError::Forbidden(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_record_of_another_type_under_the_number_is_no_sales_order() {
    let server = MockServer::start().await;
    always(&server, "search", http(200, reply("search_empty"))).await;
    always(&server, "get", http(200, get_done(&memo_record()))).await;
    let billing = adapter(&server).billing(&query(ExistingMemos::Invoice)).await.unwrap();
    assert_eq!(billing.sales_order, None);
}

#[tokio::test]
async fn an_incomplete_record_is_reported_by_its_name() {
    let invoices = invoices();
    let broken = [
        ("entity", "lacks entity"),
        ("tranDate", "lacks tranDate"),
        ("total", "lacks total"),
        ("line", "lacks line"),
    ];
    for (field, expected) in broken {
        let text = invoices.replace(&format!(":{field}"), ":elsewhere");
        let server = MockServer::start().await;
        always(&server, "search", http(200, text)).await;
        always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
        let error = adapter(&server).billing(&query(ExistingMemos::Invoice)).await.unwrap_err();
        let LedgerError::Unreadable(problem) = error else {
            panic!("{error:?} without {field}");
        };
        assert_eq!(problem, format!("UNREADABLE_RECORD: Invoice 70211 {expected}"));
    }
}

#[tokio::test]
async fn an_unsupported_search_by_number_falls_back_to_the_orders_id() {
    let rows = envelope(&format!(
        "<searchResponse><searchResult>{}<totalRecords>1</totalRecords>\
         <totalPages>1</totalPages><searchRowList/></searchResult></searchResponse>",
        status(None)
    ));
    let refused = envelope(&format!(
        "<searchResponse><searchResult>{}</searchResult></searchResponse>",
        status(Some("INVALID_SEARCH"))
    ));
    let of_several = {
        let other = "<record xsi:type=\"s:CashSale\" internalId=\"1\"><createdFrom \
                     internalId=\"68002\"/></record>";
        let ours = other.replace("68002", "68001").replace("\"1\"", "\"2\"");
        crate::fixtures::rows("search", 1, 2, &[other.to_owned(), ours])
    };
    for answer in [rows, refused, of_several] {
        let server = MockServer::start().await;
        once(&server, "search", http(200, answer.clone())).await;
        always(&server, "get", http(200, reply("get_sales_order_ok"))).await;
        once(&server, "search", http(200, reply("search_invoices_ok"))).await;
        let memos = crate::fixtures::rows("search", 1, 1, &[memo_record()]);
        always(&server, "search", http(200, memos)).await;
        let billing = adapter(&server).billing(&query(ExistingMemos::Invoice)).await;
        let billing = billing.unwrap_or_else(|why| panic!("{why:?} after {answer}"));
        assert_eq!((billing.invoices.len(), billing.memos.len()), (2, 1), "{answer}");
        assert_eq!(asked(&server).await, ["search", "get", "search", "search"], "{answer}");
    }
}
