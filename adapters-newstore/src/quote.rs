//! Quotes texts of other systems: short, printable, and without secrets.

use ports::redact_emails;
use secrecy::{ExposeSecret, SecretString};

const MAX_CHARS: usize = 300;

/// Quotes a server's message, with every secret that it may have echoed, and every e-mail address,
/// redacted.
pub(crate) fn quote(said: &str, secrets: &[&SecretString]) -> String {
    let mut text = said.to_owned();
    for secret in secrets.iter().map(|it| it.expose_secret()).filter(|it| !it.is_empty()) {
        text = text.replace(secret, "[redacted]");
    }
    let printable = |c: char| if c.is_control() { ' ' } else { c };
    let text: String = text.chars().map(printable).collect();
    cut(&redact_emails(&text), MAX_CHARS)
}

/// Trims a text and cuts it to this many characters, without the two characters that neither a
/// queue nor XML accepts. Cutting the result again changes nothing.
pub(crate) fn cut(text: &str, limit: usize) -> String {
    let text = text.replace(['\u{fffe}', '\u{ffff}'], "");
    let mut cut: String = text.trim().chars().take(limit).collect();
    cut.truncate(cut.trim_end().len());
    cut
}

#[cfg(test)]
mod tests;
