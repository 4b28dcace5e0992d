use domain::ReportedAmount;
use serde_json::{Value, json};
use wiremock::{Request, Respond, ResponseTemplate};

use super::*;
use crate::simulator::{Simulator, status};

/// 2026-11-20T00:00:00Z and this many days later.
fn day(days: i64) -> Timestamp {
    Timestamp::from_millis(1_795_132_800_000 + days * 86_400_000)
}

fn window() -> Window {
    Window { since: day(0), until: Some(day(2)) }
}

fn uuid(number: usize) -> String {
    format!("9f4e8ffc-c79c-5839-b1b7-{number:012}")
}

/// A tenant's list of orders, newest first.
#[derive(Clone)]
struct Shop {
    /// The creation and last change of each order in days, and its items' statuses.
    orders: Vec<(i64, i64, Vec<&'static str>)>,
    /// Fields that the filter rejects.
    refused: &'static [&'static str],
    /// Whether orders show their last change.
    shows: Shown,
    paging: Paging,
    tenant: &'static str,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Changes,
    NoChanges,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Paging {
    Cursors,
    Offsets,
    Silent,
    Stuck,
}

fn shop(orders: &[(i64, i64, &[&'static str])]) -> Shop {
    let orders = orders.iter().map(|(born, changed, items)| (*born, *changed, items.to_vec()));
    Shop {
        orders: orders.collect(),
        refused: &[],
        shows: Shown::Changes,
        paging: Paging::Cursors,
        tenant: "dodici",
    }
}

impl Shop {
    fn passes(&self, filter: &Value, (born, changed, _): &(i64, i64, Vec<&str>)) -> bool {
        let within = |span: &Value, at: i64| {
            let at = instant::parse(day(at));
            let since = span["greaterThanOrEqualTo"].as_str();
            let until = span["lessThan"].as_str();
            since.is_none_or(|it| it <= at.as_str()) && until.is_none_or(|it| at.as_str() < it)
        };
        let change = &filter["updatedAt"];
        let shows = self.shows == Shown::Changes;
        within(&filter["createdAt"], *born)
            && (change.is_null() || (shows && within(change, *changed)))
    }

    fn order(&self, number: usize) -> Value {
        let (born, _, items) = &self.orders[number];
        let item = |(nth, status): (usize, &&str)| json!({ "node": { "id": format!("unit-{nth}"), "status": status, "tax": "0.10" } });
        json!({
            "id": uuid(number),
            "tenant": self.tenant,
            "createdAt": instant::parse(day(*born)),
            "externalId": format!("TEST-{number}"),
            "items": {
                "edges": items.iter().enumerate().take(3).map(item).collect::<Vec<_>>(),
                "pageInfo": { "hasNextPage": 3 < items.len(), "endCursor": null },
            },
        })
    }

    fn listed(&self, asked: &Value) -> Value {
        let fits = |nth: &usize| self.passes(&asked["filter"], &self.orders[*nth]);
        let all: Vec<usize> = (0..self.orders.len()).filter(fits).collect();
        let number = |name: &str| asked[name].as_u64().map(|it| usize::try_from(it).unwrap());
        let after = asked["after"].as_str().map(|it| it.parse().unwrap());
        let start = match self.paging {
            Paging::Stuck => 0,
            _ => after.or(number("offset")).unwrap_or(0),
        };
        let end = all.len().min(start + number("first").unwrap());
        let nodes = all[start..end].iter().map(|it| json!({ "node": self.order(*it) }));
        let edges = nodes.collect::<Vec<_>>();
        let more = end < all.len() || self.paging == Paging::Stuck;
        match self.paging {
            Paging::Silent => json!({ "edges": edges }),
            Paging::Cursors => {
                let end = end.to_string();
                json!({ "edges": edges, "pageInfo": { "hasNextPage": more, "endCursor": end } })
            }
            Paging::Offsets | Paging::Stuck => {
                json!({ "edges": edges, "pageInfo": { "hasNextPage": more, "endCursor": null } })
            }
        }
    }
}

impl Respond for Shop {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let asked = request.body_json::<Value>().unwrap();
        if asked["operationName"] == "Order" {
            let units: Vec<_> = (0..4)
                .map(|it| json!({ "node": { "id": format!("whole-{it}"), "status": "cancelled" } }))
                .collect();
            let order = json!({ "items": { "edges": units } });
            return ResponseTemplate::new(200).set_body_json(json!({ "data": { "order": order } }));
        }
        let asked = &asked["variables"];
        let filter = asked["filter"].as_object().into_iter().flatten();
        if let Some((name, _)) =
            filter.into_iter().find(|(it, _)| self.refused.contains(&it.as_str()))
        {
            let said = format!("Field \"{name}\" is not defined by type \"OrderFilter\".");
            return ResponseTemplate::new(200)
                .set_body_json(json!({ "errors": [{ "message": said }] }));
        }
        let data = json!({ "data": { "orders": self.listed(asked) } });
        ResponseTemplate::new(200).set_body_json(data)
    }
}

/// All orders of a window, page by page.
async fn list(
    simulator: &Simulator,
    page_size: i64,
) -> Result<(Vec<OrderSnapshot>, Basis), StorefrontError> {
    let newstore = simulator.newstore(page_size);
    let (mut orders, mut place) = (Vec::new(), Cursor::default());
    loop {
        let page = newstore.cancelled(window(), &place).await?;
        orders.extend(page.orders);
        match page.next {
            Some(next) => place = next,
            None => return Ok((orders, page.basis)),
        }
    }
}

fn numbers(orders: &[OrderSnapshot]) -> String {
    let numbers = orders.iter().map(|order| order.external_id.clone().unwrap_or_default());
    numbers.map(|it| it.replace("TEST-", "")).collect::<Vec<_>>().join(" ")
}

/// Orders before the window, in it and after it; without a cancelled item and long ago.
fn orders() -> Shop {
    shop(&[
        (3, 3, &["cancelled"]),
        (1, 1, &["opened", "canceled"]),
        (1, 3, &["cancelled"]),
        (0, 0, &["opened", "returned"]),
        (-1, 1, &["Cancelled"]),
        (-2, -1, &["cancelled"]),
        (-91, 1, &["cancelled"]),
        (-92, -92, &["cancelled"]),
    ])
}

#[tokio::test]
async fn the_best_accepted_strategy_selects_the_orders_of_a_window() {
    let changed = (Basis::Changed, "1 4 6");
    let created = (Basis::Created { since: day(-90) }, "1 2 4 5");
    let table: [(&[&str], Shown, _, usize); 5] = [
        (&[], Shown::Changes, changed, 1),
        (&["updatedAt"], Shown::Changes, created, 2),
        (&["updatedAt", "createdAt"], Shown::Changes, created, 3),
        // A filter on a field that no order shows finds nothing, and neither does the check.
        (&[], Shown::NoChanges, created, 3),
        (&["createdAt"], Shown::NoChanges, created, 4),
    ];
    for (refused, shows, (basis, expected), questions) in table {
        let shop = Shop { refused, shows, ..orders() };
        let simulator = Simulator::answering(shop).await;
        let (orders, by) = list(&simulator, 100).await.unwrap();
        let when = format!("{refused:?} {shows:?}");
        assert_eq!((by, numbers(&orders).as_str()), (basis, expected), "{when}");
        assert_eq!(simulator.questions().await.len(), questions, "{when}");
    }
}

#[tokio::test]
async fn an_empty_window_is_accepted_where_orders_show_their_changes() {
    let simulator = Simulator::answering(shop(&[(-5, -5, &["cancelled"])])).await;
    assert_eq!(list(&simulator, 100).await.unwrap(), (Vec::new(), Basis::Changed));
    let questions = simulator.questions().await;
    assert_eq!(questions[1]["filter"], json!({ "updatedAt": { "isNull": false } }));
}

#[tokio::test]
async fn the_query_uses_the_apis_time_format() {
    let simulator = Simulator::answering(orders()).await;
    list(&simulator, 100).await.unwrap();
    let span = json!({
        "greaterThanOrEqualTo": "2026-11-20T00:00:00.000",
        "lessThan": "2026-11-22T00:00:00.000",
    });
    let asked = json!({ "first": 100, "items": 100, "filter": { "updatedAt": span } });
    assert_eq!(simulator.questions().await, [asked]);
}

#[tokio::test]
async fn an_order_is_listed_with_all_its_items_and_exact_amounts() {
    let simulator = Simulator::answering(orders()).await;
    let (orders, _) = list(&simulator, 100).await.unwrap();
    assert_eq!(orders[0].id.as_str(), uuid(1));
    let statuses: Vec<_> = orders[0].units.iter().map(|unit| unit.status.as_deref()).collect();
    assert_eq!(statuses, [Some("opened"), Some("canceled")]);
    assert_eq!(orders[0].units[0].tax, ReportedAmount::of("0.10"));
    assert_eq!(orders[0].payments, None);
}

#[tokio::test]
async fn an_order_with_more_items_than_a_page_is_read_completely() {
    let simulator =
        Simulator::answering(shop(&[(1, 1, &["opened", "opened", "opened", "opened"])])).await;
    let (orders, _) = list(&simulator, 100).await.unwrap();
    assert_eq!(orders[0].units.len(), 4);
    assert_eq!(orders[0].units[0].id, "whole-0");
}

#[tokio::test]
async fn all_pages_are_read_in_every_paging_style() {
    let many: Vec<(i64, i64, &[&'static str])> = vec![(1, 1, &["cancelled"]); 7];
    for paging in [Paging::Cursors, Paging::Offsets, Paging::Silent] {
        for refused in [&[][..], &["updatedAt", "createdAt"]] {
            for page_size in [1, 2, 3, 7, 8] {
                let simulator = Simulator::answering(Shop { refused, paging, ..shop(&many) }).await;
                let (orders, _) = list(&simulator, page_size).await.unwrap();
                assert_eq!(numbers(&orders), "0 1 2 3 4 5 6", "{paging:?} {refused:?} {page_size}");
            }
        }
    }
}

#[tokio::test]
async fn paging_that_does_not_advance_is_an_error() {
    let stuck = Shop { paging: Paging::Stuck, ..orders() };
    let simulator = Simulator::answering(stuck).await;
    let error = list(&simulator, 2).await.unwrap_err().to_string();
    assert!(error.ends_with("orders: paging does not advance"), "{error}");
    assert_eq!(simulator.questions().await.len(), 2);
}

#[tokio::test]
async fn reading_all_orders_stops_at_orders_that_are_too_old() {
    let mut many = vec![(1, 1, vec!["cancelled"])];
    many.extend((0..20).map(|it| (-91 - it, 1, vec!["cancelled"])));
    let refused = &["updatedAt", "createdAt"];
    let shop = Shop { orders: many, refused, ..orders() };
    let simulator = Simulator::answering(shop).await;
    let (orders, _) = list(&simulator, 2).await.unwrap();
    assert_eq!(numbers(&orders), "0");
    // Two that were rejected, the page with the only one, and the one that is too old.
    assert_eq!(simulator.questions().await.len(), 4);
}

#[tokio::test]
async fn orders_of_another_tenant_are_left_out() {
    for (tenant, expected) in [("DODICI", "1 4 6"), ("seconda", "")] {
        let simulator = Simulator::answering(Shop { tenant, ..orders() }).await;
        let (orders, _) = list(&simulator, 100).await.unwrap();
        assert_eq!(numbers(&orders), expected, "{tenant}");
    }
}

#[tokio::test]
async fn only_a_rejected_query_falls_back_to_the_next_strategy() {
    let broken = r#"{"data":{"orders":{"edges":[null]}}}"#;
    let table = [
        (status(400, r#"{"errors":[{"message":"no"}]}"#), "Unreadable(\"status 400: no\")", 3),
        (status(200, r#"{"errors":[{"message":"no"}]}"#), "Unreadable(\"GraphQL errors: no\")", 3),
        (status(503, ""), "Unavailable(", 1),
        (status(200, "{"), "Unreadable(\"EOF", 1),
        (status(200, broken), "Unreadable(\"orders: the list has a hole\")", 1),
        (status(403, "<html>"), "Throttled(300s)", 1),
    ];
    for (answer, expected, questions) in table {
        let simulator = Simulator::answering(answer.clone()).await;
        let shown = format!("{:?}", list(&simulator, 100).await.unwrap_err());
        assert!(shown.starts_with(expected), "{answer:?}: {shown}");
        assert_eq!(simulator.questions().await.len(), questions, "{answer:?}");
    }
}

#[tokio::test]
async fn an_invalid_cursor_is_an_error() {
    let simulator = Simulator::answering(orders()).await;
    for place in ["x", "changed", "changed x y", "never 1 y"] {
        let place = Cursor(place.to_owned());
        let error = simulator.newstore(100).cancelled(window(), &place).await.unwrap_err();
        assert!(error.to_string().ends_with("the cursor is not valid"), "{error}");
    }
    assert!(simulator.questions().await.is_empty());
}
