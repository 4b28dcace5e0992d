//! One exchange with NetSuite: sign, send, read, classify.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use domain::Timestamp;
use jiff::fmt::rfc2822;
use ports::Clock;
use reqwest::{StatusCode, Url, header, redirect};
use tokio::time::Instant;
use tracing::{Instrument, Span, field::Empty};

use crate::{
    auth::{Account, Credentials},
    concurrency_limiter::{CallResult, Priority},
    fault::{Class, NetSuiteError},
    options::{Options, OptionsError},
    reply::{Node, Reply, XmlError},
    request::Request,
    slots::Slots,
};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Shorter than the idle time after which servers close connections: a request sent into a closed
/// connection has an unknown outcome.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest answer that is read.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// Sends the calls of one account.
pub(crate) struct Client {
    http: reqwest::Client,
    url: Url,
    version: String,
    credentials: Credentials,
    slots: Arc<Slots>,
    clock: Arc<dyn Clock>,
    timeout: Duration,
    /// The `Date` of the last answer in seconds; 0 before the first answer.
    server_date: AtomicI64,
}

/// A received answer.
struct HttpAnswer {
    status: StatusCode,
    bytes: Vec<u8>,
}

impl Client {
    /// A client without cookies and redirects: a session cookie beside a passport makes NetSuite
    /// reject the login as ambiguous.
    pub(crate) fn new(options: Options, clock: Arc<dyn Clock>) -> Result<Self, OptionsError> {
        options.check()?;
        let account: Account = options.account.parse()?;
        let http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .redirect(redirect::Policy::none())
            .gzip(true)
            .user_agent(concat!("memobridge/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(OptionsError::Http)?;
        let url = options.url(&account)?;
        let (name, ceiling) = (account.as_str(), options.concurrency);
        Ok(Self {
            http,
            version: options.version.clone(),
            slots: Slots::of(name, url.as_str(), ceiling, Arc::clone(&clock)),
            url,
            clock,
            timeout: options.timeout,
            server_date: AtomicI64::new(0),
            credentials: Credentials::new(account, options),
        })
    }

    /// Sends a request and returns the answer, or an error if it is a failure.
    pub(crate) async fn call(&self, request: &Request) -> Result<Node, NetSuiteError> {
        self.ask(Priority::Live, self.timeout, request).await
    }

    /// Sends a request once no live call waits for a slot.
    pub(crate) async fn call_backfill(&self, request: &Request) -> Result<Node, NetSuiteError> {
        self.ask(Priority::Backfill, self.timeout, request).await
    }

    /// Sends a request with a shorter timeout than usual.
    pub(crate) async fn call_with_timeout(
        &self,
        limit: Duration,
        request: &Request,
    ) -> Result<Node, NetSuiteError> {
        self.ask(Priority::Live, limit.min(self.timeout), request).await
    }

    /// The time limit of one call.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// The time for a passport.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The monotonic time, by which verified permissions expire.
    pub(crate) fn instant(&self) -> ports::Instant {
        self.clock.instant()
    }

    /// The `Date` of the last answer. NetSuite sends it also when it refuses the login.
    pub(crate) fn server_date(&self) -> Option<Timestamp> {
        let seconds = self.server_date.load(Ordering::Relaxed);
        (seconds != 0).then(|| Timestamp::from_millis(seconds * 1000))
    }

    async fn ask(
        &self,
        priority: Priority,
        limit: Duration,
        request: &Request,
    ) -> Result<Node, NetSuiteError> {
        let deadline = Instant::now() + limit;
        match self.attempt(priority, deadline, request).await {
            // Under load NetSuite refuses valid logins, before it processes anything.
            Err(error) if error.class == Class::Login => {
                self.attempt(priority, deadline, request).await
            }
            result => result,
        }
    }

    async fn attempt(
        &self,
        priority: Priority,
        deadline: Instant,
        request: &Request,
    ) -> Result<Node, NetSuiteError> {
        let left = || deadline.saturating_duration_since(Instant::now());
        // A request must have time to be answered; otherwise its outcome is unknown.
        let Some(mut slot) = self.slots.wait(priority, left() * 3 / 4).await else {
            return Err(NetSuiteError::new(Class::Throttled, "all slots of the account are taken"));
        };
        let started = self.clock.instant();
        let operation = request.operation.name();
        let span = tracing::info_span!(
            "http",
            otel.kind = "client",
            otel.name = operation,
            http.request.method = "POST",
            url.path = self.url.path(),
            http.response.status_code = Empty,
        );
        let exchange = self.exchange(left(), request).instrument(span);
        let (ns_id, result) = match exchange.await {
            Ok(answer) => open(&answer, request),
            Err(error) => (None, Err(error)),
        };
        slot.verdict = call_result(result.as_ref().err());
        tracing::debug!(
            operation,
            duration_ms = self.clock.instant().since(started).as_millis(),
            netsuite.request_id = ns_id,
            error = result.as_ref().err().map(|it| tracing::field::debug(it.class)),
            "Called NetSuite: {operation}"
        );
        result
    }

    async fn exchange(
        &self,
        limit: Duration,
        request: &Request,
    ) -> Result<HttpAnswer, NetSuiteError> {
        let passport = self.credentials.passport(self.clock.now());
        let mut response = self
            .http
            .post(self.url.clone())
            .timeout(limit)
            .header(header::CONTENT_TYPE, "text/xml; charset=utf-8")
            .header("SOAPAction", format!("\"{}\"", request.operation.name()))
            .body(request.envelope(&self.version, &passport))
            .send()
            .await
            .map_err(not_sent_or_unknown)?;
        let status = response.status();
        Span::current().record("http.response.status_code", status.as_u16());
        let date = response.headers().get(header::DATE).and_then(|it| it.to_str().ok());
        if let Some(date) = date.and_then(|it| rfc2822::parse(it).ok()) {
            self.server_date.store(date.timestamp().as_second(), Ordering::Relaxed);
        }
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(not_sent_or_unknown)? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > MAX_ANSWER {
                let is_answer = status == StatusCode::OK;
                let class = if is_answer { Class::Unreadable } else { Class::Unknown };
                return Err(NetSuiteError::caused(class, XmlError::TooLarge));
            }
        }
        Ok(HttpAnswer { status, bytes: self.credentials.redact(bytes) })
    }
}

/// What a result means for the concurrency limit.
fn call_result(error: Option<&NetSuiteError>) -> CallResult {
    match error.map(|it| it.class) {
        Some(Class::Throttled) => CallResult::Throttled,
        Some(Class::Unavailable | Class::Unknown) => CallResult::Silent,
        _ => CallResult::Answered,
    }
}

fn not_sent_or_unknown(error: reqwest::Error) -> NetSuiteError {
    let class = if error.is_connect() { Class::Unavailable } else { Class::Unknown };
    NetSuiteError::caused(class, error.without_url())
}

fn open(answer: &HttpAnswer, request: &Request) -> (Option<String>, Result<Node, NetSuiteError>) {
    if answer.status == StatusCode::TOO_MANY_REQUESTS {
        return (None, Err(NetSuiteError::new(Class::Throttled, "HTTP status 429")));
    }
    match Reply::read(&answer.bytes) {
        Ok(mut reply) => (reply.ns_id.take(), reply.answer(request.operation)),
        Err(problem) => (None, Err(unreadable(answer, problem))),
    }
}

/// The class of an answer that is no SOAP message, by its status.
fn unreadable(answer: &HttpAnswer, problem: XmlError) -> NetSuiteError {
    let is_maintenance = || {
        let words = String::from_utf8_lossy(&answer.bytes).to_ascii_lowercase();
        words.contains("maintenance")
    };
    let class = match answer.status {
        StatusCode::OK if is_whole(answer, &problem) => Class::Unreadable,
        StatusCode::SERVICE_UNAVAILABLE if is_maintenance() => Class::Unavailable,
        StatusCode::REQUEST_TIMEOUT => Class::Unknown,
        // The edge or a proxy redirected or refused it: it was not processed.
        status if status.is_redirection() || status.is_client_error() => Class::Unavailable,
        _ => Class::Unknown,
    };
    NetSuiteError::caused(class, NoReplyError(answer.status, problem))
}

/// Whether a SOAP message came to its end: what cannot be read of it is in the data.
fn is_whole(answer: &HttpAnswer, problem: &XmlError) -> bool {
    let message = answer.bytes.trim_ascii_end();
    let is_soap = !matches!(problem, XmlError::NotSoap(_));
    let name = message.strip_suffix(b">").map(<[u8]>::trim_ascii_end);
    is_soap && name.is_some_and(|it| it.ends_with(b":Envelope") || it.ends_with(b"</Envelope"))
}

/// An answer that NetSuite itself would not give.
#[derive(Debug, thiserror::Error)]
#[error("HTTP status {0}")]
struct NoReplyError(StatusCode, #[source] XmlError);

#[cfg(test)]
mod tests;
