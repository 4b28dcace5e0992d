//! Instants in NewStore's formats.

use domain::Timestamp;
use jiff::{civil::DateTime, tz::TimeZone};

/// Parses a time with an offset; one without is UTC, as everywhere in NewStore.
pub(crate) fn read(raw: &str) -> Option<Timestamp> {
    let raw = raw.trim();
    let has_time = raw.contains(['T', 't', ' ']);
    let in_utc = || raw.parse::<DateTime>().and_then(|it| it.to_zoned(TimeZone::UTC));
    let parsed = raw.parse::<jiff::Timestamp>().or_else(|_| in_utc().map(|it| it.timestamp()));
    let instant = parsed.ok().filter(|_| has_time)?;
    Some(Timestamp::from_millis(instant.as_millisecond()))
}

/// An instant in the API's format: UTC without an offset.
pub(crate) fn parse(at: Timestamp) -> String {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    at.strftime("%Y-%m-%dT%H:%M:%S.%3f").to_string()
}

/// The instant in UTC, for example `2026-11-21T09:30:00.162Z`.
pub(crate) fn written(at: Timestamp) -> String {
    // Only parsed instants get here, and those are in range.
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::MAX).to_string()
}
