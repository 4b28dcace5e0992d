use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{Amount, ReportedAmount};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wiremock::{MockServer, Request, Respond, ResponseTemplate};

use super::*;
use crate::simulator::{SECRET, Simulator, TOKEN, nothing, order_id, status, whole_text};

/// How the shop pages its lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paging {
    Cursors,
    Offsets,
    /// Without a statement about further pages.
    Silent,
    /// States that there are more, and always returns the same page.
    Stuck,
}

/// An order with this many different entries in each list.
struct Shop {
    units: usize,
    instruments: usize,
    transactions: usize,
    paging: Paging,
    /// The longest page, whatever size is requested.
    limit: usize,
}

impl Shop {
    fn list(
        &self,
        asked: &Value,
        name: &str,
        total: usize,
        node: impl Fn(usize) -> Value,
    ) -> Value {
        let after = asked[format!("{name}After")].as_str();
        let after = after.map(|it| it.strip_prefix("at-").unwrap().parse::<usize>().unwrap());
        let offset = asked[format!("{name}Offset")].as_u64().map(|it| usize::try_from(it).unwrap());
        assert!(after.is_none() || offset.is_none(), "{asked}");
        let start = match self.paging {
            Paging::Stuck => 0,
            _ => after.or(offset).unwrap_or(0),
        };
        let first = usize::try_from(asked["first"].as_u64().unwrap()).unwrap();
        let end = total.min(start + first.min(self.limit));
        let edges: Vec<_> = (start..end).map(|it| json!({ "node": node(it) })).collect();
        let more = end < total || self.paging == Paging::Stuck;
        match self.paging {
            Paging::Silent => json!({ "edges": edges }),
            Paging::Cursors => {
                let cursor = format!("at-{end}");
                let info = json!({ "hasNextPage": more, "endCursor": cursor });
                json!({ "edges": edges, "pageInfo": info })
            }
            Paging::Offsets | Paging::Stuck => {
                json!({ "edges": edges, "pageInfo": { "hasNextPage": more, "endCursor": null } })
            }
        }
    }
}

impl Respond for Shop {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let asked = request.body_json::<Value>().unwrap()["variables"].take();
        assert_eq!(
            (&asked["id"], &asked["tenant"]),
            (&json!(order_id().as_str()), &json!("dodici"))
        );
        let instrument = |index: usize| {
            let transaction = |nth: usize| {
                let amount = (index * 1000 + nth).to_string();
                json!({ "transactionType": "capture", "amount": amount })
            };
            json!({
                "paymentMethod": format!("method-{index}"),
                "paymentAccountTransactions":
                    self.list(&asked, "transactions", self.transactions, transaction),
            })
        };
        let unit = |index: usize| json!({ "id": format!("unit-{index}") });
        let order = json!({
            "externalId": "DOD-1042",
            "items": self.list(&asked, "items", self.units, unit),
            "paymentAccount": {
                "instruments": self.list(&asked, "instruments", self.instruments, instrument),
            },
        });
        ResponseTemplate::new(200).set_body_json(json!({ "data": { "order": order } }))
    }
}

/// Checks that an order has every entry of the shop once and in order.
fn check_whole(order: &OrderSnapshot, shop: (usize, usize, usize), why: &str) {
    let (units, instruments, transactions) = shop;
    let ids: Vec<_> = order.units.iter().map(|unit| unit.id.clone()).collect();
    assert_eq!(ids, (0..units).map(|it| format!("unit-{it}")).collect::<Vec<_>>(), "{why}");
    let payments = order.payments.as_ref().unwrap();
    assert_eq!(payments.len(), instruments, "{why}");
    for (index, instrument) in payments.iter().enumerate() {
        assert_eq!(instrument.method.as_deref(), Some(&*format!("method-{index}")), "{why}");
        let amounts: Vec<_> =
            instrument.transactions.iter().map(|transaction| transaction.amount.clone()).collect();
        let number = |nth: usize| (index * 1000 + nth).to_string();
        let expected: Vec<_> =
            (0..transactions).map(|it| ReportedAmount::of(&number(it))).collect();
        assert_eq!(amounts, expected, "{why}, instrument {index}");
    }
}

#[tokio::test]
async fn all_pages_of_all_lists_are_read() {
    // units, instruments, transactions of each, page size, longest page, requests
    let table = [
        (2, 1, 2, 100, 100, 1),
        (100, 1, 1, 100, 100, 1),
        (250, 1, 1, 100, 100, 3),
        (1, 7, 1, 3, 3, 3),
        (5, 3, 4, 2, 2, 6),
        (4, 2, 7, 3, 2, 8),
        (7, 2, 1, 100, 3, 3),
        (0, 0, 0, 100, 100, 1),
    ];
    for (units, instruments, transactions, page_size, limit, requests) in table {
        for paging in [Paging::Cursors, Paging::Offsets] {
            let shop = Shop { units, instruments, transactions, paging, limit };
            let why = format!("{units} {instruments} {transactions} {page_size} {paging:?}");
            let simulator = Simulator::answering(shop).await;
            let order = simulator.newstore(page_size).order(&order_id()).await.unwrap().unwrap();
            check_whole(&order, (units, instruments, transactions), &why);
            assert_eq!(simulator.questions().await.len(), requests, "{why}");
        }
    }
}

