//! Faults beyond syntax: settings with which the service could not start or work, and secrets that
//! could be guessed.

use super::*;

/// The findings for the example with one line changed: faults, useless settings, warnings.
fn findings(line: &str, instead: &str) -> (Vec<String>, Vec<String>, Vec<String>) {
    assert!(EXAMPLE.contains(line), "the example has no line {line}");
    let texts = |faults: Vec<ConfigFault>| faults.into_iter().map(|fault| fault.message).collect();
    match parse(&EXAMPLE.replacen(line, instead, 1)) {
        Ok(config) => (Vec::new(), texts(config.useless), texts(config.warnings)),
        Err(ConfigError::Faults(faults)) => (texts(faults), Vec::new(), Vec::new()),
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn the_example_has_no_findings() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!((config.useless, config.warnings), (vec![], vec![]));
}

#[test]
fn a_duration_of_zero_is_a_fault() {
    let keys = [
        ("respond_within = \"10s\"", "server.respond_within"),
        ("drain = \"25s\"", "server.drain"),
        ("first_delay = \"5s\"", "worker.first_delay"),
        ("give_up_after = \"72h\"", "worker.give_up_after"),
        ("timeout = \"120s\"", "customer.erp.timeout"),
    ];
    for (line, key) in keys {
        let (name, _) = line.split_once(" = ").unwrap();
        for zero in ["0s", "0ms", "0h"] {
            let (faults, useless, _) = findings(line, &format!("{name} = \"{zero}\""));
            assert_eq!(faults, Vec::<String>::new());
            let expected = format!("{key} must be longer than zero, for example \"10s\"");
            assert_eq!(useless, [expected]);
        }
    }
    let (_, useless, _) = findings(
        "first_delay = \"5s\"            # then doubling\nmax_delay = \"15m\"",
        "first_delay = \"0s\"\nmax_delay = \"0s\"",
    );
    assert_eq!(useless.len(), 2, "{useless:?}");
}

#[test]
fn settings_with_which_serve_cannot_start_are_faults() {
    // line, instead, the fault
    let table = [
        (
            "client_secret = { env = \"DODICI_CLIENT_SECRET\" }\ntimeout = \"10s\"",
            "client_secret = { env = \"DODICI_CLIENT_SECRET\" }\ntimeout = \"0s\"",
            "customer.newstore.timeout must be longer than zero, for example \"10s\"",
        ),
        (
            "version = \"2025_2\"",
            "version = \"2025_22\"",
            "customer.erp.version must be an endpoint version such as \"2025_2\"",
        ),
        (
            "version = \"2025_2\"",
            "version = \"2025_3\"",
            "customer.erp.version must be an endpoint version such as \"2025_2\"",
        ),
        (
            "https://dodici.p.newstore.net/api",
            "https://clerk@dodici.p.newstore.net/api",
            "customer.newstore.graphql_url must not hold a user name or password",
        ),
        (
            "https://id.p.newstore.net/",
            "https://clerk:x@id.p.newstore.net/",
            "customer.newstore.token_url must not hold a user name or password",
        ),
        (
            "version = \"2025_2\"",
            "version = \"2025_2\"\nendpoint = \"https://clerk:x@erp.example\"",
            "customer.erp.endpoint must not hold a user name or password",
        ),
        (
            "path = \"data/journal.db\"",
            "path = \"data/../data/./queue.db\"",
            "journal.path and queue.path are one file: /etc/memobridge/data/queue.db",
        ),
    ];
    for (line, instead, expected) in table {
        assert_eq!(findings(line, instead).0, [expected], "{instead}");
    }
}

#[test]
fn a_count_has_an_upper_limit() {
    // line, key, limit
    let table = [
        ("max_body = 1048576", "server.max_body", 67_108_864),
        ("max_connections = 512", "server.max_connections", 65_536),
        ("max_in_flight_per_tenant = 256", "server.max_in_flight_per_tenant", 65_536),
        ("concurrency = 4", "worker.concurrency", 1024),
        ("concurrency = 3 ", "customer.erp.concurrency", 1024),
    ];
    for (line, key, limit) in table {
        let (name, _) = line.split_once(" = ").unwrap();
        let with = |value: &str| findings(line, &format!("{name} = {value} "));
        assert_eq!(with(&limit.to_string()), (vec![], vec![], vec![]), "{key}");
        let expected = [format!("{key} must be a whole number from 1 to {limit}")];
        let above = (limit + 1).to_string();
        for value in ["0", "-1", "1.5", &above, "18446744073709551615", "99999999999999999999999"] {
            assert_eq!(with(&format!("\"{value}\"")).0, expected, "{key} = {value}");
        }
    }
}

#[test]
fn a_value_for_a_header_has_no_control_character() {
    let keys = [
        ("admin_token = { env = \"MEMOBRIDGE_ADMIN_TOKEN\" }", "server.admin_token"),
        ("client_id = \"memobridge\"", "customer.newstore.client_id"),
        ("client_secret = { env = \"DODICI_CLIENT_SECRET\" }", "customer.newstore.client_secret"),
        ("consumer_key = \"0123456789abcdef\"", "customer.erp.consumer_key"),
        ("consumer_secret = { env = \"DODICI_CONSUMER_SECRET\" }", "customer.erp.consumer_secret"),
        ("token_id = \"fedcba9876543210\"", "customer.erp.token_id"),
        ("token_secret = { env = \"DODICI_TOKEN_SECRET\" }", "customer.erp.token_secret"),
    ];
    let fault =
        |key: &str| format!("{key} has a control character, such as a line break: remove it");
    for (line, key) in keys {
        let (name, _) = line.split_once(" = ").unwrap();
        for character in ["\\n", "\\r", "\\t", "\\u0000", "\\u007f", "\\u0085"] {
            let value = format!("0123456789abcdef{character}ghijklmn");
            assert_eq!(findings(line, &format!("{name} = \"{value}\"")).0, [fault(key)], "{value}");
        }
        let at_the_end = findings(line, &format!("{name} = \"0123456789abcdefghijklmn\\n\""));
        assert_eq!(at_the_end, (vec![], vec![], vec![]), "a trailing line break is removed");
    }
    let keys = "webhook_keys = [{ env = \"DODICI_WEBHOOK_KEY\" }]";
    let second =
        "webhook_keys = [{ env = \"DODICI_WEBHOOK_KEY\" }, \"0123456789\\nabcdefghijklmn\"]";
    assert_eq!(findings(keys, second).0, [fault("customer.webhook_keys")]);
}

#[test]
fn queue_and_journal_may_not_be_the_same_file_in_any_spelling() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let file = folder.path().join("memobridge.toml");
    let text = EXAMPLE.replace("\"data/queue.db\"", "\"data/one.db\"");
    let is_refused = |journal: &str| {
        let text = text.replace("\"data/journal.db\"", &format!("{journal:?}"));
        let error = Config::parse(&file, &text, environment()).err().map(|it| it.to_string());
        error.is_some_and(|it| it.contains("journal.path and queue.path are one file"))
    };
    fs::create_dir(path("data")).unwrap();
    std::os::unix::fs::symlink("data", path("link")).unwrap();
    std::os::unix::fs::symlink("data/one.db", path("dangling.db")).unwrap();
    for journal in ["data/one.db", "data//one.db", "x/../data/one.db", "link/one.db"] {
        assert!(is_refused(journal), "{journal}, before the file exists");
    }
    assert!(!is_refused("data/two.db"));
    fs::write(path("data/one.db"), "").unwrap();
    fs::hard_link(path("data/one.db"), path("hard.db")).unwrap();
    for journal in ["data/one.db", "link/one.db", "dangling.db", "hard.db"] {
        assert!(is_refused(journal), "{journal}");
    }
}

