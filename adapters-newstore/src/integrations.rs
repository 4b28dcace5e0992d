//! The event-stream port over NewStore's registration API, which calls a subscription an
//! integration.
//!
//! Its answers show the key of every integration, including those of other systems. So error texts
//! never quote such a body, not even the parser's message.

mod wire;

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use domain::Tenant;
use ports::{
    Clock, EventStream, EventStreamError, Registered, Registration, StorefrontError, Subscription,
    SubscriptionId,
};
use reqwest::{Client, RequestBuilder, Url};
use secrecy::SecretString;
use tokio::time;

use self::wire::{Integration, Integrations as Listed};
use crate::{
    Options, OptionsError,
    http::{self, HttpAnswer},
    options,
    token::Tokens,
};

const PATH: &str = "/api/v1/org/integrations/eventstream";
/// The API's error code for an unknown integration.
const UNKNOWN: &str = "resource_not_found";

/// One tenant's event-stream integrations.
pub struct Integrations {
    tenant: Tenant,
    http: Client,
    url: Url,
    tokens: Tokens,
    key: SecretString,
    timeout: Duration,
}

impl Integrations {
    /// Checks the arguments and prepares a client without any call. `url` is the registration
    /// address, derived from the GraphQL endpoint where absent; `key` is the key that deliveries
    /// carry.
    pub fn new(
        options: Options,
        url: Option<&str>,
        key: SecretString,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, OptionsError> {
        let endpoints = options.endpoints()?;
        let url = match url {
            Some(url) => options::url("url", url)?,
            None => beside(endpoints.graphql),
        };
        let Options { tenant, client_id, client_secret, timeout, .. } = options;
        let http = http::client(timeout).map_err(OptionsError::Client)?;
        let tokens =
            Tokens::new(http.clone(), endpoints.token, client_id, client_secret, clock, &tenant);
        Ok(Self { tenant, http, url, tokens, key, timeout })
    }

    /// The address of an integration, or of an operation on it.
    fn address(&self, path: &[&str]) -> Url {
        let mut url = self.url.clone();
        let mut segments = url.path_segments_mut().expect("an http URL has a path");
        segments.pop_if_empty().extend(path);
        drop(segments);
        url
    }

    /// One call, within the time limit.
    async fn call(
        &self,
        request: impl Fn() -> RequestBuilder,
        meaning: impl FnOnce(HttpAnswer, &[&SecretString]) -> Result<Vec<u8>, EventStreamError>,
    ) -> Result<Vec<u8>, EventStreamError> {
        let call = async {
            let (answer, token) = self.tokens.send(request).await?;
            meaning(answer, &[&token.value, &self.tokens.client_secret, &self.key])
        };
        match time::timeout(self.timeout, call).await {
            Ok(answer) => answer,
            Err(late) => Err(StorefrontError::Unavailable(Box::new(late)).into()),
        }
    }

    /// One call about an integration.
    async fn about(
        &self,
        id: &SubscriptionId,
        request: impl Fn() -> RequestBuilder,
    ) -> Result<Vec<u8>, EventStreamError> {
        self.call(request, |answer, secrets| judge(id, answer, secrets)).await
    }
}

#[async_trait]
impl EventStream for Integrations {
    async fn all(&self) -> Result<Vec<Subscription>, EventStreamError> {
        let request = || self.http.get(self.url.clone());
        let body = self.call(request, |answer, secrets| Ok(answer.success(secrets)?)).await?;
        let listed: Listed = wire::read(&body)?;
        Ok(listed
            .integrations
            .into_iter()
            .filter_map(|integration| integration.subscription(&self.key))
            .collect())
    }

    async fn find(&self, id: &SubscriptionId) -> Result<Option<Subscription>, EventStreamError> {
        let request = || self.http.get(self.address(&[id.as_str()]));
        match self.about(id, request).await {
            Ok(body) => Ok(wire::read::<Integration>(&body)?.subscription(&self.key)),
            Err(EventStreamError::Missing(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn register(&self, wanted: &Registration) -> Result<Registered, EventStreamError> {
        let change = wire::change(wanted, &self.key);
        let request = || self.http.patch(self.address(&[wanted.id.as_str()])).json(&change);
        match self.about(&wanted.id, request).await {
            Ok(_) => return Ok(Registered::Updated),
            Err(EventStreamError::Missing(_)) => {}
            Err(error) => return Err(error),
        }
        let new = wire::new(wanted, &self.key);
        let request = || self.http.post(self.url.clone()).json(&new);
        self.about(&wanted.id, request).await?;
        Ok(Registered::Created)
    }

    async fn start(&self, id: &SubscriptionId) -> Result<(), EventStreamError> {
        let request = || self.http.post(self.address(&[id.as_str(), "_start"]));
        self.about(id, request).await?;
        Ok(())
    }

    async fn remove(&self, id: &SubscriptionId) -> Result<(), EventStreamError> {
        let request = || self.http.delete(self.address(&[id.as_str()]));
        match self.about(id, request).await {
            Ok(_) | Err(EventStreamError::Missing(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The registration address on the same host.
fn beside(mut graphql: Url) -> Url {
    graphql.set_path(PATH);
    graphql.set_query(None);
    graphql.set_fragment(None);
    graphql
}

/// The meaning of an answer about an integration. A 404 without NewStore's error code comes from
/// another server at a wrong address.
fn judge(
    id: &SubscriptionId,
    answer: HttpAnswer,
    secrets: &[&SecretString],
) -> Result<Vec<u8>, EventStreamError> {
    match answer.status.as_u16() {
        404 if answer.has_word(UNKNOWN) => Err(EventStreamError::Missing(id.clone())),
        400 | 409 | 422 => Err(EventStreamError::Rejected(answer.describe(secrets))),
        _ => Ok(answer.success(secrets)?),
    }
}

impl fmt::Debug for Integrations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Integrations").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