#[tokio::test]
async fn full_pages_are_followed_even_without_page_information() {
    for units in [1, 2, 4, 5] {
        let paging = Paging::Silent;
        let shop = Shop { units, instruments: 3, transactions: 2, paging, limit: 100 };
        let simulator = Simulator::answering(shop).await;
        let order = simulator.newstore(2).order(&order_id()).await.unwrap().unwrap();
        check_whole(&order, (units, 3, 2), &format!("{units} units"));
    }
}

#[tokio::test]
async fn paging_that_does_not_advance_is_an_error() {
    for (units, instruments, transactions) in [(3, 0, 0), (0, 0, 0), (1, 2, 0), (2, 1, 3)] {
        let paging = Paging::Stuck;
        let shop = Shop { units, instruments, transactions, paging, limit: 100 };
        let simulator = Simulator::answering(shop).await;
        let error = simulator.newstore(2).order(&order_id()).await.unwrap_err();
        let said = error.to_string();
        assert!(said.ends_with("paging does not advance"), "{units} {instruments}: {said}");
        assert!(simulator.questions().await.len() <= 2, "{units} {instruments}");
    }
}

#[tokio::test]
async fn an_endless_order_is_an_error() {
    let paging = Paging::Cursors;
    let shop = Shop { units: 501, instruments: 0, transactions: 0, paging, limit: 1 };
    let simulator = Simulator::answering(shop).await;
    let error = simulator.order().await.unwrap_err().to_string();
    assert!(error.ends_with("more pages than 500 requests can read"), "{error}");
}

#[tokio::test]
async fn an_order_that_disappears_between_two_pages_is_an_error() {
    let asked = AtomicUsize::new(0);
    let paging = Paging::Cursors;
    let shop = Shop { units: 3, instruments: 0, transactions: 0, paging, limit: 100 };
    let simulator =
        Simulator::answering(move |request: &Request| match asked.fetch_add(1, Ordering::SeqCst) {
            0 => shop.respond(request),
            _ => nothing(),
        })
        .await;
    let error = simulator.newstore(2).order(&order_id()).await.unwrap_err().to_string();
    assert!(error.ends_with("part of the order vanished between two pages"), "{error}");
}

#[tokio::test]
async fn an_order_that_is_not_visible_is_none() {
    let simulator = Simulator::answering(nothing()).await;
    assert_eq!(simulator.order().await.unwrap(), None);
}

#[tokio::test]
async fn amounts_are_exact_over_the_wire() {
    let whole = include_str!("../../testdata/order.json");
    let simulator = Simulator::answering(status(200, whole)).await;
    let order = simulator.order().await.unwrap().unwrap();
    assert_eq!(order.grand_total, ReportedAmount::Value(Amount::cents(1_234_567_890_123)));
    assert_eq!(order.shipping_tax, ReportedAmount::of("0.90"));
    assert_eq!(order.units[0].price, ReportedAmount::of("119.1"));
}

