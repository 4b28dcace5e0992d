//! The tenant, called like a client calls it.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, Response};
use serde_json::{Value, json};

use super::{Calls, Fault, Tenant};
use crate::sale::{Payment, Sale, Unit};

const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";
const A: &str = "dc333267-856c-421a-ac7a-e08291642d76";
const B: &str = "0d0a2f1c-0000-4000-8000-000000000002";

struct Bench {
    tenant: Tenant,
    http: Client,
    token: String,
}

impl Bench {
    async fn new() -> Self {
        let tenant = Tenant::start("dodici", "client", "secret").await.unwrap();
        let http = Client::new();
        let granted = ask(&http, &tenant, "client", "secret").await;
        let granted: Value = granted.json().await.unwrap();
        let token = granted["access_token"].as_str().unwrap().to_owned();
        Self { tenant, http, token }
    }

    async fn with_a_sale() -> Self {
        let bench = Self::new().await;
        Sale::new(ORDER, "TEST-1821")
            .unit(Unit::new(A, "10000", "20.00"))
            .unit(Unit::new(B, "10001", "30.00"))
            .paid(Payment::captured("credit_card", "adyen", "50.00"))
            .cancelled(&[A])
            .refunded("credit_card", "20.00")
            .install_newstore(&bench.tenant);
        bench
    }

    async fn send(&self, body: &Value) -> Result<Response, reqwest::Error> {
        let request = self.http.post(self.tenant.graphql_url());
        request.bearer_auth(&self.token).json(body).send().await
    }

    async fn query(&self, query: &str) -> Value {
        self.run(query, json!({})).await
    }

    async fn run(&self, query: &str, variables: Value) -> Value {
        let body = json!({ "query": query, "variables": variables });
        let response = self.send(&body).await.unwrap();
        assert_eq!(response.status(), 200, "{query}");
        response.json().await.unwrap()
    }
}

pub(super) async fn ask(http: &Client, tenant: &Tenant, id: &str, secret: &str) -> Response {
    let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
    http.post(tenant.token_url()).form(&form).send().await.unwrap()
}

#[tokio::test]
async fn tokens_are_given_to_the_right_credentials_only() {
    let bench = Bench::new().await;
    let table = [("client", "secret", 200), ("client", "other", 401), ("other", "secret", 401)];
    for (id, secret, status) in table {
        let response = ask(&bench.http, &bench.tenant, id, secret).await;
        assert_eq!(response.status(), status, "{id} {secret}");
    }
    let unknown = bench.tenant.token_url().replace("dodici", "tredici");
    assert_eq!(bench.http.post(unknown).send().await.unwrap().status(), 404);
    let path = bench.tenant.graphql_url().replace("query", "other");
    assert_eq!(bench.http.post(path).send().await.unwrap().status(), 404);
    let json = bench.http.post(bench.tenant.token_url()).json(&json!({})).send().await.unwrap();
    assert_eq!(json.status(), 415);
}

#[tokio::test]
async fn a_query_needs_a_valid_token() {
    let bench = Bench::with_a_sale().await;
    let now = Timestamp::from_second(1_795_435_200).unwrap();
    bench.tenant.clock(Arc::new(move || now));
    bench.tenant.token_ttl(60);
    let granted = ask(&bench.http, &bench.tenant, "client", "secret").await;
    let granted: Value = granted.json().await.unwrap();
    assert_eq!(granted["expires_in"], 60);
    let short = granted["access_token"].as_str().unwrap();
    let url = bench.tenant.graphql_url();
    let body = json!({ "query": "{ __typename }" });
    let with = |token: &str| bench.http.post(&url).bearer_auth(token).json(&body).send();

    let bare = bench.http.post(&url).json(&body).send().await.unwrap();
    assert_eq!(bare.status(), 401);
    let wrong = with("wrong").await.unwrap();
    assert_eq!(wrong.status(), 403);
    assert!(wrong.json::<Value>().await.unwrap().is_object(), "a 403 for a token is JSON");
    assert_eq!(with(short).await.unwrap().status(), 200);
    bench.tenant.clock(Arc::new(move || now + Duration::from_mins(1)));
    assert_eq!(with(short).await.unwrap().status(), 403, "expired");
    bench.tenant.revoke_tokens();
    assert_eq!(with(&bench.token).await.unwrap().status(), 403, "revoked");
}

