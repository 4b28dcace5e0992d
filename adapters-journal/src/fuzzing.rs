//! Hooks for the fuzz targets. Not part of the public API.

use domain::CreditMemo;

use crate::codec;

/// The stored text of a memo; `None` for one that is refused.
#[must_use]
pub fn write(memo: &CreditMemo) -> Option<String> {
    codec::encode(memo).ok()
}

/// The memo in a text that was stored under `key`; otherwise the error, for people.
pub fn read(key: &str, text: &str) -> Result<CreditMemo, String> {
    codec::decode(key, text).map_err(|error| error.to_string())
}