#[tokio::test]
async fn an_inconsistent_answer_is_unreadable() {
    let order = r#"{"order":{"items":{"edges":[]}}}"#;
    let echo = format!(r#"{{"errors":[{{"message":"{SECRET} {TOKEN}-1"}}]}}"#);
    let table = [
        (String::new(), "EOF while parsing a value at line 1 column 0"),
        ("<html>".to_owned(), "expected value at line 1 column 1"),
        (r#"{"data":{"order":{"ite"#.to_owned(), "EOF while parsing"),
        ("{}".to_owned(), "neither data nor errors"),
        (r#"{"data":null}"#.to_owned(), "neither data nor errors"),
        (r#"{"errors":[{"message":"a"},{"message":"b"}]}"#.to_owned(), "GraphQL errors: a; b"),
        (r#"{"data":null,"errors":[{}]}"#.to_owned(), "GraphQL errors:"),
        (format!(r#"{{"data":{order},"errors":[{{"message":"c"}}]}}"#), "GraphQL errors: c"),
        (r#"{"data":7,"errors":[{"message":"d","path":{}}]}"#.to_owned(), "GraphQL errors: d"),
        (
            r#"{"data":{"order":{"items":{"edges":[{"node":{}}]}}}}"#.to_owned(),
            "missing field `id`",
        ),
        (
            r#"{"data":{"order":"Jane Roe, expected at home"}}"#.to_owned(),
            "another shape, expected struct OrderOrder at line 1 column 45",
        ),
        (r#"{"data":{"order":{"items":{"edges":[null]}}}}"#.to_owned(), "items: has a hole"),
        (echo, "GraphQL errors: [redacted] [redacted]"),
    ];
    for (body, expected) in table {
        let simulator = Simulator::answering(status(200, &body)).await;
        match simulator.order().await {
            Err(StorefrontError::Unreadable(why)) => {
                assert!(why.contains(expected) && !why.contains("Jane"), "{why}");
            }
            other => panic!("{body}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn an_endless_body_is_not_read_to_its_end() {
    let simulator = Simulator::answering(status(200, &" ".repeat(17 * 1024 * 1024))).await;
    let error = simulator.order().await.unwrap_err().to_string();
    assert!(error.ends_with("the body is larger than 16777216 bytes"), "{error}");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    // status and body of the refusal, their number, the number of queries, whether the read
    // succeeds
    let table = [
        (401, "", 1, 2, true),
        (401, "", 9, 2, false),
        (403, r#"{"Message":"no"}"#, 1, 2, true),
        (403, r#"{"Message":"no"}"#, 9, 2, false),
    ];
    for (code, body, refusals, questions, ends_well) in table {
        let refused = AtomicUsize::new(0);
        let simulator =
            Simulator::answering(move |_: &Request| match refused.fetch_add(1, Ordering::SeqCst) {
                nth if nth < refusals => status(code, body),
                _ => nothing(),
            })
            .await;
        let why = format!("{code}, {refusals} times");
        match simulator.order().await {
            Ok(None) => assert!(ends_well, "{why}"),
            Err(StorefrontError::Unauthorized(_)) => assert!(!ends_well, "{why}"),
            other => panic!("{why}: {other:?}"),
        }
        assert_eq!(simulator.questions().await.len(), questions, "{why}");
        assert_eq!(simulator.token_requests().await.len(), 2, "{why}");
    }
}

#[tokio::test]
async fn rejections_throttling_and_failures_are_distinguished() {
    let throttled = |wait: &str| ResponseTemplate::new(429).insert_header("Retry-After", wait);
    let table = [
        (status(403, "<html>blocked</html>"), "Throttled(300s)"),
        (throttled("17"), "Throttled(17s)"),
        (throttled("Wed, 21 Oct 2026 07:28:00 GMT"), "Throttled(60s)"),
        (status(503, r#"{"data":{"order":null}}"#), "Unavailable("),
        (status(418, ""), "Unreadable(\"status 418\")"),
    ];
    for (answer, expected) in table {
        let simulator = Simulator::answering(answer.clone()).await;
        let shown = format!("{:?}", simulator.order().await.unwrap_err());
        assert!(shown.starts_with(expected), "{answer:?}: {shown}");
        assert_eq!(simulator.questions().await.len(), 1, "asked once: {answer:?}");
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let elsewhere = MockServer::start().await;
    let redirect = ResponseTemplate::new(307).insert_header("location", elsewhere.uri());
    let simulator = Simulator::answering(redirect).await;
    let error = simulator.order().await.unwrap_err();
    assert!(matches!(error, StorefrontError::Unreadable(_)), "{error:?}");
    assert!(elsewhere.received_requests().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_call_ends_within_the_timeout() {
    let late = nothing().set_delay(Duration::from_mins(1));
    let mut simulator = Simulator::answering(late).await;
    simulator.options.timeout = Duration::from_millis(50);
    let error = simulator.order().await.unwrap_err();
    assert!(matches!(error, StorefrontError::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn a_failed_connection_is_unavailable_and_shows_no_secret() {
    let mut simulator = Simulator::answering(nothing()).await;
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    simulator.options.graphql_url = format!("http://{unused}/query?key={SECRET}");
    let error = simulator.order().await.unwrap_err();
    assert!(matches!(error, StorefrontError::Unavailable(_)), "{error:?}");
    let text = whole_text(&error);
    assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{text}");
}

#[tokio::test]
async fn a_truncated_answer_is_unreadable_and_a_closed_connection_is_unavailable() {
    let table = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"data\":{\"order\":null}}", "Unreadable("),
        ("HTTP/1.1 503 No\r\ncontent-length: 99\r\n\r\n{", "Unavailable("),
        ("", "Unavailable("),
    ];
    for (answer, expected) in table {
        let mut simulator = Simulator::answering(nothing()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        simulator.options.graphql_url = format!("http://{}/", listener.local_addr().unwrap());
        let server = async {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut question = Vec::new();
            while !question.ends_with(b"}") {
                connection.read_buf(&mut question).await.unwrap();
            }
            connection.write_all(answer.as_bytes()).await.unwrap();
        };
        let (result, ()) = tokio::join!(simulator.order(), server);
        let shown = format!("{:?}", result.unwrap_err());
        assert!(shown.starts_with(expected), "{answer:?}: {shown}");
    }
}
