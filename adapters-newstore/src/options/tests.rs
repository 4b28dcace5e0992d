use super::*;

fn options() -> Options {
    Options {
        tenant: "dodici".parse().unwrap(),
        graphql_url: "https://dodici.example/api/v1/org/data/query".to_owned(),
        token_url: "https://id.example/token".to_owned(),
        client_id: "memobridge".to_owned(),
        client_secret: "s3cret".into(),
        timeout: Duration::from_secs(10),
    }
}

#[test]
fn unusable_options_are_rejected_with_their_field() {
    let table: [(Options, &str); 7] = [
        (
            Options { graphql_url: "dodici.example".to_owned(), ..options() },
            "graphql_url is not a URL: relative URL without a base",
        ),
        (
            Options { token_url: "ftp://id.example/token".to_owned(), ..options() },
            "token_url is neither http nor https",
        ),
        (
            Options { token_url: "https://me@id.example/".to_owned(), ..options() },
            "token_url carries a user name or password",
        ),
        (
            Options { graphql_url: "https://:pw@id.example/".to_owned(), ..options() },
            "graphql_url carries a user name or password",
        ),
        (Options { client_id: String::new(), ..options() }, "client_id is empty"),
        (Options { client_secret: "".into(), ..options() }, "client_secret is empty"),
        (Options { timeout: Duration::ZERO, ..options() }, "timeout is zero"),
    ];
    for (options, expected) in table {
        let fault = options.endpoints().unwrap_err();
        assert_eq!(fault.to_string(), expected, "{options:?}");
    }
    assert!(options().endpoints().is_ok());
}

#[test]
fn the_secret_is_never_shown() {
    let shown = format!("{:?}", options());
    assert!(shown.contains("memobridge") && !shown.contains("s3cret"), "{shown}");
}
