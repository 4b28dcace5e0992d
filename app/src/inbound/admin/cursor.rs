//! The cursor of a page: opaque to callers, who send it to get the next page.

use std::{fmt, str::FromStr};

/// The sequence in the journal's list after which the next page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Cursor(pub(super) u64);

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Cursor {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let place = u64::from_str_radix(text, 16).map(Self).ok();
        place.filter(|it| it.to_string() == text).ok_or("is not a valid cursor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written() {
        for place in [0, 1, 0xfeed, u64::MAX] {
            assert_eq!(Cursor(place).to_string().parse(), Ok(Cursor(place)));
        }
    }

    #[test]
    fn any_other_text_is_no_cursor() {
        for wrong in ["", "1", "+000000000000001", "000000000000FEED", "00000000000000feed", "next"]
        {
            assert!(wrong.parse::<Cursor>().is_err(), "{wrong}");
        }
    }
}
