//! The one hash in the house: content in, the same twenty hexadecimal digits out on any machine.

use sha2::{Digest, Sha256};

/// The first 20 hexadecimal digits of SHA-256 over `parts` joined by single newlines.
pub(crate) fn digest(parts: &[&str]) -> String {
    let hash = Sha256::digest(parts.join("\n").as_bytes());
    let digits = hash.iter().flat_map(|byte| [byte >> 4, byte & 15]).take(20);
    digits.filter_map(|digit| char::from_digit(u32::from(digit), 16)).collect()
}
