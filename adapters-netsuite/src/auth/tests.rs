//! The published signatures, and the properties that make a passport valid only once.

use super::*;
use crate::fixtures::{NONCE, TIMESTAMP, credentials, options};

#[test]
fn signatures_are_the_published_ones() {
    let table = [
        ("1234567", "FCghIZqXNetuZY8ILWOFH0ucdfzQOmAuL+q+kF21zPs="),
        ("TSTDRV123_SB1", "fpQcnrKL+ODHeK9JaF2nLZIbbw9O7lIJNquxKnhGrGk="),
        ("1234567_SB1", "/cDDnQpbaRiT4UOJY7EHF99fSIA3W6YK/liJKJ1CxI8="),
    ];
    for (account, expected) in table {
        let credentials = credentials(account);
        let passport = credentials.sign(NONCE.to_owned(), TIMESTAMP);
        assert_eq!(passport.signature, expected, "{account}");
    }
}

#[test]
fn an_account_has_one_spelling_in_passports_and_one_in_host_names() {
    let table = [
        ("TSTDRV123_SB1", "TSTDRV123_SB1", "tstdrv123-sb1"),
        ("tstdrv123-sb1", "TSTDRV123_SB1", "tstdrv123-sb1"),
        (" 1234567 ", "1234567", "1234567"),
        ("1234567_rp", "1234567_RP", "1234567-rp"),
    ];
    for (raw, header, host) in table {
        let account: Account = raw.parse().unwrap();
        assert_eq!((account.as_str(), account.host().as_str()), (header, host), "{raw:?}");
    }
}

#[test]
fn no_account_id_can_change_the_rest_of_the_address() {
    for raw in ["", " ", "a.b", "a/b", "a@b", "a:1", "é"] {
        assert!(raw.parse::<Account>().is_err(), "{raw:?}");
    }
}

#[test]
fn every_passport_has_a_nonce_of_its_own_and_the_time_in_seconds() {
    let credentials = credentials("1234567");
    let now = Timestamp::from_millis(TIMESTAMP * 1000 + 999);
    let (one, other) = (credentials.passport(now), credentials.passport(now));
    assert_ne!(one.nonce, other.nonce);
    assert_ne!(one.signature, other.signature);
    assert_eq!(one.timestamp, TIMESTAMP);
    assert!((6..=64).contains(&one.nonce.len()), "{}", one.nonce);
    assert!(one.nonce.bytes().all(|it| it.is_ascii_alphanumeric()), "{}", one.nonce);
}

#[test]
fn echoed_keys_are_redacted_and_data_stay_unchanged() {
    let short = || Options { token_id: "1".to_owned(), ..options() };
    let account: Account = "1234567".parse().unwrap();
    let credentials = Credentials::new(account, short());
    let secret = options().token_secret.expose_secret().to_owned();
    // answer, expected
    let table = [
        (format!("login with {secret} refused"), "login with [redacted] refused".to_owned()),
        ("<rate>10.00</rate>".to_owned(), "<rate>10.00</rate>".to_owned()),
        (format!("{secret}{secret}"), "[redacted][redacted]".to_owned()),
    ];
    for (answer, expected) in table {
        let blotted = credentials.redact(answer.clone().into_bytes());
        assert_eq!(String::from_utf8(blotted).unwrap(), expected, "{answer}");
    }
    let foreign = b"\xff no text".to_vec();
    assert_eq!(credentials.redact(foreign.clone()), foreign);
}
