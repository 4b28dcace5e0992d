use ports::Severity;
use serde_json::json;
use wiremock::ResponseTemplate;

use super::*;
use crate::simulator::{SECRET, Simulator, TOKEN as GRANTED, grants, nothing, status};

/// Examines a tenant and returns each finding as a line; no line may contain a secret.
async fn examined(simulator: &Simulator) -> Vec<String> {
    let findings = simulator.newstore(100).examine(&Requirements::default()).await;
    let line = |it: &DiagnosticFinding| match &it.severity {
        Severity::Ok => format!("fine {}", it.what),
        Severity::Unknown => format!("untold {}", it.what),
        Severity::Warning(remedy) => format!("warning {}: {}; {remedy}", it.what, it.observed),
        Severity::Error(remedy) => format!("wrong {}: {}; {remedy}", it.what, it.observed),
    };
    let lines: Vec<_> = findings.iter().map(line).collect();
    for text in lines.iter().chain(&[format!("{findings:?}")]) {
        assert!(!text.contains(SECRET) && !text.contains(GRANTED), "{text}");
    }
    lines
}

#[tokio::test]
async fn a_tenant_that_answers_about_an_impossible_order_is_ok() {
    let simulator = Simulator::answering(nothing()).await;
    assert_eq!(examined(&simulator).await, ["fine token", "fine read orders"]);
    let asked = simulator.questions().await;
    assert_eq!(asked.len(), 1);
    assert_eq!((&asked[0]["id"], &asked[0]["tenant"]), (&json!(NO_ORDER), &json!("dodici")));
}

#[tokio::test]
async fn without_a_token_nothing_else_is_checked() {
    let echo = format!("{{\"error\":\"unauthorized_client {SECRET}\"}}");
    let table = [
        (status(401, &echo), "wrong token", "check client_id, client_secret"),
        (status(400, r#"{"error":"invalid_client"}"#), "wrong token", "check client_id"),
        (status(503, "down"), "wrong token", "check token_url, the network"),
        (status(200, "<html>"), "wrong token", "the realm's token endpoint"),
        (status(429, ""), "warning token", "run doctor again later"),
    ];
    for (answer, verdict, words) in table {
        let simulator = Simulator::start().await;
        let said = format!("{answer:?}");
        simulator.tokens(answer).await;
        let lines = examined(&simulator).await;
        assert_eq!(lines.len(), 1, "{said}: {lines:?}");
        assert!(lines[0].starts_with(verdict) && lines[0].contains(words), "{said}: {lines:?}");
        assert!(simulator.questions().await.is_empty(), "{said}");
    }
}

#[tokio::test]
async fn every_failure_to_read_orders_has_a_fix() {
    let errors = json!({ "errors": [{ "message": "unknown tenant" }] });
    let table = [
        (
            status(403, r#"{"Message":"User is not authorized"}"#),
            "wrong read orders",
            "the right to read orders",
        ),
        (status(502, ""), "wrong read orders", "check graphql_url, the network"),
        (ResponseTemplate::new(200).set_body_json(errors), "wrong read orders", "unknown tenant"),
        (status(403, "<html>blocked</html>"), "warning read orders", "could not be checked"),
    ];
    for (answer, verdict, words) in table {
        let said = format!("{answer:?}");
        let simulator = Simulator::answering(answer).await;
        let lines = examined(&simulator).await;
        assert_eq!(lines[0], "fine token", "{said}");
        assert!(lines[1].starts_with(verdict) && lines[1].contains(words), "{said}: {lines:?}");
    }
}

#[tokio::test]
async fn an_unreachable_tenant_is_distinguished_from_one_that_refuses() {
    let mut simulator = Simulator::start().await;
    simulator.tokens(grants(json!(3600))).await;
    // Nobody listens on this port.
    simulator.options.token_url = "http://127.0.0.1:1/token".to_owned();
    let lines = examined(&simulator).await;
    assert_eq!(lines.len(), 1);
    assert!(lines[0].contains("check token_url, the network"), "{lines:?}");
}
