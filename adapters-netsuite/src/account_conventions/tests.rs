//! Dates and unit ids in the account's time zone and key column.

use super::*;
use crate::fixtures;

fn books_in(time_zone: &str) -> AccountConventions {
    AccountConventions::new(&Options { time_zone: time_zone.to_owned(), ..fixtures::options() })
        .unwrap()
}

#[test]
fn midnight_has_the_offset_of_its_day() {
    let table = [
        ("America/New_York", "2026-11-23", "2026-11-23T00:00:00.000-05:00"),
        ("America/New_York", "2026-07-01", "2026-07-01T00:00:00.000-04:00"),
        ("Europe/Berlin", "2026-03-29", "2026-03-29T00:00:00.000+01:00"),
        ("Europe/Berlin", "2026-03-30", "2026-03-30T00:00:00.000+02:00"),
        ("Asia/Kolkata", "2026-11-23", "2026-11-23T00:00:00.000+05:30"),
        ("UTC", "2026-11-23", "2026-11-23T00:00:00.000+00:00"),
        // A day that begins at one o'clock: there is no midnight.
        ("Africa/Cairo", "2026-04-24", "2026-04-24T01:00:00.000+03:00"),
        ("UTC", "2026-02-31", "2026-02-31T00:00:00.000Z"),
    ];
    for (zone, date, expected) in table {
        assert_eq!(books_in(zone).midnight(date.parse().unwrap()), expected, "{date} in {zone}");
    }
}

#[test]
fn dates_are_read_in_the_accounts_time_zone() {
    let table = [
        ("America/Los_Angeles", "2026-11-21T00:00:00.000-08:00", Some("2026-11-21")),
        ("America/New_York", "2026-11-21T00:00:00.000-05:00", Some("2026-11-21")),
        ("America/New_York", "2026-11-21T00:00:00.000-08:00", Some("2026-11-21")),
        ("Europe/Berlin", "2026-11-20T23:00:00.000Z", Some("2026-11-21")),
        ("Europe/Berlin", "2026-11-20T23:00:00Z", Some("2026-11-21")),
        ("Europe/Berlin", "2026-11-20", Some("2026-11-20")),
        ("Europe/Berlin", "2026-11-20T23:00:00", Some("2026-11-20")),
        ("Europe/Berlin", "yesterday", None),
        ("Europe/Berlin", "2026-13-01T00:00:00Z", None),
        ("Europe/Berlin", "-009999-01-02T01:59:59Z", None),
    ];
    for (zone, raw, expected) in table {
        let read = books_in(zone).date(raw).map(|it| it.to_string());
        assert_eq!(read.as_deref(), expected, "{raw} in {zone}");
    }
}

#[test]
fn the_key_column_is_split_at_commas_and_ignores_other_words() {
    let table = [
        ("", ""),
        ("A-1", "a-1"),
        (" a-1 , B-2,", "a-1 b-2"),
        ("a-1,not an id,shipping", "a-1 shipping"),
    ];
    for (value, expected) in table {
        let units: Vec<_> =
            AccountConventions::units(value).iter().map(ToString::to_string).collect();
        assert_eq!(units.join(" "), expected, "{value:?}");
    }
}
