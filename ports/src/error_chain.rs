//! Formats an error with its sources on one line, and redacts e-mail addresses from messages of
//! other systems.

use std::error::Error;

/// The error's message and those of its sources, each once.
#[must_use]
pub fn error_chain(error: &dyn Error) -> String {
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

/// The message of another system without e-mail addresses. Names cannot be recognised: adapters
/// query none, and logs quote no rejection of data.
#[must_use]
pub fn redact_emails(words: &str) -> String {
    let words = words.split(' ').map(|it| if it.contains('@') { "[redacted]" } else { it });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_email_address_is_redacted_with_its_punctuation() {
        // words, expected
        let table = [
            ("no address", "no address"),
            ("", ""),
            ("order of jane.roe@example.com failed", "order of [redacted] failed"),
            ("(user=<jane@example.com>), again", "[redacted] again"),
        ];
        for (words, expected) in table {
            assert_eq!(redact_emails(words), expected);
        }
    }
}
