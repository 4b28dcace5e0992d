//! The machine's clock: the only place where the service reads the time.

use std::{
    sync::OnceLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use async_trait::async_trait;
use domain::{CivilDate, Timestamp};
use jiff::tz::TimeZone;
use ports::{Clock, Instant};

/// The time of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The reading of both of the machine's clocks when the clock was first read.
static START: OnceLock<(Timestamp, tokio::time::Instant)> = OnceLock::new();

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }

    fn instant(&self) -> Instant {
        let (date, start) = START.get_or_init(|| (self.now(), tokio::time::Instant::now()));
        Instant::new(*date, start.elapsed())
    }

    async fn sleep(&self, wait: Duration) {
        tokio::time::sleep(wait).await;
    }
}

/// The calendar date of an instant in the ERP account's time zone.
#[must_use]
pub fn civil_date(at: Timestamp, zone: &TimeZone) -> CivilDate {
    let instant = jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default();
    let date = instant.to_zoned(zone.clone()).date();
    CivilDate::new(date.year(), date.month(), date.day()).expect("a calendar's date is a date")
}
