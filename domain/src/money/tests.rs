use super::*;

fn amount(raw: &str) -> Amount {
    raw.parse().unwrap()
}

#[test]
fn rounds_half_up_to_the_exponent_of_the_currency() {
    let table = [
        ("USD", "0.005", "0.01"),
        ("USD", "-0.005", "-0.01"),
        ("USD", "19.9949999", "19.99"),
        ("USD", "20", "20.00"),
        ("JPY", "1999.5", "2000"),
        ("KWD", "1.2345", "1.235"),
        ("CLF", "1.23455", "1.2346"),
    ];
    for (code, raw, expected) in table {
        let currency: Currency = code.parse().unwrap();
        assert_eq!(currency.round(amount(raw)).to_string(), expected, "{raw} {code}");
    }
}

#[test]
fn reads_numbers_without_a_float_in_between() {
    assert_eq!(amount("12345678901.23").to_string(), "12345678901.23");
    assert_eq!(amount("1e2").value(), Decimal::from(100));
    assert_eq!(amount(" 19.950 "), amount("19.95"));
    assert!("19,95".parse::<Amount>().is_err());
    assert!("NaN".parse::<Amount>().is_err());
}

#[test]
fn no_parsed_amount_can_overflow() {
    assert!("1e13".parse::<Amount>().is_err());
    let huge = amount("1000000000000");
    assert_eq!(huge.share(Decimal::MAX, Decimal::ONE), Amount::ZERO);
    assert_eq!(huge.share(Decimal::ONE, Decimal::ZERO), Amount::ZERO);
}

#[test]
fn only_real_currencies_are_known() {
    assert_eq!("usd".parse::<Currency>().unwrap().code(), "USD");
    assert_eq!("KWD".parse::<Currency>().unwrap().smallest().to_string(), "0.001");
    assert!("XYZ".parse::<Currency>().is_err());
    assert!("".parse::<Currency>().is_err());
}

#[test]
fn zero_has_no_sign() {
    let usd: Currency = "USD".parse().unwrap();
    assert_eq!((-amount("0.00")).to_string(), "0.00");
    assert_eq!(usd.round(amount("-0.001")).to_string(), "0.00");
    assert_eq!(usd.round(-amount("0")).to_string(), "0.00");
    assert_eq!((amount("1.00") - amount("1.00")).to_string(), "0.00");
    assert_eq!(amount("-0.00").to_string(), "0.00");
}

#[test]
fn the_noise_of_a_binary_fraction_is_removed_in_any_currency() {
    let table = [
        ("49.99999999999999", "50.00"),
        ("0.30000000000000004", "0.3"),
        ("-1234.5600000000004", "-1234.56"),
        ("1.2345", "1.2345"),
        ("12.999999999999998", "13"),
    ];
    for (raw, expected) in table {
        let (raw, expected): (Amount, Amount) = (raw.parse().unwrap(), expected.parse().unwrap());
        assert_eq!(raw.denoised(), expected);
    }
    assert_eq!(CODES.iter().map(|(exponent, _)| *exponent).max(), Some(FINEST));
}
