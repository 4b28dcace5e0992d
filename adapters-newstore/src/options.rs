//! The address and credentials of a tenant's API, checked before the first call.

use std::{fmt, time::Duration};

use domain::Tenant;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

/// The configuration of one tenant's API.
#[derive(Clone)]
pub struct Options {
    /// The tenant, an argument of every query.
    pub tenant: Tenant,
    /// The GraphQL endpoint.
    pub graphql_url: String,
    /// The OAuth 2 token endpoint, usually on another host.
    pub token_url: String,
    /// The API client.
    pub client_id: String,
    /// Its secret; sent only to `token_url`.
    pub client_secret: SecretString,
    /// The time limit for reading one order, tokens and pages included.
    pub timeout: Duration,
}

/// Why [`Options`] are invalid.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// The field is not a URL that can be called.
    #[error("{field} {problem}")]
    Url {
        /// The field.
        field: &'static str,
        /// The problem; never contains the URL itself.
        problem: String,
    },
    /// The field has no value.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// With a zero timeout no call could succeed.
    #[error("timeout is zero")]
    NoTime,
    /// A TLS client cannot be made, for example because root certificates are missing.
    #[error("no HTTP client can be made")]
    Client(#[source] reqwest::Error),
}

impl Options {
    /// Checks the options without any call.
    pub(crate) fn endpoints(&self) -> Result<Endpoints, OptionsError> {
        let graphql = url("graphql_url", &self.graphql_url)?;
        let token = url("token_url", &self.token_url)?;
        if self.client_id.is_empty() {
            return Err(OptionsError::Empty("client_id"));
        }
        if self.client_secret.expose_secret().is_empty() {
            return Err(OptionsError::Empty("client_secret"));
        }
        if self.timeout.is_zero() {
            return Err(OptionsError::NoTime);
        }
        Ok(Endpoints { graphql, token })
    }
}

/// The two addresses, parsed.
#[derive(Debug, Clone)]
pub(crate) struct Endpoints {
    pub(crate) graphql: Url,
    pub(crate) token: Url,
}

pub(crate) fn url(field: &'static str, raw: &str) -> Result<Url, OptionsError> {
    let invalid = |problem: &str| OptionsError::Url { field, problem: problem.to_owned() };
    let url = Url::parse(raw).map_err(|why| invalid(&format!("is not a URL: {why}")))?;
    match url.scheme() {
        "http" | "https" => {}
        _ => return Err(invalid("is neither http nor https")),
    }
    // Addresses are logged, and credentials in an address would be logged with it.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(invalid("carries a user name or password"));
    }
    Ok(url)
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("tenant", &self.tenant)
            .field("graphql_url", &self.graphql_url)
            .field("token_url", &self.token_url)
            .field("client_id", &self.client_id)
            .field("client_secret", &"[redacted]")
            .field("timeout", &self.timeout)
            .finish()
    }
}

#[cfg(test)]
mod tests;
