//! Text lengths in UTF-16 units, as the ledger counts them.

/// The longest prefix of `text` with at most `limit` UTF-16 units. A character outside the basic
/// plane counts as two units and is never split.
#[must_use]
pub fn cut_utf16(text: &str, limit: usize) -> &str {
    let mut left = limit;
    for (position, character) in text.char_indices() {
        match left.checked_sub(character.len_utf16()) {
            Some(rest) => left = rest,
            None => return &text[..position],
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_by_utf16_units_at_a_character_boundary() {
        let table = [
            ("", 3, ""),
            ("abc", 3, "abc"),
            ("abcd", 3, "abc"),
            ("ééé", 2, "éé"),
            ("a😀", 3, "a😀"),
            ("ab😀", 3, "ab"),
            ("😀😀", 3, "😀"),
            ("😀", 1, ""),
            ("😀", 0, ""),
        ];
        for (text, limit, expected) in table {
            assert_eq!(cut_utf16(text, limit), expected, "{text:?} cut at {limit}");
        }
    }
}
