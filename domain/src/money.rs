//! Exact money: decimal amounts and the one place where they are rounded.
//!
//! There is no float in this crate. An [`Amount`] is bounded when it is read,
//! so that no sum or product of an order's amounts can overflow.

use std::{
    fmt,
    iter::Sum,
    ops::{Add, AddAssign, Neg, Sub, SubAssign},
    str::FromStr,
};

use rust_decimal::{Decimal, RoundingStrategy};

/// An amount of money in the currency of its order; may be negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Amount(Decimal);

/// Why a number is no amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// The text is not a decimal number.
    #[error("{0:?} is not a decimal number")]
    NotDecimal(String),
    /// Larger than any order, and large enough to overflow a sum.
    #[error("{0} is beyond the limit of 1000000000000")]
    TooLarge(Decimal),
}

const LIMIT: i64 = 1_000_000_000_000;

impl Amount {
    /// Zero.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// Accepts a decimal of at most a million million.
    pub fn new(value: Decimal) -> Result<Self, AmountError> {
        if value.abs() > Decimal::from(LIMIT) {
            return Err(AmountError::TooLarge(value));
        }
        Ok(Self(value))
    }

    /// The number, as precise as it was given.
    #[must_use]
    pub fn value(self) -> Decimal {
        self.0
    }

    /// The amount without its sign.
    #[must_use]
    pub fn abs(self) -> Self {
        Self(self.0.abs())
    }

    /// Whether this is 0, at any scale.
    #[must_use]
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// An amount in hundredths.
    #[must_use]
    pub fn cents(cents: i64) -> Self {
        Self(Decimal::new(cents, 2))
    }

    /// This amount multiplied by `count`; an error when the result exceeds the limit of an order.
    pub fn times(self, count: u32) -> Result<Self, AmountError> {
        let product = self.0.saturating_mul(Decimal::from(count));
        Self::new(product)
    }

    /// This amount without the noise of a binary fraction, for amounts whose currency is unknown:
    /// rounded to the smallest unit that any currency has.
    ///
    /// Example: an `xsd:double` may print 50.00 as 49.99999999999999.
    #[must_use]
    pub fn denoised(self) -> Self {
        Self(rounded(self, FINEST).0.normalize())
    }

    /// This amount times `part / whole`, not yet rounded; zero when `whole` is zero.
    #[must_use]
    pub fn share(self, part: Decimal, whole: Decimal) -> Self {
        let product = self.0.checked_mul(part);
        let quotient = product.and_then(|it| it.checked_div(whole));
        Self(quotient.unwrap_or_default())
    }
}

impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(raw: &str) -> Result<Self, AmountError> {
        Self::new(decimal(raw)?)
    }
}

/// Reads a decimal number exactly, with or without an exponent.
pub fn decimal(raw: &str) -> Result<Decimal, AmountError> {
    let raw = raw.trim();
    let parsed = raw.parse().or_else(|_| Decimal::from_scientific(raw));
    parsed.map_err(|_| AmountError::NotDecimal(raw.chars().take(40).collect()))
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Add for Amount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl Sub for Amount {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl Neg for Amount {
    type Output = Self;

    fn neg(self) -> Self {
        Self::ZERO - self
    }
}

impl AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Amount {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Sum for Amount {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// An ISO 4217 currency: its code and how many decimals its smallest unit has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: &'static str,
    exponent: u32,
}

/// No currency has this code.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an ISO 4217 currency")]
pub struct CurrencyError(String);

impl Currency {
    /// The code in upper case, for example `USD`.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.code
    }

    /// Decimals of the smallest unit: JPY 0, USD 2, KWD 3.
    #[must_use]
    pub fn exponent(self) -> u32 {
        self.exponent
    }

    /// The smallest amount that can be paid: one cent.
    #[must_use]
    pub fn smallest(self) -> Amount {
        Amount(Decimal::new(1, self.exponent))
    }

    /// Rounds half-up to the smallest unit. This is the only function that rounds money.
    #[must_use]
    pub fn round(self, amount: Amount) -> Amount {
        rounded(amount, self.exponent)
    }

    /// Whether the amount can be paid exactly.
    #[must_use]
    pub fn is_exact(self, amount: Amount) -> bool {
        self.round(amount) == amount
    }
}

impl FromStr for Currency {
    type Err = CurrencyError;

    fn from_str(raw: &str) -> Result<Self, CurrencyError> {
        let wanted = raw.trim().to_ascii_uppercase();
        CODES
            .iter()
            .flat_map(|(exponent, codes)| codes.split(' ').map(|code| (code, *exponent)))
            .find(|(code, _)| *code == wanted)
            .map(|(code, exponent)| Self { code, exponent })
            .ok_or_else(|| CurrencyError(raw.chars().take(10).collect()))
    }
}

fn rounded(amount: Amount, exponent: u32) -> Amount {
    let strategy = RoundingStrategy::MidpointAwayFromZero;
    let mut rounded = amount.0.round_dp_with_strategy(exponent, strategy);
    rounded.rescale(exponent);
    Amount(rounded)
}

/// The largest exponent of [`CODES`].
const FINEST: u32 = 4;

/// ISO 4217, list one, by exponent.
const CODES: [(u32, &str); 4] = [
    (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
    (
        2,
        "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP \
         BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR \
         FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR \
         KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR \
         MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK \
         SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN \
         UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL",
    ),
    (3, "BHD IQD JOD KWD LYD OMR TND"),
    (4, "CLF UYW"),
];

#[cfg(test)]
mod tests;
