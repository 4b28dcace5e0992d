//! The configuration of the adapter for one NetSuite account.

use std::{fmt, time::Duration};

use reqwest::Url;
use secrecy::SecretString;

use crate::auth::Account;

/// One account, its credentials, and its conventions.
#[derive(Clone)]
pub struct Options {
    /// The account id in any spelling: `TSTDRV123_SB1` or `tstdrv123-sb1`.
    pub account: String,
    /// The version of the web services, for example `2025_2`.
    pub version: String,
    /// The address of requests; derived from the account when absent.
    pub endpoint: Option<String>,
    /// Identifies the integration record.
    pub consumer_key: String,
    /// Signs for the integration record.
    pub consumer_secret: SecretString,
    /// Identifies the access token.
    pub token_id: String,
    /// Signs for the access token.
    pub token_secret: SecretString,
    /// The most requests in flight.
    pub concurrency: usize,
    /// The time limit of one request.
    pub timeout: Duration,
    /// The IANA name of the account's time zone.
    pub time_zone: String,
    /// The custom column that holds unit ids.
    pub line_key_field: String,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("account", &self.account)
            .field("version", &self.version)
            .field("endpoint", &self.endpoint)
            .field("concurrency", &self.concurrency)
            .field("timeout", &self.timeout)
            .field("time_zone", &self.time_zone)
            .field("line_key_field", &self.line_key_field)
            .finish_non_exhaustive()
    }
}

/// Why [`Options`] are invalid.
#[derive(Debug, thiserror::Error)]
pub enum OptionsError {
    /// A required value is empty.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// The account id has a character that no account id has.
    #[error("account {0:?} is not an account id like 1234567 or TSTDRV123_SB1")]
    Account(String),
    /// The version is not a year and a number.
    #[error("version {0:?} is not of the form 2025_2")]
    Version(String),
    /// The endpoint is not an HTTP address.
    #[error("endpoint {0:?} is not an http or https address")]
    Endpoint(String),
    /// The time zone does not exist.
    #[error("time zone {name:?} is not in the IANA database")]
    TimeZone {
        /// The configured name.
        name: String,
        /// The database's answer.
        source: jiff::Error,
    },
    /// No request could ever be sent.
    #[error("concurrency is 0")]
    Concurrency,
    /// The HTTP client could not be set up.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

impl Options {
    /// The address of requests.
    pub(crate) fn url(&self, account: &Account) -> Result<Url, OptionsError> {
        let derived = || {
            let (host, version) = (account.host(), &self.version);
            format!("https://{host}.suitetalk.api.netsuite.com/services/NetSuitePort_{version}")
        };
        let text = self.endpoint.clone().unwrap_or_else(derived);
        match Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
            _ => Err(OptionsError::Endpoint(text)),
        }
    }

    /// Checks what the types cannot.
    pub(crate) fn check(&self) -> Result<(), OptionsError> {
        let texts = [
            ("consumer_key", &self.consumer_key),
            ("token_id", &self.token_id),
            ("line_key_field", &self.line_key_field),
        ];
        if let Some((name, _)) = texts.iter().find(|(_, text)| text.trim().is_empty()) {
            return Err(OptionsError::Empty(name));
        }
        if !is_version(&self.version) {
            return Err(OptionsError::Version(self.version.clone()));
        }
        if self.concurrency == 0 {
            return Err(OptionsError::Concurrency);
        }
        Ok(())
    }
}

/// The version becomes part of namespaces and of the address, so only a valid version is accepted.
fn is_version(text: &str) -> bool {
    let digits =
        |part: &str, length| part.len() == length && part.bytes().all(|b| b.is_ascii_digit());
    text.split_once('_').is_some_and(|(year, number)| digits(year, 4) && digits(number, 1))
}

#[cfg(test)]
mod tests;
