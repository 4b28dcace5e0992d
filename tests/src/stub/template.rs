//! Bytes that are the same for every order but for its number.

/// Digits of a number.
const WIDTH: usize = 12;
/// The number of the order that is recorded: nothing else looks like it.
pub(super) const RECORDED: &[u8; WIDTH] = b"424242424242";

/// An order's number in all its ids.
pub(super) type Digits = [u8; WIDTH];

/// A text in which an order's number stands in some places.
#[derive(Debug, Clone)]
pub struct Template {
    bytes: Vec<u8>,
    places: Vec<usize>,
}

impl Template {
    /// Of a text about the order that is recorded.
    #[must_use]
    pub fn of(bytes: Vec<u8>) -> Self {
        let at = |it: &usize| bytes[*it..].starts_with(RECORDED);
        let places = (0..bytes.len()).filter(at).collect();
        Self { bytes, places }
    }

    /// The same about another order.
    #[must_use]
    pub fn about(&self, number: usize) -> Vec<u8> {
        let digits = format!("{number:0WIDTH$}");
        self.with(digits.as_bytes().try_into().expect("numbers stay below a million millions"))
    }

    pub(super) fn with(&self, digits: &Digits) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for place in &self.places {
            bytes[*place..place + WIDTH].copy_from_slice(digits);
        }
        bytes
    }
}

/// The number that follows the first `prefix`.
pub(super) fn digits<'a>(text: &'a str, prefix: &str) -> Option<&'a Digits> {
    let (_, rest) = text.split_once(prefix)?;
    rest.as_bytes().get(..WIDTH)?.try_into().ok()
}
