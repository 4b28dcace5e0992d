//! Which texts are accepted as a database's address, and the errors about others.

use super::*;

const SECRET: &str = "geheim";

#[track_caller]
fn accepts(raw: &str) -> Box<PgConnectOptions> {
    let url = raw.parse::<DatabaseUrl>().unwrap_or_else(|why| panic!("{raw}: {why}"));
    assert!(!format!("{url:?}").contains(SECRET), "{url:?}");
    url.0
}

#[track_caller]
fn rejects(raw: &str, why: &DatabaseUrlError) {
    let error = raw.parse::<DatabaseUrl>().expect_err(raw);
    assert_eq!(error, *why, "{raw}");
    assert!(!error.to_string().contains(SECRET), "{error}");
}

#[test]
fn a_url_holds_address_and_credentials() {
    for scheme in ["postgres", "postgresql"] {
        let url = format!(" {scheme}://clerk:{SECRET}@books.example:6432/memobridge\n");
        let options = accepts(&url);
        let where_ = (options.get_host(), options.get_port(), options.get_database());
        assert_eq!(where_, ("books.example", 6432, Some("memobridge")));
        assert_eq!(options.get_username(), "clerk");
    }
    let options =
        accepts("postgres:///memobridge?host=/run/books&user=clerk&options[search_path]=a");
    assert_eq!(options.get_socket().unwrap().to_str(), Some("/run/books"));
}

#[test]
fn the_certificate_is_verified_where_libpq_would() {
    // parameters, mode
    let table = [
        ("sslmode=disable", PgSslMode::Disable),
        ("sslmode=prefer", PgSslMode::Prefer),
        ("sslmode=require", PgSslMode::Require),
        ("sslmode=require&sslrootcert=root.pem", PgSslMode::VerifyCa),
        ("ssl-ca=root.pem&ssl-mode=require", PgSslMode::VerifyCa),
        ("sslmode=verify-ca", PgSslMode::VerifyCa),
        ("sslmode=verify-full&sslrootcert=root.pem", PgSslMode::VerifyFull),
    ];
    for (parameters, mode) in table {
        let options = accepts(&format!("postgres://clerk@books.example/memobridge?{parameters}"));
        let found = options.get_ssl_mode();
        assert_eq!(format!("{found:?}"), format!("{mode:?}"), "{parameters}");
    }
}

#[test]
fn an_invalid_address_is_rejected_without_showing_its_secrets() {
    let unknown = |name: &str| DatabaseUrlError::Unknown(name.to_owned());
    let table = [
        ("", DatabaseUrlError::Scheme),
        ("mysql://clerk:geheim@books.example/x", DatabaseUrlError::Scheme),
        ("books.example", DatabaseUrlError::Scheme),
        ("postgres://clerk:ge/geheim@books.example/x", DatabaseUrlError::Unreadable),
        ("postgres://clerk:ge?geheim@books.example/x", DatabaseUrlError::Unreadable),
        ("postgres://clerk:12?geheim@books.example/x", DatabaseUrlError::Unreadable),
        ("postgres://clerk:12#geheim@books.example/x", DatabaseUrlError::Unreadable),
        ("postgres://clerk@books.example/x?sslmod=require", unknown("sslmod")),
        ("postgres://clerk@books.example/x?pasword=geheim", unknown("pasword")),
        ("postgres://clerk@books.example/x?channel_binding=require", unknown("channel_binding")),
        ("postgres://clerk@books.example/x?sslmode=verify&user=geheim", DatabaseUrlError::Value),
    ];
    for (raw, why) in table {
        rejects(raw, &why);
    }
}
