//! Instants and civil dates as plain values; this crate reads no clock and no time zone.

use std::{fmt, str::FromStr};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since the Unix epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0
    }

    /// The instant that is `wait` later.
    #[must_use]
    pub fn after(self, wait: std::time::Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The instant that was `span` earlier.
    #[must_use]
    pub fn before(self, span: std::time::Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    /// The time from `earlier` to this instant; zero if this instant is not later.
    #[must_use]
    pub fn since(self, earlier: Self) -> std::time::Duration {
        let millis = self.0.saturating_sub(earlier.0);
        std::time::Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }
}

/// A calendar date in the ERP account's time zone, for example `2026-11-23`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CivilDate {
    year: i16,
    month: i8,
    day: i8,
}

/// The text or the numbers are not a valid date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not a date of the form 2026-11-23")]
pub struct DateError;

impl CivilDate {
    /// The first day of 1970.
    pub const EPOCH: Self = Self { year: 1970, month: 1, day: 1 };

    /// A date from its parts. Does not check whether the month has that day; the caller's calendar
    /// does.
    pub fn new(year: i16, month: i8, day: i8) -> Result<Self, DateError> {
        if (1..=12).contains(&month) && (1..=31).contains(&day) && (0..=9999).contains(&year) {
            return Ok(Self { year, month, day });
        }
        Err(DateError)
    }

    /// Year, month, day.
    #[must_use]
    pub fn parts(self) -> (i16, i8, i8) {
        (self.year, self.month, self.day)
    }
}

impl fmt::Display for CivilDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for CivilDate {
    type Err = DateError;

    fn from_str(raw: &str) -> Result<Self, DateError> {
        let mut parts = raw.splitn(3, '-');
        let mut next = || parts.next().ok_or(DateError);
        let (year, month, day) = (next()?, next()?, next()?);
        let number = |text: &str| text.parse().map_err(|_| DateError);
        Self::new(year.parse().map_err(|_| DateError)?, number(month)?, number(day)?)
    }
}