#[tokio::test]
async fn an_order_is_returned_as_it_was_added() {
    let bench = Bench::with_a_sale().await;
    let query = "query Order($id: String!, $tenant: String!) {
      order(id: $id, tenant: $tenant) {
        __typename number: externalId grandTotal placedAt isHistorical demandLocationId
        items(first: 10) { totalCount nodes { ...Item }
          edges { cursor node { status } } pageInfo { hasNextPage } }
        paymentAccount { instruments { nodes { paymentMethod
          paymentAccountTransactions { edges { node {
            ... on PaymentAccountTransaction { transactionType amount } } } } } } }
      }
    }
    fragment Item on OrderItem { id quantity pricebookPrice }";
    let answer = bench.run(query, json!({ "id": ORDER, "tenant": "dodici" })).await;
    let order = &answer["data"]["order"];
    assert_eq!(order["__typename"], "Order", "{answer}");
    assert_eq!(order["number"], "TEST-1821");
    assert_eq!(order["grandTotal"], "50.00");
    assert_eq!(order["placedAt"], "2026-11-20T17:12:44.000");
    assert_eq!(order["demandLocationId"], Value::Null);
    assert_eq!(order["items"]["totalCount"], 2);
    let item = json!({ "id": A, "quantity": "1", "pricebookPrice": "20.00" });
    assert_eq!(order["items"]["nodes"][0], item);
    assert_eq!(order["items"]["edges"][0]["node"]["status"], "cancelled");
    let card = &order["paymentAccount"]["instruments"]["nodes"][0];
    let movements: Vec<_> = card["paymentAccountTransactions"]["edges"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["node"]["transactionType"].as_str().unwrap())
        .collect();
    assert_eq!(movements, ["authorize", "capture", "refund"]);
    for (id, tenant) in [("x", "dodici"), (ORDER, "tredici")] {
        let answer = bench.run(query, json!({ "id": id, "tenant": tenant })).await;
        assert_eq!(answer, json!({ "data": { "order": null } }), "{id} {tenant}");
    }
}

#[tokio::test]
async fn lists_come_in_pages_no_larger_than_the_tenant_allows() {
    let bench = Bench::new().await;
    let items: Vec<_> = (0..7).map(|it| json!({ "id": format!("u{it}") })).collect();
    bench.tenant.put(json!({ "id": ORDER, "items": items }));
    bench.tenant.page_limit(3);
    let query = "query($id: String!, $after: Cursor) { order(id: $id, tenant: \"dodici\") {
        items(first: 100, after: $after) {
          nodes { id } edges { cursor } pageInfo { hasNextPage endCursor } } } }";
    let (mut after, mut seen, mut pages) = (Value::Null, Vec::new(), 0);
    loop {
        let answer = bench.run(query, json!({ "id": ORDER, "after": after })).await;
        let page = &answer["data"]["order"]["items"];
        let nodes = page["nodes"].as_array().unwrap();
        assert!(nodes.len() <= 3, "{answer}");
        seen.extend(nodes.iter().map(|node| node["id"].as_str().unwrap().to_owned()));
        pages += 1;
        assert_eq!(
            page["edges"].as_array().unwrap().last().unwrap()["cursor"],
            page["pageInfo"]["endCursor"]
        );
        if page["pageInfo"]["hasNextPage"] == false {
            break;
        }
        after = page["pageInfo"]["endCursor"].clone();
    }
    assert_eq!((seen.len(), pages), (7, 3), "{seen:?}");
    let by_offset = format!(
        "{{ order(id: \"{ORDER}\", tenant: \"dodici\") {{
          items(offset: 6) {{ nodes {{ id }} }} }} }}"
    );
    let answer = bench.query(&by_offset).await;
    assert_eq!(answer["data"]["order"]["items"]["nodes"], json!([{ "id": "u6" }]));
    let cursor = json!({ "id": ORDER, "after": "bm9uc2Vuc2U=" });
    assert!(bench.run(query, cursor).await["errors"].is_array());
}

