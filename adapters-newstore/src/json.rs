//! JSON as others write it: what can be understood of a text is understood.
//!
//! RFC 8259 lets a reader pass over a byte order mark (section 8.1), and lets a text hold half a
//! surrogate pair (8.2), as whoever cuts a text by its UTF-16 length writes it. `serde_json`
//! refuses both, and with them the whole answer or event. So every text that comes from outside is
//! mended first: what is odd in a text becomes one odd character of it.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, de::DeserializeOwned};
use serde_json::value::RawValue;

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
/// An escape such as `\ud83d`.
const ESCAPE: usize = 6;

/// The text in which `serde_json` finds nothing that is only odd.
///
/// A byte order mark is passed over. Bytes that are no UTF-8, and half a surrogate pair, are
/// U+FFFD. A control character that stands in a text as it is, is a space.
pub(crate) fn mended(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let text = String::from_utf8_lossy(body);
    match rewritten(&text) {
        Some(rewritten) => Cow::Owned(rewritten),
        None => text,
    }
}

/// A field that can be done without: `None` where it has another shape.
pub(crate) fn perhaps<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: DeserializeOwned,
{
    let raw = Box::<RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// The JSON with its texts mended; `None` where there is nothing to mend.
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

/// How long the escape is that begins here, and what stands for it if it is half a pair.
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
