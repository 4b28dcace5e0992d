//! For tests: a token endpoint and a GraphQL endpoint on the loopback, and a clock that the test
//! controls.

use std::{
    error::Error,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use domain::{OrderId, OrderSnapshot, Timestamp};
use ports::{Storefront, StorefrontError, contract::FakeClock};
use serde_json::{Value, json};
use wiremock::{
    Mock, MockServer, Request, Respond, ResponseTemplate,
    matchers::{header, header_regex, method, path},
};

use crate::{NewStore, Options};

/// The client's secret, which must occur only in the token request.
pub(crate) const SECRET: &str = "s3cret-of-the-client";
/// The prefix of every token.
pub(crate) const TOKEN: &str = "t0ken";

const GRAPHQL: &str = "/api/v1/org/data/query";
const TOKENS: &str = "/token";

pub(crate) struct Simulator {
    pub(crate) server: MockServer,
    pub(crate) clock: Arc<FakeClock>,
    pub(crate) options: Options,
}

impl Simulator {
    /// A tenant without answers.
    pub(crate) async fn start() -> Self {
        let server = MockServer::start().await;
        let options = Options {
            tenant: "dodici".parse().unwrap(),
            graphql_url: format!("{}{GRAPHQL}", server.uri()),
            token_url: format!("{}{TOKENS}", server.uri()),
            client_id: "memobridge".to_owned(),
            client_secret: SECRET.into(),
            timeout: Duration::from_secs(10),
        };
        Self { server, clock: Arc::new(FakeClock::hurried(Timestamp::from_millis(0))), options }
    }

    /// A tenant that issues tokens and answers every query like this.
    pub(crate) async fn answering(answer: impl Respond + 'static) -> Self {
        let simulator = Self::start().await;
        simulator.tokens(grants(json!(3600))).await;
        simulator.answers(answer).await;
        simulator
    }

    /// Sets the answer to requests for a token.
    pub(crate) async fn tokens(&self, answer: impl Respond + 'static) {
        let mock = Mock::given(method("POST")).and(path(TOKENS)).respond_with(answer);
        mock.mount(&self.server).await;
    }

    /// Sets the answer to correct queries.
    pub(crate) async fn answers(&self, answer: impl Respond + 'static) {
        Mock::given(method("POST"))
            .and(path(GRAPHQL))
            .and(header_regex("authorization", &format!("^Bearer {TOKEN}-[0-9]+$")))
            .and(header("accept", "application/json"))
            .and(header("content-type", "application/json"))
            .and(header("user-agent", concat!("memobridge/", env!("CARGO_PKG_VERSION"))))
            .respond_with(answer)
            .mount(&self.server)
            .await;
    }

    pub(crate) fn newstore(&self, page_size: i64) -> NewStore {
        let clock = Arc::clone(&self.clock);
        NewStore::with_page_size(self.options.clone(), clock, page_size).unwrap()
    }

    /// Reads the one order with a new client.
    pub(crate) async fn order(&self) -> Result<Option<OrderSnapshot>, StorefrontError> {
        self.newstore(100).order(&order_id()).await
    }

    /// The queries so far.
    pub(crate) async fn questions(&self) -> Vec<Value> {
        let requests = self.requests(GRAPHQL).await;
        requests
            .iter()
            .map(|request| request.body_json::<Value>().unwrap()["variables"].take())
            .collect()
    }

    /// The bodies of the token requests so far.
    pub(crate) async fn token_requests(&self) -> Vec<String> {
        let requests = self.requests(TOKENS).await;
        requests.into_iter().map(|request| String::from_utf8(request.body).unwrap()).collect()
    }

    async fn requests(&self, path: &str) -> Vec<Request> {
        let requests = self.server.received_requests().await.unwrap();
        requests.into_iter().filter(|request| request.url.path() == path).collect()
    }
}

pub(crate) fn order_id() -> OrderId {
    "5c0b4c0e-5d3f-4b8e-9c54-0f6c1b7a2d11".parse().unwrap()
}

/// Issues a new token each time, with this lifetime.
pub(crate) fn grants(expires_in: Value) -> impl Respond {
    let given = AtomicUsize::new(0);
    move |_: &Request| {
        let number = given.fetch_add(1, Ordering::SeqCst) + 1;
        let token = format!("{TOKEN}-{number}");
        let granted =
            json!({ "access_token": token, "token_type": "Bearer", "expires_in": expires_in });
        ResponseTemplate::new(200).set_body_json(granted)
    }
}

/// This status with this body, JSON or not.
pub(crate) fn status(code: u16, body: &str) -> ResponseTemplate {
    ResponseTemplate::new(code).set_body_raw(body.as_bytes(), "text/plain")
}

/// The answer that there is no such order.
pub(crate) fn nothing() -> ResponseTemplate {
    status(200, r#"{"data":{"order":null}}"#)
}

/// The complete text of an error, its sources and its debug form included.
pub(crate) fn whole_text(error: &dyn Error) -> String {
    let mut text = format!("{error:?}\n{error}");
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}\n{cause:?}\n{cause}");
        source = cause.source();
    }
    text
}
