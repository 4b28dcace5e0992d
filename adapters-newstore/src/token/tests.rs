use ports::Storefront;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wiremock::ResponseTemplate;

use super::*;
use crate::simulator::{SECRET, Simulator, TOKEN, grants, nothing, order_id, status, whole_text};

async fn simulator(expires_in: Value) -> Simulator {
    let simulator = Simulator::start().await;
    simulator.tokens(grants(expires_in)).await;
    simulator.answers(nothing()).await;
    simulator
}

#[tokio::test]
async fn a_token_is_requested_with_client_credentials() {
    let simulator = simulator(json!(3600)).await;
    simulator.order().await.unwrap();
    let form = format!("grant_type=client_credentials&client_id=memobridge&client_secret={SECRET}");
    assert_eq!(simulator.token_requests().await, [form]);
}

#[tokio::test]
async fn a_token_is_renewed_shortly_before_its_end() {
    // life, milliseconds after which it is still used, and after which it no longer is
    let table = [
        (json!(3600), 3_539_999, 3_540_000),
        (json!(100), 89_999, 90_000),
        (json!(null), 269_999, 270_000),
    ];
    for (life, used, renewed) in table {
        let simulator = simulator(life.clone()).await;
        let newstore = simulator.newstore(100);
        for (millis, tokens) in [(0, 1), (used, 1), (renewed - used, 2)] {
            simulator.clock.advance(Duration::from_millis(millis));
            newstore.order(&order_id()).await.unwrap();
            let asked = simulator.token_requests().await.len();
            assert_eq!(asked, tokens, "life {life}, {millis} ms later");
        }
    }
}

#[tokio::test]
async fn concurrent_callers_share_one_token() {
    let simulator = simulator(json!(3600)).await;
    let newstore = Arc::new(simulator.newstore(100));
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        let newstore = Arc::clone(&newstore);
        callers.spawn(async move { newstore.order(&order_id()).await.map(drop) });
    }
    for result in callers.join_all().await {
        result.unwrap();
    }
    assert_eq!(simulator.token_requests().await.len(), 1);
    assert_eq!(simulator.questions().await.len(), 20);
}

#[tokio::test]
async fn every_answer_of_the_token_server_has_its_meaning() {
    let echo = format!(r#"{{"error":"invalid_client","detail":"{SECRET}"}}"#);
    let table = [
        (status(400, &echo), "Unauthorized(\"token server: status 400: invalid_client; "),
        (status(401, ""), "Unauthorized(\"token server: status 401\")"),
        (status(403, "{}"), "Unauthorized(\"token server: status 403\")"),
        (status(403, "<html>"), "Throttled(300s)"),
        (ResponseTemplate::new(429).insert_header("retry-after", "7"), "Throttled(7s)"),
        (status(502, ""), "Unavailable("),
        (status(404, ""), "Unreadable(\"token server: status 404\")"),
        (status(200, "<html>"), "Unreadable(\"token server: the answer holds no usable token\")"),
        (status(200, r#"{"access_token":["t0ken-9"]}"#), "Unreadable("),
        (status(200, r#"{"access_token":""}"#), "Unreadable("),
        (status(200, r#"{"access_token":"t0ken-9\n"}"#), "Unreadable("),
    ];
    for (answer, expected) in table {
        let simulator = Simulator::start().await;
        simulator.tokens(answer.clone()).await;
        let error = simulator.order().await.unwrap_err();
        let shown = format!("{error:?}");
        assert!(shown.starts_with(expected), "{answer:?}: {shown}");
        let text = whole_text(&error);
        assert!(!text.contains(SECRET) && !text.contains(TOKEN), "{answer:?}: {text}");
        assert_eq!(simulator.token_requests().await.len(), 1, "tried once: {answer:?}");
    }
}

#[tokio::test]
async fn a_token_in_odd_json_is_accepted() {
    let (mark, half) = ("\u{feff}", r"\ud83d");
    let table = [
        format!(r#"{mark}{{"access_token":"t0ken-9","expires_in":3600}}"#),
        format!(r#"{{"access_token":"t0ken-9","scope":"{half}","{half}":1e999}}"#),
        r#"{"access_token":"t0ken-9","expires_in":"soon"}"#.to_owned(),
        r#"{"access_token":"t0ken-9","expires_in":1e999}"#.to_owned(),
        r#"{"access_token":"t0ken-9","expires_in":-1}"#.to_owned(),
        r#"{"access_token":"t0ken-9","expires_in":null}"#.to_owned(),
    ];
    for answer in table {
        let simulator = Simulator::start().await;
        simulator.tokens(status(200, &answer)).await;
        simulator.answers(status(200, &format!(r#"{mark}{{"data":{{"order":null}}}}"#))).await;
        let order = simulator.newstore(100).order(&order_id()).await;
        assert!(matches!(order, Ok(None)), "{answer}: {order:?}");
    }
}

#[tokio::test]
async fn neither_token_nor_secret_is_ever_shown() {
    let simulator = simulator(json!(3600)).await;
    let newstore = simulator.newstore(100);
    newstore.order(&order_id()).await.unwrap();
    let token = Token {
        value: "t0ken-9".into(),
        good_until: Instant::new(Timestamp::from_millis(0), Duration::ZERO),
    };
    let shown = format!("{newstore:?} {token:?} {:?}", simulator.options);
    assert!(!shown.contains(SECRET) && !shown.contains(TOKEN), "{shown}");
}
