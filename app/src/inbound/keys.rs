//! The keys that a tenant's webhook may present, several at once for rotation without a gap.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The keys of one tenant, kept as digests only.
#[derive(Clone)]
pub struct Keys(Vec<[u8; 32]>);

impl Keys {
    /// Keys that are accepted; empty ones accept nothing.
    #[must_use]
    pub fn new(keys: Vec<SecretString>) -> Self {
        let usable = keys.into_iter().filter(|key| !key.expose_secret().trim().is_empty());
        Self(usable.map(|it| digest(it.expose_secret())).collect())
    }

    /// Whether the presented key is one of them.
    ///
    /// The duration depends on the number of keys and the length of the presented one, and on
    /// nothing secret: all digests have the same length, and every one is compared completely.
    #[must_use]
    pub fn accept(&self, presented: &str) -> bool {
        let presented = digest(presented);
        let equal = |hit: Choice, key: &[u8; 32]| hit | key.ct_eq(&presented);
        self.0.iter().fold(Choice::from(0), equal).into()
    }
}

/// A name of a key for logs: the first digits of its digest, which reveal nothing about the key.
#[must_use]
pub fn fingerprint(key: &str) -> String {
    let [a, b, c, d, ..] = digest(key);
    format!("{:08x}", u32::from_be_bytes([a, b, c, d]))
}

fn digest(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({})", self.0.len())
    }
}

#[cfg(test)]
mod tests;
