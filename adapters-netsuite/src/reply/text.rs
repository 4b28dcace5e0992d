//! Decodes characters: references, and halves of characters outside the basic plane.
//!
//! Apache Axis 1, whose namespace NetSuite's faults carry, writes every UTF-16 unit above 0x7F as a
//! separate reference: an emoji is `&#xD83D;&#xDE00;`. Two adjacent halves are one character. A
//! single half, and any number that is no character, becomes U+FFFD, so that one character does not
//! make a record unreadable.

use std::{borrow::Cow, char, str};

use quick_xml::escape::resolve_predefined_entity;

use super::XmlError;

/// Character references, combined from their halves.
#[derive(Debug, Default)]
pub(super) struct References {
    /// The first half of a character, of which the second must follow at once.
    high: Option<u16>,
}

impl References {
    /// Appends the character of a reference, given the text between `&` and `;`. A first half
    /// appends nothing until the second comes.
    pub(super) fn resolve(&mut self, name: &str, out: &mut String) -> Result<(), XmlError> {
        let Some(digits) = name.strip_prefix('#') else {
            out.extend(self.end());
            out.push_str(resolve_predefined_entity(name).ok_or(XmlError::DocumentType)?);
            return Ok(());
        };
        let number = match digits.strip_prefix(['x', 'X']) {
            Some(digits) => number(digits, 16),
            None => number(digits, 10),
        };
        let number = number.ok_or_else(|| XmlError::value("reference", name))?;
        match u16::try_from(number) {
            Ok(unit @ 0xD800..=0xDBFF) => {
                out.extend(self.end());
                self.high = Some(unit);
            }
            Ok(unit @ 0xDC00..=0xDFFF) => match self.high.take() {
                Some(high) => out.extend(char::decode_utf16([high, unit]).flatten()),
                None => out.push(char::REPLACEMENT_CHARACTER),
            },
            _ => {
                out.extend(self.end());
                let character = char::from_u32(number).filter(|it| is_allowed(*it));
                out.push(character.unwrap_or(char::REPLACEMENT_CHARACTER));
            }
        }
        Ok(())
    }

    /// Ends a sequence of references: returns the replacement for a first half that stayed alone.
    pub(super) fn end(&mut self) -> Option<char> {
        self.high.take().map(|_| char::REPLACEMENT_CHARACTER)
    }
}

/// The number that consists of exactly these digits; larger than any character where there are too
/// many.
fn number(digits: &str, radix: u32) -> Option<u32> {
    if digits.is_empty() || !digits.chars().all(|it| it.is_digit(radix)) {
        return None;
    }
    Some(u32::from_str_radix(digits, radix).unwrap_or(u32::MAX))
}

/// Whether XML 1.0 has the character.
fn is_allowed(character: char) -> bool {
    matches!(character, '\t' | '\n' | '\r' | '\u{20}'..='\u{fffd}' | '\u{10000}'..)
}

/// The value of an attribute: references resolved, white space as spaces.
pub(super) fn attribute(raw: &str) -> Result<Cow<'_, str>, XmlError> {
    if !raw.contains(['&', '\t', '\n', '\r']) {
        return Ok(Cow::Borrowed(raw));
    }
    let spaced = |text: &str| text.replace("\r\n", " ").replace(['\t', '\n', '\r'], " ");
    let (mut out, mut references) = (String::with_capacity(raw.len()), References::default());
    let mut rest = raw;
    while let Some((before, after)) = rest.split_once('&') {
        if !before.is_empty() {
            out.extend(references.end());
            out.push_str(&spaced(before));
        }
        let (name, after) =
            after.split_once(';').ok_or_else(|| XmlError::value("reference", after))?;
        references.resolve(name, &mut out)?;
        rest = after;
    }
    out.extend(references.end());
    out.push_str(&spaced(rest));
    Ok(Cow::Owned(out))
}

/// The document as text. A Java-like stack may write the halves of a character in three bytes each;
/// these are decoded like references.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, XmlError> {
    if let Ok(text) = str::from_utf8(bytes) {
        return Ok(Cow::Borrowed(text));
    }
    let mut whole = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, after)) = rest.split_first() {
        let Some(high) = half(rest) else {
            whole.push(*first);
            rest = after;
            continue;
        };
        rest = &rest[3..];
        let low = half(rest).filter(|low| (0xDC00..=0xDFFF).contains(low));
        let pair = low.and_then(|low| char::decode_utf16([high, low]).next()?.ok());
        if pair.is_some() {
            rest = &rest[3..];
        }
        let character = pair.unwrap_or(char::REPLACEMENT_CHARACTER);
        whole.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    String::from_utf8(whole).map(Cow::Owned).map_err(|_| XmlError::NotText)
}

/// The half of a character that these bytes begin with, encoded as if it were a character.
fn half(bytes: &[u8]) -> Option<u16> {
    match bytes {
        [0xED, second @ 0xA0..=0xBF, third @ 0x80..=0xBF, ..] => {
            Some(0xD000 | (u16::from(second & 0x3F) << 6) | u16::from(third & 0x3F))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests;