#[tokio::test]
async fn a_list_without_a_limit_has_fifty_entries() {
    let bench = Bench::new().await;
    let items: Vec<_> = (0..60).map(|it| json!({ "id": format!("u{it}") })).collect();
    bench.tenant.put(json!({ "id": ORDER, "items": items }));
    let query = format!(
        "{{ order(id: \"{ORDER}\", tenant: \"dodici\") {{
          items {{ nodes {{ id }} totalCount }} }} }}"
    );
    let items = &bench.query(&query).await["data"]["order"]["items"];
    assert_eq!(items["nodes"].as_array().unwrap().len(), 50);
    assert_eq!(items["totalCount"], 60);
}

#[tokio::test]
async fn a_schema_violation_is_an_error_in_a_successful_response() {
    let bench = Bench::with_a_sale().await;
    let order = |rest: &str| format!("{{ order(id: \"x\", tenant: \"dodici\") {{ {rest} }} }}");
    let table = [
        (order("nope"), "type `Order` does not have a field `nope`"),
        (order("items"), "must have a subselection set"),
        (order("externalId { id }"), "must not have subselections"),
        (order("items(first: \"1\") { totalCount }"), "value of type Int"),
        (order("items(last: 1) { totalCount }"), "argument `last` is not supported"),
        ("{ orders(first: -1) { totalCount } }".to_owned(), "must not be negative"),
        (order("id ... on OrderItem { id }"), "`OrderItem` cannot be applied to `Order`"),
        (order("...Gone"), "cannot find fragment `Gone`"),
        (order("id @client"), "cannot find directive `@client`"),
        (order("a: id a: externalId"), "different fields into the same alias `a`"),
        (order("id\u{a0}externalId"), "syntax error"),
        (
            order("id").replace(", tenant: \"dodici\"", ""),
            "required argument `Query.order(tenant:)`",
        ),
        (order("id").replace("\"x\"", "7"), "value of type String!"),
        ("{ order(".to_owned(), "syntax error"),
        ("mutation { order }".to_owned(), "operation type is not defined"),
        (
            "query($id: String) { order(id: $id, tenant: \"t\") { id } }".to_owned(),
            "cannot be used for argument `id`",
        ),
        (
            "query($id: String!) { order(id: $id, tenant: \"t\") { id } }".to_owned(),
            "missing value for non-null variable 'id'",
        ),
        ("query($id: Int = 1) { __typename }".to_owned(), "unused variable: `$id`"),
        ("{ order(id: $id, tenant: \"t\") { id } }".to_owned(), "variable `$id` is not defined"),
        ("{ __typename } fragment F on Order { id }".to_owned(), "fragment `F` must be used"),
        ("{ orders(orderBy: OTHER) { totalCount } }".to_owned(), "value `OTHER` does not exist"),
        (
            "{ orders(filter: { nope: 1 }) { totalCount } }".to_owned(),
            "field `nope` does not exist",
        ),
        ("{ orders(orderBy: \"NATURAL\") { totalCount } }".to_owned(), "found a string"),
        ("{ orders(first: 3000000000) { totalCount } }".to_owned(), "32-bit"),
        ("{ orders(first: 1, first: 2) { totalCount } }".to_owned(), "provided multiple times"),
        ("{ orders(after: 7) { totalCount } }".to_owned(), "Cursor cannot represent 7"),
        (
            "{ orders(filter: { or: [{ createdAt: { lessThan: 7 } }] }) { totalCount } }"
                .to_owned(),
            "Datetime cannot represent 7",
        ),
        ("{ ...F } fragment F on Query { ...F }".to_owned(), "cannot reference itself"),
        ("query A { __typename } query B { __typename }".to_owned(), "multiple operations"),
        ("{ __schema { queryType { name } } }".to_owned(), "introspection is disabled"),
    ];
    for (query, message) in table {
        let answer = bench.query(&query).await;
        let errors = answer["errors"].to_string();
        assert!(errors.contains(message), "{query}: {answer}");
        assert!(answer.get("data").is_none(), "{query}: {answer}");
    }
}