#[test]
fn a_placeholder_is_reported_without_the_text_around_it() {
    let (faults, useless, _) =
        findings("client_id = \"memobridge\"", "client_id = \"abc-${CLIENT_ID}-geheim\"");
    assert_eq!(faults, Vec::<String>::new());
    let expected = "customer.newstore.client_id still has ${CLIENT_ID}: it is not replaced";
    assert_eq!(useless, [expected]);
    for with_more in
        ["${CLIENT_ID:-geheim}", "${CLIENT_ID-}", "${CLIENT_ID:?geheim}", "${A${CLIENT_ID}"]
    {
        let (_, useless, _) =
            findings("client_id = \"memobridge\"", &format!("client_id = \"{with_more}\""));
        assert_eq!(useless, [expected], "{with_more}");
    }
    for harmless in ["$5", "${", "a$b{c}", "${not a name}", "$CLIENT", "${1}", "${X:-", "${X+1"] {
        let (_, useless, _) =
            findings("client_id = \"memobridge\"", &format!("client_id = \"{harmless}\""));
        assert_eq!(useless, Vec::<String>::new(), "{harmless}");
    }
}

#[test]
fn a_placeholder_in_maps_is_reported() {
    let web = "channels = { web = \"1\", store = \"3\" }";
    let cash = "cash = \"91235\"";
    let left = ": it is not replaced";
    // line, instead, the key
    let table = [
        (web, "channels = { web = \"${ID}\" }", "customer.maps.channels.web"),
        (web, "channels = { \"${ID}\" = \"1\" }", "customer.maps.channels.${ID}"),
        (cash, "cash = \"${ID:-91235}\"", "customer.maps.payment_items.cash"),
        (cash, "gift = { \"${ID}\" = \"91235\" }", "customer.maps.payment_items.gift.${ID}"),
        (
            "\"001\" = { id = \"5\", subsidiary = \"1\" }",
            "\"001\" = { id = \"5\", subsidiary = \"${ID}\" }",
            "customer.maps.locations.001.subsidiary",
        ),
        (
            "gift_card_products = [\"8232\", \"8233\"]",
            "gift_card_products = [\"8232\", \"${ID}\"]",
            "customer.maps.gift_card_products",
        ),
        (
            "{ constant = \"newstore\" }",
            "{ constant = \"${ID}\" }",
            "customer.policy.fields.custbody_source.constant",
        ),
    ];
    for (line, instead, key) in table {
        let (faults, useless, _) = findings(line, instead);
        assert_eq!(faults, Vec::<String>::new(), "{instead}");
        assert_eq!(useless, [format!("{key} still has ${{ID}}{left}")], "{instead}");
    }
}

