//! Decimals as the account reads and writes them.

use rust_decimal::{Decimal, RoundingStrategy};

/// Rounds half up, away from zero.
pub(super) fn round(amount: Decimal, decimals: u32) -> Decimal {
    amount.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero)
}

/// Writes `xsd:double` as the account's runtime does: always with a decimal, and with
/// an exponent from ten million on and below a thousandth.
pub(super) fn double(value: Decimal) -> String {
    let value = value.normalize();
    let size = value.abs();
    if value.is_zero() {
        return "0.0".to_owned();
    }
    if size >= Decimal::from(10_000_000) || size < Decimal::new(1, 3) {
        return scientific(value);
    }
    if value.scale() == 0 { format!("{value}.0") } else { value.to_string() }
}

/// Writes an amount with the noise of a computed `xsd:double`: the next number toward zero, for
/// example 49.99999999999999 for 50.00.
pub(super) fn noisy(value: Decimal) -> String {
    let exact: f64 = value.to_string().parse().expect("a decimal is a number");
    let near = if exact == 0.0 { exact } else { f64::from_bits(exact.to_bits() - 1) };
    format!("{near:?}")
}

fn scientific(value: Decimal) -> String {
    let digits = value.mantissa().unsigned_abs().to_string();
    let digits = digits.trim_end_matches('0');
    let whole = value.mantissa().unsigned_abs().to_string().len();
    let whole = i64::try_from(whole).expect("a decimal has at most 29 digits");
    let exponent = whole - 1 - i64::from(value.scale());
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let (first, rest) = digits.split_at(1);
    let rest = if rest.is_empty() { "0" } else { rest };
    format!("{sign}{first}.{rest}E{exponent}")
}

/// Reads `xsd:double`.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    text.parse().or_else(|_| Decimal::from_scientific(text)).ok()
}
