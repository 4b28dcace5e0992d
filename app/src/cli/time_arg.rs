//! A time argument: an instant, a day, or a duration before now.

use std::{str::FromStr, time::Duration};

use domain::Timestamp;
use jiff::{civil::Date, tz::TimeZone};
use ports::Clock;

use crate::{clock::SystemClock, config::duration, operator::parse};

/// An instant, a day, or a duration before now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeArg {
    At(Timestamp),
    /// Its first instant, in the time zone of the command.
    Day(Date),
    Ago(Duration),
}

impl TimeArg {
    pub(super) fn resolve(self, now: Timestamp, zone: &TimeZone) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.before(ago),
            Self::Day(day) => {
                let midnight = day.to_zoned(zone.clone()).map(|it| it.timestamp());
                Timestamp::from_millis(midnight.unwrap_or_default().as_millisecond())
            }
        }
    }
}

/// Reads a time; a day begins at midnight UTC.
pub(super) fn in_utc(raw: &str) -> Result<Timestamp, <TimeArg as FromStr>::Err> {
    raw.parse::<TimeArg>().map(|time| time.resolve(SystemClock.now(), &TimeZone::UTC))
}

impl FromStr for TimeArg {
    type Err = &'static str;

    fn from_str(raw: &str) -> Result<Self, Self::Err> {
        const PROBLEM: &str = "must be a time such as 2026-11-20T08:00:00Z, a day such as 2026-11-20, or how long \
             ago: 48h";
        if let Ok(at) = parse::instant(raw) {
            return Ok(Self::At(at));
        }
        if let Ok(ago) = duration(raw) {
            return Ok(Self::Ago(ago));
        }
        let is_day = raw.len() == "2026-11-20".len();
        raw.parse().ok().filter(|_| is_day).map(Self::Day).ok_or(PROBLEM)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_utc_without_a_customer() {
        assert_eq!(in_utc("2026-11-20").map(Timestamp::as_millis), Ok(1_795_132_800_000));
        let now = SystemClock.now();
        let ago = Duration::from_hours(48);
        let since = in_utc("48h").unwrap();
        assert!(now.before(ago) <= since && since <= SystemClock.now().before(ago), "{since:?}");
        in_utc("yesterday").unwrap_err();
    }

    #[test]
    fn a_time_has_three_formats() {
        let zone = TimeZone::get("America/New_York").unwrap();
        let now = Timestamp::from_millis(1_795_435_200_000);
        let table = [
            ("2026-11-20T08:00:00Z", Some(1_795_161_600_000)),
            ("2026-11-20T08:00:00.5+01:00", Some(1_795_158_000_500)),
            ("2026-11-20", Some(1_795_150_800_000)),
            ("48h", Some(1_795_262_400_000)),
            ("30d", Some(1_792_843_200_000)),
            ("yesterday", None),
            ("2026-11-20T08:00:00", None),
            ("2026-11-31", None),
            ("", None),
        ];
        for (raw, expected) in table {
            let moment = raw.parse::<TimeArg>().map(|it| it.resolve(now, &zone).as_millis());
            assert_eq!(moment.ok(), expected, "{raw:?}");
        }
    }
}
