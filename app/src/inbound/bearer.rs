//! The key that a call carries: `Authorization: Bearer KEY`.

use axum::http::{HeaderMap, header};

/// The key, where the call carries one.
pub(super) fn key(headers: &HeaderMap) -> Option<&str> {
    let value = std::str::from_utf8(headers.get(header::AUTHORIZATION)?.as_bytes()).ok()?;
    let (scheme, key) = value.split_once(' ')?;
    Some(key.trim()).filter(|it| scheme.eq_ignore_ascii_case("bearer") && !it.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, value.parse().unwrap());
        assert_eq!(key(&headers), expected, "{value:?}");
    }

    #[test]
    fn a_key_follows_the_word_bearer() {
        check("Bearer secret", Some("secret"));
        check("bearer  secret ", Some("secret"));
        check("Bearer schlüssel", Some("schlüssel"));
        check("Basic secret", None);
        check("secret", None);
        check("Bearer ", None);
        check("", None);
        assert_eq!(key(&HeaderMap::new()), None);
    }
}
