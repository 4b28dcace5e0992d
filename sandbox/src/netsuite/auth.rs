//! Checks the token passport of a request.

use std::{collections::HashMap, fmt};

use base64::{Engine, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use roxmltree::Node;
use sha2::Sha256;

use super::{
    Fault,
    account::Books,
    xml::{CORE, MESSAGES, attribute, children, content},
};

/// How far a passport's timestamp may be from the account's clock, in seconds.
const SKEW: i64 = 300;

/// The names in a passport, in the schema's order.
const PARTS: [&str; 6] = ["account", "consumerKey", "token", "nonce", "timestamp", "signature"];

/// The credentials with which an integration signs its requests.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The account as it is signed: `TSTDRV123_SB1`.
    pub account: String,
    /// The integration.
    pub consumer_key: String,
    /// Its secret.
    pub consumer_secret: String,
    /// The user's token.
    pub token_id: String,
    /// Its secret.
    pub token_secret: String,
}

/// Used nonces with their timestamps; each is valid once.
#[derive(Default)]
pub(super) struct Nonces(HashMap<String, i64>);

impl Credentials {
    /// Credentials for tests.
    #[must_use]
    pub fn example() -> Self {
        Self {
            account: "TSTDRV123_SB1".to_owned(),
            consumer_key: "sandbox-consumer-key".to_owned(),
            consumer_secret: "sandbox-consumer-secret-of-all".to_owned(),
            token_id: "sandbox-token".to_owned(),
            token_secret: "sandbox-token-secret-of-all".to_owned(),
        }
    }

    /// The signature that these credentials make.
    #[must_use]
    pub fn sign(&self, nonce: &str, timestamp: &str) -> String {
        let key = format!("{}&{}", self.consumer_secret, self.token_secret);
        let base = [&self.account, &self.consumer_key, &self.token_id, nonce, timestamp].join("&");
        let mac = Hmac::<Sha256>::new_from_slice(key.as_bytes());
        let mut mac = mac.expect("HMAC takes keys of any length");
        mac.update(base.as_bytes());
        STANDARD.encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("account", &self.account).finish_non_exhaustive()
    }
}

/// Checks the header of a request and records its nonce.
pub(super) fn check(books: &mut Books, header: Option<Node<'_, '_>>) -> Result<(), Fault> {
    let blocks: Vec<_> = header.into_iter().flat_map(children).collect();
    let other = |name: &str| blocks.iter().any(|it| it.tag_name().name() == name);
    let passports: Vec<_> =
        blocks.iter().filter(|it| it.has_tag_name((MESSAGES, "tokenPassport"))).collect();
    if other("passport") || other("applicationInfo") || passports.len() > 1 {
        return Err(ambiguous());
    }
    let passport = passports.first().and_then(|it| Passport::read(**it));
    let Some(passport) = passport else {
        return Err(Fault::invalid_login());
    };
    if passport.is_good(books) { Ok(()) } else { Err(Fault::invalid_login()) }
}

/// The fault for a request with two kinds of authentication.
pub(super) fn ambiguous() -> Fault {
    Fault::soap("invalidCredentialsFault", "USER_ERROR", "Ambiguous authentication")
}

struct Passport<'a> {
    parts: [&'a str; 6],
    algorithm: Option<&'a str>,
}

impl<'a> Passport<'a> {
    fn read(node: Node<'a, '_>) -> Option<Self> {
        let found: Vec<_> = children(node).collect();
        if found.len() != PARTS.len() {
            return None;
        }
        let mut parts = [""; 6];
        for ((part, name), child) in parts.iter_mut().zip(PARTS).zip(&found) {
            if !child.has_tag_name((CORE, name)) {
                return None;
            }
            *part = content(*child);
        }
        Some(Self { parts, algorithm: attribute(found[5], "algorithm") })
    }

    fn is_good(&self, books: &mut Books) -> bool {
        let [account, consumer_key, token, nonce, timestamp, signature] = self.parts;
        let ours = &books.credentials;
        let known = account == ours.account
            && consumer_key == ours.consumer_key
            && token == ours.token_id
            && matches!(self.algorithm, Some("HMAC-SHA256" | "HMAC_SHA256"))
            && signature == ours.sign(nonce, timestamp);
        let well_formed =
            (6..=64).contains(&nonce.len()) && nonce.chars().all(|it| it.is_ascii_alphanumeric());
        let now = books.time().as_second();
        let in_time = timestamp.parse().ok().filter(|it: &i64| (it - now).abs() <= SKEW);
        match in_time {
            Some(at) if known && well_formed => books.nonces.take(nonce, at, now),
            _ => false,
        }
    }
}

impl Nonces {
    /// Records the nonce; `false` if it was used before.
    fn take(&mut self, nonce: &str, at: i64, now: i64) -> bool {
        if self.0.len() > 10_000 {
            // Older ones are refused by their timestamp.
            self.0.retain(|_, at| now - *at <= SKEW);
        }
        self.0.insert(nonce.to_owned(), at).is_none()
    }
}
