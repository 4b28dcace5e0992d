//! One HTTP exchange: reads the answer within limits and interprets its status.

use std::time::Duration;

use ports::StorefrontError;
use reqwest::{Client, Request, RequestBuilder, Response, StatusCode, header, redirect, retry};
use secrecy::SecretString;
use serde::{Deserialize, de::IgnoredAny};
use tracing::{Instrument, Span, field::Empty};

use crate::{json, quote};

/// Several times the size of the largest possible order.
const MAX_BODY: usize = 16 * 1024 * 1024;
/// The most that is read of an error answer.
const MAX_REFUSAL: usize = 64 * 1024;
/// NewStore blocks an address for five minutes.
const BLOCKED: Duration = Duration::from_mins(5);
const DEFAULT_RETRY: u64 = 60;
const MAX_RETRY: u64 = 3600;

/// A client with memobridge's user agent that follows no redirect and does not retry.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    let json = header::HeaderValue::from_static("application/json");
    Client::builder()
        .user_agent(concat!("memobridge/", env!("CARGO_PKG_VERSION")))
        .default_headers([(header::ACCEPT, json)].into_iter().collect())
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .timeout(timeout)
        .build()
}

/// A complete answer.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    /// Its status.
    pub(crate) status: StatusCode,
    /// The value of `Retry-After` in seconds.
    pub(crate) retry_after: Option<u64>,
    /// Its body, as far as it was read.
    pub(crate) body: Vec<u8>,
}

/// Sends a request and reads the answer to its end, or to the limit.
pub(crate) async fn exchange(request: RequestBuilder) -> Result<HttpAnswer, StorefrontError> {
    let (client, request) = request.build_split();
    let request = request.map_err(broken)?;
    let span = tracing::info_span!(
        "http",
        otel.kind = "client",
        http.request.method = %request.method(),
        url.path = request.url().path(),
        http.response.status_code = Empty,
    );
    send(client, request).instrument(span).await
}

async fn send(client: Client, request: Request) -> Result<HttpAnswer, StorefrontError> {
    let response = client.execute(request).await.map_err(broken)?;
    let status = response.status();
    Span::current().record("http.response.status_code", status.as_u16());
    let retry_after = response.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|it| it.to_str().ok()?.trim().parse().ok());
    let body = if status.is_success() { body(response).await? } else { refusal(response).await };
    Ok(HttpAnswer { status, retry_after, body })
}

async fn body(mut response: Response) -> Result<Vec<u8>, StorefrontError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(broken)? {
        if body.len() + chunk.len() > MAX_BODY {
            let why = format!("the body is larger than {MAX_BODY} bytes");
            return Err(StorefrontError::Unreadable(why));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads the body of an error; the status already says what to do, so an incomplete body is no
/// further error.
async fn refusal(mut response: Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_REFUSAL {
            break;
        }
    }
    body
}

/// The error of a failed exchange. It does not contain the address, which is known from the
/// configuration.
fn broken(error: reqwest::Error) -> StorefrontError {
    let error = error.without_url();
    if error.is_timeout() || error.is_connect() || error.is_request() {
        return StorefrontError::Unavailable(Box::new(error));
    }
    StorefrontError::Unreadable(format!("the answer broke off: {error}"))
}

impl HttpAnswer {
    /// The body of a success, otherwise the error. `secrets` are removed from the text.
    pub(crate) fn success(self, secrets: &[&SecretString]) -> Result<Vec<u8>, StorefrontError> {
        match self.status.as_u16() {
            200..=299 => Ok(self.body),
            _ if self.is_auth_error() => Err(StorefrontError::Unauthorized(self.describe(secrets))),
            403 => Err(StorefrontError::Throttled(BLOCKED)),
            429 => {
                let wait = self.retry_after.unwrap_or(DEFAULT_RETRY).clamp(1, MAX_RETRY);
                Err(StorefrontError::Throttled(Duration::from_secs(wait)))
            }
            408 | 500..=599 => Err(StorefrontError::Unavailable(self.describe(secrets).into())),
            _ => Err(StorefrontError::Unreadable(self.describe(secrets))),
        }
    }

    /// Whether it rejects the token or the client.
    pub(crate) fn is_auth_error(&self) -> bool {
        match self.status.as_u16() {
            401 => true,
            // A blocked address gets an HTML page; a rejected client gets JSON.
            403 => serde_json::from_str::<IgnoredAny>(&json::mended(&self.body)).is_ok(),
            _ => false,
        }
    }

    /// Whether its body contains this word.
    pub(crate) fn has_word(&self, word: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(word)
    }

    /// The status, and the server's message where there is one.
    pub(crate) fn describe(&self, secrets: &[&SecretString]) -> String {
        let problem: Problem = serde_json::from_str(&json::mended(&self.body)).unwrap_or_default();
        let words = [problem.error, problem.title, problem.message, problem.detail];
        let graphql = problem.errors.into_iter().flatten().filter_map(|it| it.message);
        let words: Vec<_> = words.into_iter().flatten().chain(graphql).collect();
        let status = format!("status {}", self.status.as_u16());
        if words.is_empty() {
            return status;
        }
        format!("{status}: {}", quote::quote(&words.join("; "), secrets))
    }
}

/// The fields in which NewStore's APIs and its token server put their messages.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Problem {
    #[serde(deserialize_with = "json::perhaps")]
    error: Option<String>,
    #[serde(deserialize_with = "json::perhaps")]
    title: Option<String>,
    #[serde(alias = "Message", deserialize_with = "json::perhaps")]
    message: Option<String>,
    #[serde(deserialize_with = "json::perhaps")]
    detail: Option<String>,
    #[serde(deserialize_with = "json::perhaps")]
    errors: Option<Vec<GraphqlError>>,
}

/// One GraphQL error, with the fields that are shown.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct GraphqlError {
    /// The message for people.
    #[serde(deserialize_with = "json::perhaps")]
    pub(crate) message: Option<String>,
}

#[cfg(test)]
mod tests;
