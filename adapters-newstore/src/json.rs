//! Reads JSON of other systems as tolerantly as possible.
//!
//! RFC 8259 allows a reader to ignore a byte order mark (section 8.1), and allows a text to contain
//! half a surrogate pair (8.2), for example after it was cut by its UTF-16 length. `serde_json`
//! rejects both, and with them the complete answer or event. So every received text is cleaned
//! first: an invalid part of a text becomes one replacement character.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// An escape such as `\ud83d`.
const ESCAPE: usize = 6;

/// The text without anything that `serde_json` rejects only for its encoding.
///
/// A byte order mark is skipped. Bytes that are not UTF-8, and half a surrogate pair, become
/// U+FFFD. An unescaped control character becomes a space.
pub(crate) fn mended(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    match rewritten(&text) {
        Some(rewritten) => Cow::Owned(rewritten),
        None => text,
    }
}

/// An optional field: `None` where it has another shape.
pub(crate) fn perhaps<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// The JSON with cleaned texts; `None` where nothing must be changed.
fn rewritten(json: &str) -> Option<String> {
    let bytes = json.as_bytes();
    let (mut out, mut copied) = (String::new(), 0);
    let (mut at, mut in_text) = (0, false);
    while let Some(&byte) = bytes.get(at) {
        let (length, instead) = match byte {
            b'"' => {
                in_text = !in_text;
                (1, None)
            }
            b'\\' if in_text => escape(&bytes[at..]),
            0..0x20 if in_text => (1, Some(" ")),
            _ => (1, None),
        };
        if let Some(instead) = instead {
            out.push_str(&json[copied..at]);
            out.push_str(instead);
            copied = at + length;
        }
        at += length;
    }
    (copied > 0).then(|| out + &json[copied..])
}

/// The length of the escape that begins here, and its replacement if it is half a pair.
fn escape(rest: &[u8]) -> (usize, Option<&'static str>) {
    match unit(rest) {
        None => (2, None),
        Some(0xd800..0xdc00)
            if matches!(rest.get(ESCAPE..).and_then(unit), Some(0xdc00..0xe000)) =>
        {
            (2 * ESCAPE, None)
        }
        Some(0xd800..0xe000) => (ESCAPE, Some("\\ufffd")),
        Some(_) => (ESCAPE, None),
    }
}

/// The UTF-16 unit of an escape such as `\ud83d`.
fn unit(rest: &[u8]) -> Option<u16> {
    let digits = rest.strip_prefix(b"\\u")?.get(..4)?;
    let digits = str::from_utf8(digits).ok().filter(|it| !it.starts_with('+'))?;
    u16::from_str_radix(digits, 16).ok()
}

#[cfg(test)]
mod tests;