#[tokio::test]
async fn variables_are_coerced_as_the_operation_declares_them() {
    let bench = Bench::with_a_sale().await;
    let query =
        "query One($id: String!, $first: Int = 1, $filter: OrderItemFilter, $brief: Boolean!) {
        order(id: $id, tenant: \"dodici\") {
          externalId @skip(if: $brief)
          items(first: $first, filter: $filter) { nodes { id } } } }
        query Other { __typename }";
    let run = async |variables: Value| {
        let body = json!({ "query": query, "operationName": "One", "variables": variables });
        bench.send(&body).await.unwrap().json::<Value>().await.unwrap()
    };
    let answer = run(json!({ "id": ORDER, "brief": true })).await;
    assert_eq!(answer, json!({ "data": { "order": { "items": { "nodes": [{ "id": A }] } } } }));
    let filter = json!({ "id": { "in": B } });
    let answer = run(json!({ "id": ORDER, "brief": false, "filter": filter })).await;
    assert_eq!(answer["data"]["order"]["externalId"], "TEST-1821", "{answer}");
    assert_eq!(answer["data"]["order"]["items"]["nodes"], json!([{ "id": B }]), "{answer}");
    let table = [
        json!({ "id": 7, "brief": true }),
        json!({ "id": null, "brief": true }),
        json!({ "id": ORDER, "brief": "true" }),
        json!({ "id": ORDER, "brief": true, "first": 1.5 }),
        json!({ "id": ORDER, "brief": true, "filter": { "nope": { "equalTo": A } } }),
        json!({ "id": ORDER, "brief": true, "filter": { "id": { "in": [null] } } }),
        json!([ORDER]),
    ];
    for variables in table {
        let answer = run(variables.clone()).await;
        assert!(
            answer["errors"].is_array() && answer.get("data").is_none(),
            "{variables}: {answer}"
        );
    }
}

