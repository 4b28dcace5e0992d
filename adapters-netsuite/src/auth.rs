//! Token-based authentication: every request carries a passport that is valid once.
//!
//! The signature covers account, keys, nonce and time, joined by `&` without escaping. The account
//! is in upper case with an underscore, as NetSuite writes it; any other spelling is answered
//! "Invalid login attempt".

use std::{cmp::Reverse, str::FromStr};

use base64::{Engine, engine::general_purpose::STANDARD};
use domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use rand::{Rng, distr::Alphanumeric};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::options::{Options, OptionsError};

/// The only supported algorithm: NetSuite no longer considers HMAC-SHA1 secure.
pub(crate) const ALGORITHM: &str = "HMAC-SHA256";

const NONCE_LENGTH: usize = 32;

/// Shorter keys, which NetSuite does not create, could occur in the data by chance.
const KEY_LENGTH: usize = 8;

/// A NetSuite account in its canonical spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account(String);

/// The credentials of one account.
pub(crate) struct Credentials {
    account: Account,
    consumer_key: String,
    consumer_secret: SecretString,
    token: String,
    token_secret: SecretString,
}

/// The authentication of one request.
pub(crate) struct Passport<'a> {
    /// The account in its canonical spelling.
    pub(crate) account: &'a str,
    /// Identifies the integration record.
    pub(crate) consumer_key: &'a str,
    /// Identifies the access token.
    pub(crate) token: &'a str,
    /// Never used before.
    pub(crate) nonce: String,
    /// Seconds since the Unix epoch.
    pub(crate) timestamp: i64,
    /// Base64 of the HMAC over all of the above.
    pub(crate) signature: String,
}

impl Account {
    /// The account as in passports: `TSTDRV123_SB1`.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The account as in host names: `tstdrv123-sb1`.
    pub(crate) fn host(&self) -> String {
        self.0.to_ascii_lowercase().replace('_', "-")
    }
}

impl FromStr for Account {
    type Err = OptionsError;

    fn from_str(raw: &str) -> Result<Self, OptionsError> {
        let canonical = raw.trim().to_ascii_uppercase().replace('-', "_");
        let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if canonical.is_empty() || !canonical.chars().all(allowed) {
            return Err(OptionsError::Account(raw.to_owned()));
        }
        Ok(Self(canonical))
    }
}

impl Credentials {
    /// Takes the keys out of the options.
    pub(crate) fn new(account: Account, options: Options) -> Self {
        Self {
            account,
            consumer_key: options.consumer_key,
            consumer_secret: options.consumer_secret,
            token: options.token_id,
            token_secret: options.token_secret,
        }
    }

    /// An answer without memobridge's keys, in case NetSuite echoes them; unchanged where it has
    /// none.
    pub(crate) fn redact(&self, answer: Vec<u8>) -> Vec<u8> {
        let secrets = [&self.consumer_secret, &self.token_secret].map(ExposeSecret::expose_secret);
        let mut keys = [secrets[0], secrets[1], &self.consumer_key, &self.token];
        // The longest first, because a key may start with another one.
        keys.sort_by_key(|key| Reverse(key.len()));
        let Ok(text) = str::from_utf8(&answer) else {
            return answer;
        };
        let echoed = |it: &&&str| it.len() >= KEY_LENGTH && text.contains(**it);
        let mut echoed = keys.iter().filter(echoed).peekable();
        if echoed.peek().is_none() {
            return answer;
        }
        let blot = |text: String, key: &&str| text.replace(*key, "[redacted]");
        echoed.fold(text.to_owned(), blot).into_bytes()
    }

    /// A passport with a new nonce, for a single attempt.
    pub(crate) fn passport(&self, now: Timestamp) -> Passport<'_> {
        let nonce = rand::rng().sample_iter(Alphanumeric).take(NONCE_LENGTH).map(char::from);
        self.sign(nonce.collect(), now.as_millis().div_euclid(1000))
    }

    /// The passport for a nonce and a time.
    pub(crate) fn sign(&self, nonce: String, timestamp: i64) -> Passport<'_> {
        let account = self.account.as_str();
        let base = format!("{account}&{}&{}&{nonce}&{timestamp}", self.consumer_key, self.token);
        let secrets = [&self.consumer_secret, &self.token_secret].map(ExposeSecret::expose_secret);
        let mut mac = Hmac::<Sha256>::new_from_slice(secrets.join("&").as_bytes())
            .expect("HMAC takes a key of any length");
        mac.update(base.as_bytes());
        Passport {
            account,
            consumer_key: &self.consumer_key,
            token: &self.token,
            nonce,
            timestamp,
            signature: STANDARD.encode(mac.finalize().into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests;
