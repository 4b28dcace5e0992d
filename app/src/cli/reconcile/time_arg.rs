//! A moment as people write it.

use std::{str::FromStr, time::Duration};

use domain::Timestamp;
use jiff::{civil::Date, tz::TimeZone};

use crate::{config::duration, operator::parse};

/// An instant, a day, or how long ago.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeArg {
    At(Timestamp),
    /// Its first instant, where the books are kept.
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
    fn a_moment_is_written_in_three_ways() {
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