#[tokio::test]
async fn orders_are_filtered_and_sorted() {
    let bench = Bench::new().await;
    for (id, number, created) in [
        ("o1", "N1", "2026-11-02T00:00:00.000"),
        ("o2", "N2", "2026-11-01T00:00:00.000"),
        ("o3", "N3", "2026-11-03T00:00:00.000"),
    ] {
        bench.tenant.put(json!({ "id": id, "externalId": number, "createdAt": created }));
    }
    let table = [
        ("", "o1 o2 o3"),
        ("orderBy: [CREATED_AT_DESC]", "o3 o1 o2"),
        ("orderBy: CREATED_AT_ASC, first: 1", "o2"),
        ("filter: { externalId: { equalTo: \"N2\" } }", "o2"),
        ("filter: { externalId: { in: [\"N1\", \"N3\"] } }", "o1 o3"),
        ("filter: { externalId: { notIn: [\"N1\"] } }", "o2 o3"),
        ("filter: { createdAt: { greaterThanOrEqualTo: \"2026-11-02T00:00:00.000\" } }", "o1 o3"),
        ("filter: { status: { isNull: false } }", ""),
        ("filter: { or: [{ id: { equalTo: \"o1\" } }, { id: { equalTo: \"o2\" } }] }", "o1 o2"),
    ];
    for (arguments, expected) in table {
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        let answer = bench.query(&format!("{{ orders{arguments} {{ nodes {{ id }} }} }}")).await;
        let nodes =
            answer["data"]["orders"]["nodes"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let ids: Vec<_> = nodes.iter().map(|node| node["id"].as_str().unwrap()).collect();
        assert_eq!(ids.join(" "), expected, "{arguments}");
    }
}

#[tokio::test]
async fn faults_last_until_they_are_set_again() {
    let bench = Bench::with_a_sale().await;
    let body = json!({ "query": "{ __typename }" });
    let html = |code| Fault::Status {
        code,
        body: "<p>".into(),
        content_type: "text/html".into(),
        retry_after: None,
    };
    let table = [
        (html(502), 502, "<p>"),
        (Fault::blocked(), 403, "<html>"),
        (Fault::throttled(7), 429, "too many"),
        (Fault::json(403, "{}"), 403, "{}"),
        (Fault::GraphqlErrors("boom".into()), 200, "boom"),
        (Fault::Slow(Duration::from_millis(1)), 200, "Query"),
    ];
    for (fault, status, part) in table {
        bench.tenant.fault(fault.clone());
        for _ in 0..2 {
            let response = bench.send(&body).await.unwrap();
            assert_eq!(response.status(), status, "{fault:?}");
            let wait =
                response.headers().get("retry-after").map(|it| it.to_str().unwrap().to_owned());
            assert_eq!(wait.as_deref(), (status == 429).then_some("7"), "{fault:?}");
            let text = response.text().await.unwrap();
            assert!(text.contains(part), "{fault:?}: {text}");
        }
    }
    bench.tenant.fault(Fault::Down);
    assert!(!bench.send(&body).await.unwrap_err().is_connect());
    bench.tenant.fault(Fault::NextTokenRejected);
    assert_eq!(bench.send(&body).await.unwrap().status(), 403);
    assert_eq!(bench.send(&body).await.unwrap().status(), 200);
    bench.tenant.refuse_connections().await;
    assert!(bench.send(&body).await.unwrap_err().is_connect());
    bench.tenant.accept_connections().await;
    assert_eq!(bench.send(&body).await.unwrap().status(), 200);
    assert_eq!(bench.tenant.calls(), Calls { token: 1, graphql: 16, stream: 0 });
}

#[tokio::test]
async fn a_hanging_tenant_answers_when_released() {
    let bench = Bench::with_a_sale().await;
    bench.tenant.fault(Fault::Hang);
    let body = json!({ "query": "{ __typename }" });
    let release = async {
        while bench.tenant.calls().graphql == 0 {
            tokio::task::yield_now().await;
        }
        bench.tenant.fault(Fault::None);
    };
    let (response, ()) = tokio::join!(bench.send(&body), release);
    assert_eq!(response.unwrap().status(), 200);
}

#[tokio::test]
async fn undocumented_fields_can_be_withheld() {
    let bench = Bench::with_a_sale().await;
    bench.tenant.answer_only_proven_fields();
    let query = format!(
        "{{ order(id: \"{ORDER}\", tenant: \"dodici\") {{ updatedAt placedAt
        items(first: 1) {{
          pageInfo {{ hasNextPage hasPreviousPage endCursor }} edges {{ cursor }} }} }} }}"
    );
    let order = &bench.query(&query).await["data"]["order"];
    assert_eq!(order["updatedAt"], Value::Null);
    assert!(order["placedAt"].is_string());
    let page = json!({ "hasNextPage": true, "hasPreviousPage": false, "endCursor": null });
    assert_eq!(order["items"]["pageInfo"], page);
    assert!(order["items"]["edges"][0]["cursor"].is_string());
}

#[tokio::test]
async fn filters_can_be_refused_by_field() {
    let bench = Bench::with_a_sale().await;
    let since = "{ greaterThanOrEqualTo: \"2026-11-20T17:12:44.000\" }";
    let count =
        |field: &str| format!("{{ orders(filter: {{ {field}: {since} }}) {{ totalCount }} }}");
    for field in ["updatedAt", "createdAt"] {
        let answer = bench.query(&count(field)).await;
        assert_eq!(answer["data"]["orders"]["totalCount"], 1, "{answer}");
    }
    bench.tenant.refuse_filters(&["updatedAt"]);
    let answer = bench.query(&count("updatedAt")).await;
    assert!(answer["errors"].to_string().contains("updatedAt"), "{answer}");
    let answer = bench.query(&count("createdAt")).await;
    assert_eq!(answer["data"]["orders"]["totalCount"], 1, "{answer}");
}
