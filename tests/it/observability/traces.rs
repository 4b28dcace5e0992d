//! One trace per cancellation, as a collector receives it.

use std::{collections::BTreeSet, time::Duration};

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use ports::CancellationState;
use tests::{A, ITEMS, ORDER, Settings, TestWorld, event, pair};
use wiremock::ResponseTemplate;

use super::{
    collector::{Collector, Span},
    ends_well,
};
use crate::crash::PROGRAM;

/// The only span that is wanted.
#[track_caller]
fn only(spans: &[Span], wanted: impl Fn(&Span) -> bool) -> &Span {
    let found: Vec<_> = spans.iter().filter(|span| wanted(span)).collect();
    assert_eq!(found.len(), 1, "{found:#?} among {spans:#?}");
    found[0]
}

#[tokio::test]
async fn a_cancellation_deferred_by_the_webhook_and_finished_by_the_worker_is_one_trace() {
    let collector = Collector::answering(ResponseTemplate::new(200)).await;
    let world = TestWorld::with(&pair(), &collector.settings()).await;
    world.tenant.remove(ORDER);
    let first = world.spawn(PROGRAM).await;
    let answer = tests::post(&world.http, first.address, &event(&pair(), ITEMS, &[A])).await;
    let answer = answer.unwrap();
    answer.is(200, "deferred").because("order-not-visible");
    ends_well(first).await;
    pair().install_newstore(&world.tenant);
    let second = world.spawn(PROGRAM).await;
    world.book().becomes(CancellationState::Posted, "by the next process").await;
    ends_well(second).await;

    let spans = collector.spans().await;
    let traces: BTreeSet<_> = spans.iter().map(|span| &span.trace).collect();
    assert_eq!(traces.len(), 1, "what belongs to no cancellation is in no trace: {spans:#?}");
    let delivery = only(&spans, |it| it.name == "delivery");
    assert_eq!(delivery.kind, SpanKind::Server);
    let deferred = only(&spans, |it| it.name == "attempt" && it.says("runner") == "webhook");
    let posted = only(&spans, |it| it.name == "attempt" && it.says("outcome") == "posted");
    for root in [delivery, deferred, posted] {
        assert_eq!(root.says("cancellation.id"), answer.id.as_deref().unwrap());
        assert_eq!((root.says("order.id"), root.says("tenant")), (ORDER, "dodici"));
        assert_eq!(root.parent, delivery.parent, "one parent, which was never sent");
        assert!(spans.iter().all(|span| span.id != root.parent));
    }
    for span in [delivery, deferred] {
        assert_eq!((span.says("outcome"), span.says("reason")), ("deferred", "order-not-visible"));
    }
    assert_eq!(delivery.says("http.response.status_code"), "200");
    assert_eq!(posted.says("runner"), "worker");

    let steps: BTreeSet<_> = posted.children(&spans).iter().map(|it| it.name.as_str()).collect();
    let expected = [
        "journal.claims",
        "journal.hold",
        "journal.record",
        "ledger.billing",
        "ledger.post",
        "storefront.order",
    ];
    assert_eq!(steps, BTreeSet::from(expected));
    let children = posted.children(&spans);
    let post = children.iter().find(|child| child.name == "ledger.post").unwrap();
    assert_eq!((post.says("class"), post.says("sending")), ("ok", "first"));
    let calls = post.children(&spans);
    let [add] = &calls[..] else { panic!("one call: {calls:?}") };
    assert_eq!((add.name.as_str(), add.kind), ("add", SpanKind::Client));
    assert_eq!(add.says("http.request.method"), "POST");
    assert_eq!(add.says("http.response.status_code"), "200");
    assert!(spans.iter().all(|span| !span.failed), "{spans:#?}");
}

/// All that spans may say.
const SAID: [&str; 13] = [
    "cancellation.id",
    "class",
    "http.request.method",
    "http.response.status_code",
    "memo.key",
    "order.id",
    "outcome",
    "reason",
    "runner",
    "sending",
    "steps",
    "tenant",
    "url.path",
];

