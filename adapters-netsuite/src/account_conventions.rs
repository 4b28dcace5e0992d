//! The account's conventions that requests and replies depend on: its time zone and the key column.

use domain::{Amount, CivilDate, Currency, UnitId};
use jiff::{Timestamp, Zoned, civil, tz::TimeZone};

use crate::options::{Options, OptionsError};

/// How dates and unit ids are written in this account.
#[derive(Debug, Clone)]
pub(crate) struct AccountConventions {
    zone: TimeZone,
    /// The currency of the amounts in replies, where it is known.
    money: Option<Currency>,
    /// The custom column that holds unit ids.
    pub(crate) line_key_field: String,
}

impl AccountConventions {
    /// Looks up the time zone.
    pub(crate) fn new(options: &Options) -> Result<Self, OptionsError> {
        let name = options.time_zone.clone();
        let zone =
            TimeZone::get(&name).map_err(|source| OptionsError::TimeZone { name, source })?;
        Ok(Self { zone, money: None, line_key_field: options.line_key_field.clone() })
    }

    /// The same conventions for amounts in one currency.
    pub(crate) fn in_currency(&self, money: Currency) -> Self {
        Self { money: Some(money), ..self.clone() }
    }

    /// An amount of a record without noise: NetSuite stores a `double`, which may print 50.00 as
    /// 49.99999999999999.
    pub(crate) fn on_record(&self, amount: Amount) -> Amount {
        self.money.map_or_else(|| amount.denoised(), |money| money.round(amount))
    }

    /// A date in NetSuite's format: midnight with the offset of that day.
    ///
    /// An impossible date is passed on unchanged, and NetSuite rejects it with a message.
    pub(crate) fn midnight(&self, date: CivilDate) -> String {
        let (year, month, day) = date.parts();
        civil::Date::new(year, month, day)
            .and_then(|it| it.to_zoned(self.zone.clone()))
            .map_or_else(|_| format!("{date}T00:00:00.000Z"), |it| stamp(&it))
    }

    /// The date of an `xsd:dateTime`, which may come with any offset or none.
    pub(crate) fn date(&self, raw: &str) -> Option<CivilDate> {
        let date = match raw.parse::<Timestamp>() {
            Ok(instant) => instant.to_zoned(self.zone.clone()).date(),
            Err(_) => raw.parse::<civil::Date>().ok()?,
        };
        CivilDate::new(date.year(), date.month(), date.day()).ok()
    }

    /// The unit ids in a value of the key column; other words in it are ignored.
    pub(crate) fn units(value: &str) -> Vec<UnitId> {
        value.split(',').filter_map(|it| UnitId::stored(it.trim()).ok()).collect()
    }
}

/// An instant in whole seconds, the precision of NetSuite's searches and records.
pub(crate) fn moment(at: domain::Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_millis().div_euclid(1000)).unwrap_or_default()
}

fn stamp(midnight: &Zoned) -> String {
    midnight.strftime("%Y-%m-%dT%H:%M:%S.000%:z").to_string()
}

#[cfg(test)]
mod tests;