#[test]
fn a_key_may_not_be_shared() {
    let key = "webhook_keys = [{ env = \"DODICI_WEBHOOK_KEY\" }]";
    let shared = "admin_token = { env = \"DODICI_WEBHOOK_KEY\" }";
    let (_, useless, _) = findings("admin_token = { env = \"MEMOBRIDGE_ADMIN_TOKEN\" }", shared);
    let expected = "server.admin_token is a webhook key of dodici: the sender of events could use \
                    the admin API";
    assert_eq!(useless, [expected]);

    let (_, customer) = EXAMPLE.split_once("[[customer]]").unwrap();
    let second = customer.replacen("tenant = \"dodici\"", "tenant = \"seconda\"", 1);
    let config = parse(&format!("{EXAMPLE}\n[[customer]]{second}")).unwrap();
    let useless: Vec<_> = config.useless.iter().map(|it| it.message.as_str()).collect();
    let expected = "customer.webhook_keys of seconda has a key of dodici: each could send the \
                    other's events";
    assert_eq!(useless, [expected]);
    let other = second.replace(key, "webhook_keys = [\"another-key-of-seconda-alone\"]");
    let other = other.replace(
        "api_key = { env = \"DODICI_WEBHOOK_KEY\" }",
        "api_key = \"another-key-of-seconda-alone\"",
    );
    assert_eq!(parse(&format!("{EXAMPLE}\n[[customer]]{other}")).unwrap().useless, []);
}

#[test]
fn a_short_secret_is_a_warning_without_the_secret() {
    let keys = [
        ("admin_token = { env = \"MEMOBRIDGE_ADMIN_TOKEN\" }", "server.admin_token"),
        ("client_secret = { env = \"DODICI_CLIENT_SECRET\" }", "customer.newstore.client_secret"),
        ("consumer_secret = { env = \"DODICI_CONSUMER_SECRET\" }", "customer.erp.consumer_secret"),
        ("token_secret = { env = \"DODICI_TOKEN_SECRET\" }", "customer.erp.token_secret"),
    ];
    for (line, key) in keys {
        let (name, _) = line.split_once(" = ").unwrap();
        let (_, _, warnings) = findings(line, &format!("{name} = \"abcdefghijklmnopqrstuvw\""));
        let expected = format!("{key} has only 23 characters: 24 or more are hard to guess");
        assert_eq!(warnings, [expected]);
        let (_, _, warnings) = findings(line, &format!("{name} = \"abcdefghijklmnopqrstuvwx\""));
        assert_eq!(warnings, Vec::<String>::new());
    }
}