#[tokio::test]
async fn spans_have_the_documented_names_and_fields() {
    let collector = Collector::answering(ResponseTemplate::new(200)).await;
    let world = TestWorld::with(&pair(), &collector.settings()).await;
    let process = world.spawn(PROGRAM).await;
    world.account.refuse_connections().await;
    let event = event(&pair(), ITEMS, &[A]);
    tests::post(&world.http, process.address, &event).await.unwrap().is(500, "unavailable");
    world.account.accept_connections().await;
    tests::post(&world.http, process.address, &event).await.unwrap().is(200, "posted");
    ends_well(process).await;

    let spans = collector.spans().await;
    for span in &spans {
        let unlisted: Vec<_> = span.said.keys().filter(|it| !SAID.contains(&it.as_str())).collect();
        assert_eq!(unlisted, Vec::<&String>::new(), "{span:?}");
    }
    let failed: BTreeSet<_> =
        spans.iter().filter(|span| span.failed).map(|span| span.name.as_str()).collect();
    assert_eq!(failed, BTreeSet::from(["attempt", "delivery", "ledger.billing"]));
    for request in collector.received().await {
        for resource in request.resource_spans {
            let said = format!("{:?}", resource.resource);
            assert!(said.contains("service.name") && said.contains("here"), "{said}");
        }
    }
}

#[tokio::test]
async fn nothing_is_traced_without_a_collector() {
    let collector = Collector::answering(ResponseTemplate::new(200)).await;
    let on = collector.settings();
    let sampled_out = format!("{}\nsample = \"0\"", on.sections);
    // what is configured, whether a thread exports, whether spans arrive
    let table =
        [(String::new(), false, false), (sampled_out, true, false), (on.sections, true, true)];
    for (sections, exporting, arriving) in table {
        let world = TestWorld::with(&pair(), &Settings { sections, ..Settings::default() }).await;
        let process = world.spawn(PROGRAM).await;
        let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
        answer.unwrap().is(200, "posted");
        let threads = process.threads();
        let is_exporter = |it: &String| it.starts_with("OpenTelemetry");
        assert_eq!(threads.iter().any(is_exporter), exporting, "{threads:?}");
        ends_well(process).await;
        let spans = collector.spans().await;
        assert_eq!(!spans.is_empty(), arriving, "{spans:#?}");
    }
}

#[tokio::test]
async fn a_failing_collector_causes_one_log_line() {
    let refusing = Collector::answering(ResponseTemplate::new(503)).await;
    let silence = ResponseTemplate::new(200).set_delay(Duration::from_mins(10));
    let silent = Collector::answering(silence).await;
    let nowhere = "[telemetry]\notlp_endpoint = \"http://127.0.0.1:1\"".to_owned();
    // what is configured, what is said
    let table = [
        (refusing.settings(), "Failed to send spans"),
        (Settings { sections: nowhere, ..Settings::default() }, "Failed to send spans"),
        (
            Settings { server: "drain = \"1s\"".to_owned(), ..silent.settings() },
            "Timed out sending",
        ),
    ];
    for (settings, said) in table {
        let world = TestWorld::with(&pair(), &settings).await;
        let process = world.spawn(PROGRAM).await;
        let answer = tests::post(&world.http, process.address, &event(&pair(), ITEMS, &[A])).await;
        answer.unwrap().is(200, "posted");
        let log = process.log_file();
        ends_well(process).await;
        let log = std::fs::read_to_string(log).unwrap();
        let about_traces = |it: &&str| {
            it.contains("traces") || it.contains("spans") || it.contains("pentelemetry")
        };
        let lines: Vec<_> = log.lines().filter(about_traces).collect();
        let [line] = &lines[..] else { panic!("more than one line: {lines:#?}") };
        assert!(line.contains(said) && line.contains("\"WARN\""), "{line}");
    }
}
