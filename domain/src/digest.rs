//! The only hash function of the workspace: the same content gives the same twenty hexadecimal
//! digits on any machine.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The first 20 hexadecimal digits of SHA-256 over `parts` joined by single newlines.
pub(crate) fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            hash.update("\n");
        }
        hash.update(part);
    }
    let mut text = String::with_capacity(20);
    for byte in &hash.finalize()[..10] {
        write!(text, "{byte:02x}").expect("a string takes any text");
    }
    text
}
