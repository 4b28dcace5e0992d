//! What people are told: an error with everything behind it, in one line; other systems'
//! words without what is nobody's business.

use std::error::Error;

/// The error's words and those of its sources, each once.
#[must_use]
pub fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.contains(&words) {
            text = format!("{text}: {words}");
        }
        source = cause.source();
    }
    text
}

/// Another system's words without e-mail addresses, whoever's they are. Names cannot be
/// told from other words: adapters ask for none, and logs quote no refusal of data.
#[must_use]
pub fn without_addresses(words: &str) -> String {
    let words = words.split(' ').map(|it| if it.contains('@') { "[redacted]" } else { it });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_blotted_out_with_what_it_hangs_on() {
        // words, expected
        let table = [
            ("no address", "no address"),
            ("", ""),
            ("order of jane.roe@example.com failed", "order of [redacted] failed"),
            ("(user=<jane@example.com>), again", "[redacted] again"),
        ];
        for (words, expected) in table {
            assert_eq!(without_addresses(words), expected);
        }
    }
}
