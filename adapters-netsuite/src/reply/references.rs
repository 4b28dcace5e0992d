//! Character references that name no character.
//!
//! Apache Axis 1 writes each UTF-16 unit above 0x7F as a reference of its own, so a
//! character outside the basic plane comes as two: `&#xD83D;&#xDE00;` is one emoji. XML
//! permits neither half, but one character of a name must not hide a whole answer.

use std::borrow::Cow;

/// The start of a character reference.
const START: &str = "&#";

/// The text with each reference that XML does not permit replaced: by the character where
/// two are the halves of one, else by U+FFFD.
pub(super) fn repaired(text: &str) -> Cow<'_, str> {
    let (mut repaired, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(START) {
        let (before, reference) = rest.split_at(start);
        let Some((unit, length)) = unit(reference) else {
            let (passed, after) = rest.split_at(start + START.len());
            repaired.push_str(passed);
            rest = after;
            continue;
        };
        if char::from_u32(unit).is_some_and(|it| it != '\0') {
            repaired.push_str(&rest[..start + length]);
            rest = &reference[length..];
            continue;
        }
        repaired.push_str(before);
        let next = &reference[length..];
        let pair = self::unit(next).and_then(|(low, more)| Some((joined(unit, low)?, more)));
        let (character, more) = pair.unwrap_or((char::REPLACEMENT_CHARACTER, 0));
        repaired.push(character);
        rest = &next[more..];
    }
    if repaired.is_empty() && rest.len() == text.len() {
        return Cow::Borrowed(text);
    }
    repaired.push_str(rest);
    Cow::Owned(repaired)
}

/// The number of the reference that `text` starts with, and its length in bytes.
fn unit(text: &str) -> Option<(u32, usize)> {
    let (digits, _) = text.strip_prefix(START)?.split_once(';')?;
    let length = START.len() + digits.len() + 1;
    let number = match digits.strip_prefix(['x', 'X']) {
        Some(digits) if digits.bytes().all(|it| it.is_ascii_hexdigit()) => {
            u32::from_str_radix(digits, 16)
        }
        None if digits.bytes().all(|it| it.is_ascii_digit()) => digits.parse(),
        _ => return None,
    };
    // More digits than any character has name none either.
    let is_empty = digits.trim_start_matches(['x', 'X']).is_empty();
    (!is_empty).then(|| (number.unwrap_or(u32::MAX), length))
}

/// The character of two UTF-16 units, where they are the halves of one.
fn joined(high: u32, low: u32) -> Option<char> {
    let units = [u16::try_from(high).ok()?, u16::try_from(low).ok()?];
    let mut characters = char::decode_utf16(units);
    let first = characters.next()?.ok()?;
    characters.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reference_becomes_a_character_or_the_replacement() {
        let table = [
            ("no reference & none", "no reference & none"),
            ("&#228;&#xE4;&amp;&#38;", "&#228;&#xE4;&amp;&#38;"),
            ("a &#xD83D;&#xDE00; b", "a \u{1F600} b"),
            ("&#55357;&#56832;", "\u{1F600}"),
            ("&#xd83d;&#56832;", "\u{1F600}"),
            ("&#xD83D;", "\u{FFFD}"),
            ("&#xDE00;&#xD83D;", "\u{FFFD}\u{FFFD}"),
            ("&#xD83D;x&#xDE00;", "\u{FFFD}x\u{FFFD}"),
            ("&#xD83D;&#xD83D;&#xDE00;", "\u{FFFD}\u{1F600}"),
            ("&#xD83D;&#228;", "\u{FFFD}&#228;"),
            ("&#0;&#x0;&#x110000;&#x99999999999;", "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}"),
            // No references: XML's own reader judges them.
            ("&#;&#x;&#g;&#12", "&#;&#x;&#g;&#12"),
            ("&#xD83D;&#", "\u{FFFD}&#"),
        ];
        for (text, expected) in table {
            assert_eq!(repaired(text), expected, "{text}");
        }
    }

    #[test]
    fn a_text_without_such_references_is_not_copied() {
        assert!(matches!(repaired("<a>plain</a>"), Cow::Borrowed(_)));
    }
}
