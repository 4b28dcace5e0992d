//! The access token: requested once, shared by all callers, renewed before it expires.

use std::{fmt, sync::Arc, time::Duration};

use domain::{Tenant, Timestamp};
use ports::{Clock, Instant, StorefrontError};
use reqwest::{Client, RequestBuilder, StatusCode, Url};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::{
    http::{self, HttpAnswer},
    json,
};

/// A token is renewed this long before it expires, or a tenth of its lifetime before, whichever is
/// less.
const MARGIN: Duration = Duration::from_mins(1);
/// The lifetime of a token whose server does not state it.
const DEFAULT_LIFE: Duration = Duration::from_mins(5);

/// Gets tokens by OAuth 2 client credentials.
pub(crate) struct Tokens {
    http: Client,
    url: Url,
    client_id: String,
    pub(crate) client_secret: SecretString,
    clock: Arc<dyn Clock>,
    tenant: String,
    /// Held during a request for a token, so that many callers send one request. This lock may be
    /// held across an await, and every holder has a timeout.
    current: Mutex<Option<Token>>,
}

/// One token; sent only to the API.
#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: SecretString,
    good_until: Instant,
}

impl Tokens {
    /// Prepares requests; there is no token yet.
    pub(crate) fn new(
        http: Client,
        url: Url,
        client_id: String,
        client_secret: SecretString,
        clock: Arc<dyn Clock>,
        tenant: &Tenant,
    ) -> Self {
        let (tenant, current) = (tenant.to_string(), Mutex::new(None));
        Self { http, url, client_id, client_secret, clock, tenant, current }
    }

    /// The current token, or a new one if it expires soon.
    pub(crate) async fn get(&self) -> Result<Token, StorefrontError> {
        let mut current = self.current.lock().await;
        let usable = current.as_ref().filter(|it| self.clock.instant() < it.good_until);
        if let Some(token) = usable {
            return Ok(token.clone());
        }
        let token = self.ask().await?;
        *current = Some(token.clone());
        Ok(token)
    }

    /// Sends a request with a token. Returns the token with the answer, so that the caller can
    /// redact it.
    pub(crate) async fn send(
        &self,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<(HttpAnswer, Token), StorefrontError> {
        let (answer, token) = self.attempt(request()).await?;
        if !answer.is_auth_error() {
            return Ok((answer, token));
        }
        // A token may expire early, and is then rejected like an unknown client. If a new token is
        // rejected as well, the client is wrong.
        tracing::info!("NewStore rejected the access token; requesting a new one");
        self.attempt(request()).await
    }

    async fn attempt(
        &self,
        request: RequestBuilder,
    ) -> Result<(HttpAnswer, Token), StorefrontError> {
        let token = self.get().await?;
        let answer = http::exchange(request.bearer_auth(token.value.expose_secret())).await?;
        if answer.is_auth_error() {
            self.discard(&token).await;
        }
        Ok((answer, token))
    }

    /// Discards a token that the API rejected, unless it was renewed meanwhile.
    async fn discard(&self, refused: &Token) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|it| it.is(refused)) {
            *current = None;
        }
    }

    async fn ask(&self) -> Result<Token, StorefrontError> {
        let (asked_at, began) = (self.clock.now(), self.clock.instant());
        let request = self.http.post(self.url.clone()).form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.expose_secret()),
        ]);
        let answer = http::exchange(request).await.map_err(in_token_server)?;
        let secrets = [&self.client_secret];
        if answer.status == StatusCode::BAD_REQUEST {
            // OAuth 2 uses status 400 for wrong credentials.
            let why = answer.describe(&secrets);
            return Err(StorefrontError::Unauthorized(format!("token server: {why}")));
        }
        let body = answer.success(&secrets).map_err(in_token_server)?;
        // The error contains neither the body nor the parser's message, because both may contain
        // the token.
        let granted = serde_json::from_str::<Granted>(&json::mended(&body));
        let granted = granted.map_err(|_| unreadable())?;
        let usable = granted.access_token.expose_secret();
        if usable.is_empty() || !usable.chars().all(|c| c.is_ascii_graphic()) {
            return Err(unreadable());
        }
        let life = granted.expires_in.map_or(DEFAULT_LIFE, Duration::from_secs);
        let ends = asked_at.after(life).since(Timestamp::from_millis(0));
        metrics::gauge!("memobridge_newstore_token_expires_timestamp_seconds", "tenant" => self.tenant.clone())
            .set(ends.as_secs_f64());
        let good_until = began.after(life.saturating_sub(MARGIN.min(life / 10)));
        Ok(Token { value: granted.access_token, good_until })
    }
}

impl Token {
    fn is(&self, other: &Self) -> bool {
        self.value.expose_secret() == other.value.expose_secret()
    }
}

/// The answer of the token server.
#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default, deserialize_with = "json::perhaps")]
    expires_in: Option<u64>,
}

fn unreadable() -> StorefrontError {
    StorefrontError::Unreadable("token server: the answer holds no usable token".to_owned())
}

fn in_token_server(error: StorefrontError) -> StorefrontError {
    let named = |text: String| format!("token server: {text}");
    match error {
        StorefrontError::Unauthorized(text) => StorefrontError::Unauthorized(named(text)),
        StorefrontError::Unreadable(text) => StorefrontError::Unreadable(named(text)),
        error => error,
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("good_until", &self.good_until).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
