//! A collector of traces over real HTTP, and what it was sent.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::any_value::Value,
    trace::v1::{self as otlp, span::SpanKind},
};
use prost::Message;
use tests::Settings;
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::path};

/// What receives spans.
pub(super) struct Collector(MockServer);

/// A span as it was received.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) trace: Vec<u8>,
    pub(super) id: Vec<u8>,
    pub(super) parent: Vec<u8>,
    pub(super) name: String,
    pub(super) kind: SpanKind,
    pub(super) failed: bool,
    pub(super) said: BTreeMap<String, String>,
}

impl Collector {
    pub(super) async fn answering(answer: ResponseTemplate) -> Self {
        // Of its own: one from the pool would hear those that still send to another test's.
        let server = MockServer::builder().start().await;
        Mock::given(path("/v1/traces")).respond_with(answer).mount(&server).await;
        Self(server)
    }

    pub(super) fn settings(&self) -> Settings {
        Settings {
            worker: "first_delay = \"100ms\"\nmax_delay = \"200ms\"".to_owned(),
            sections: format!(
                "[telemetry]\notlp_endpoint = \"{}\"\nservice_name = \"here\"",
                self.0.uri()
            ),
            ..Settings::default()
        }
    }

    pub(super) async fn received(&self) -> Vec<ExportTraceServiceRequest> {
        let requests = self.0.received_requests().await.unwrap();
        let read =
            |it: &wiremock::Request| ExportTraceServiceRequest::decode(&it.body[..]).unwrap();
        requests.iter().map(read).collect()
    }

    pub(super) async fn spans(&self) -> Vec<Span> {
        let resources = self.received().await.into_iter().flat_map(|it| it.resource_spans);
        let scopes = resources.flat_map(|it| it.scope_spans);
        scopes.flat_map(|it| it.spans).map(Span::from).collect()
    }
}

impl From<otlp::Span> for Span {
    fn from(it: otlp::Span) -> Self {
        let kind = it.kind();
        let text = |value| match value {
            Value::StringValue(text) => text,
            Value::IntValue(number) => number.to_string(),
            other => panic!("an attribute of another kind: {other:?}"),
        };
        let said = it.attributes.into_iter();
        let said = said.map(|it| (it.key, text(it.value.unwrap().value.unwrap())));
        assert_eq!(it.events, [], "log lines stay in the log");
        Self {
            trace: it.trace_id,
            id: it.span_id,
            parent: it.parent_span_id,
            name: it.name,
            kind,
            failed: it.status.is_some_and(|it| it.code() == otlp::status::StatusCode::Error),
            said: said.collect(),
        }
    }
}

impl Span {
    pub(super) fn says(&self, key: &str) -> &str {
        self.said.get(key).map_or("", String::as_str)
    }

    pub(super) fn children<'a>(&self, all: &'a [Self]) -> Vec<&'a Self> {
        all.iter().filter(|it| it.parent == self.id).collect()
    }
}
