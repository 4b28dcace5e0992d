use std::{fmt::Write, fs};

use secrecy::ExposeSecret;

use super::*;

mod machine;

const EXAMPLE: &str = include_str!("../../../docs/memobridge.example.toml");

fn environment() -> BTreeMap<String, String> {
    let names = [
        "MEMOBRIDGE_ADMIN_TOKEN",
        "DODICI_WEBHOOK_KEY",
        "DODICI_CLIENT_SECRET",
        "DODICI_CONSUMER_SECRET",
        "DODICI_TOKEN_SECRET",
    ];
    names.into_iter().map(|it| (it.to_owned(), format!("secret-of-{it}"))).collect()
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(Path::new("/etc/memobridge/memobridge.toml"), text, environment())
}

/// The error for the example with one line changed.
#[track_caller]
fn faults(line: &str, instead: &str) -> String {
    assert!(EXAMPLE.contains(line), "the example has no line {line}");
    let text = EXAMPLE.replacen(line, instead, 1);
    let error = parse(&text).expect_err("the configuration has a fault");
    let number = text.lines().position(|it| it.contains(instead.lines().last().unwrap()));
    let place = format!("/etc/memobridge/memobridge.toml:{}: ", number.unwrap() + 1);
    error.to_string().replace(&place, "HERE ")
}

#[track_caller]
fn check(line: &str, instead: &str, expected: &str) {
    let found = faults(line, instead);
    assert!(found.starts_with(expected), "{instead}\n  gave     {found}\n  not      {expected}");
}

#[test]
fn the_example_is_a_configuration() {
    let config = parse(EXAMPLE).unwrap();
    assert_eq!(config.customers.len(), 1);
    let QueueConfig::Embedded { path } = &config.queue else { panic!("{:?}", config.queue) };
    assert_eq!(path, Path::new("/etc/memobridge/data/queue.db"));
    let secret = config.customers[0].newstore.client_secret.expose_secret();
    assert_eq!(secret, "secret-of-DODICI_CLIENT_SECRET");
}

#[test]
fn without_its_section_nothing_is_compared() {
    let (before, rest) = EXAMPLE.split_once("[reconcile]").unwrap();
    let (keys, after) = rest.split_once("\n[[customer]]").unwrap();
    let section = |lines: &str| {
        let text = format!("{before}{lines}\n[[customer]]{after}");
        parse(&text).unwrap().reconcile
    };
    assert_eq!(section(""), None);
    let default = section("[reconcile]");
    assert_eq!(default, section(&format!("[reconcile]{keys}")));
    let day = Duration::from_hours(24);
    let expected = Reconcile { every: day, window: day * 2, repair: RepairSetting::Off };
    assert_eq!(default, Some(expected));
}

#[test]
fn a_fault_is_reported_with_its_line_and_key() {
    // line, instead, expected
    let table = [
        (
            "respond_within = \"10s\"",
            "respond_within = \"10 seconds\"",
            "HERE server.respond_within must be a duration such as \"10s\", \"15m\" or \"72h\"",
        ),
        (
            "respond_within = \"10s\"",
            "respond_with = \"10s\"",
            "HERE server.respond_with is not a known key; did you mean respond_within?",
        ),
        (
            "listen = \"127.0.0.1:8080\"",
            "listen = \"here\"",
            "HERE server.listen must be an address such as \"127.0.0.1:8080\"",
        ),
        (
            "concurrency = 4",
            "concurrency = 0",
            "HERE worker.concurrency must be a whole number from 1 to 1024",
        ),
        (
            "settlement = \"apply\"",
            "settlement = \"payment-items\"",
            "HERE customer.policy.settlement = \"payment-items\" needs tax = \"suitetax\" or \
             \"item\": a cent of tax that the ERP computes would not net to 0.00",
        ),
        (
            "not_invoiced = \"wait\"",
            "not_invoiced = \"hope\"",
            "HERE customer.policy.not_invoiced must be \"wait\" or \"close-lines\" or \
             \"standalone-memo\" or \"park\"",
        ),
        (
            "time_zone = \"America/New_York\"",
            "time_zone = \"Gotham\"",
            "HERE customer.policy.time_zone must be a time zone such as \"America/New_York\"",
        ),
        (
            "version = \"2025_2\"",
            "version = \"latest\"",
            "HERE customer.erp.version must be an endpoint version such as \"2025_2\"",
        ),
        (
            "custbody_source = { constant = \"newstore\" }",
            "custbody_source = { constant = \"maybe\", type = \"boolean\" }",
            "HERE customer.policy.fields.custbody_source has a value that is not of type boolean",
        ),
        (
            "kind = \"embedded\"             # one file; several",
            "kind = \"postgres\"\nurl = \"mysql://clerk:geheim@books/x\" # one file; several",
            "HERE journal.url must begin with postgres:// or postgresql://",
        ),
        (
            "{ from = \"unit.tax_rate\", type = \"double\" }",
            "{ constant = \"\", type = \"double\" }",
            "HERE customer.policy.line_fields.custcol_nws_override_taxcode is empty: only a field \
             of the memo can be cleared",
        ),
        ("tenant = \"dodici\"", "tenant = \"\"", "HERE customer.tenant is empty"),
        (
            "webhook_keys = [{ env = \"DODICI_WEBHOOK_KEY\" }]",
            "webhook_keys = []",
            "HERE customer.webhook_keys must be a list of at least one text",
        ),
        (
            "client_secret = { env = \"DODICI_CLIENT_SECRET\" }",
            "client_secret = { env = \"NOT_SET\" }",
            "HERE customer.newstore.client_secret needs the environment variable NOT_SET",
        ),
        ("client_secret = { env = \"DODICI_CLIENT_SECRET\" }", "client_secret = 5.5.5", "HERE"),
    ];
    for (line, instead, expected) in table {
        check(line, instead, expected);
    }
}

#[test]
fn a_fault_in_an_optional_section_is_reported() {
    // line, instead, expected
    let table = [
        (
            "id = \"memobridge\"             # replays",
            "id = \"memobridge of dodici\" # replays",
            "HERE customer.stream.id must be at most 24 letters, digits, '-', '_' or '.', a letter \
             or digit first: replays are named after it",
        ),
        (
            "callback_url = \"https://",
            "callback_url = \"http://",
            "HERE customer.stream.callback_url must be a URL with https, or http to this machine",
        ),
        (
            "api_key = { env = \"DODICI_WEBHOOK_KEY\" }",
            "api_key = \"another\"",
            "HERE customer.stream.api_key must be one of webhook_keys: events would be answered 401",
        ),
        (
            "events = [\"order.items_cancelled\", \"order.cancelled\"]",
            "events = [\"order.item_cancelled\"]",
            "HERE customer.stream.events has an event that is not handled: choose among \
             order.items_cancelled, order.cancelled",
        ),
        (
            "events = [\"order.items_cancelled\", \"order.cancelled\"]",
            "event = [\"order.cancelled\"]",
            "HERE customer.stream.event is not a known key; did you mean events?",
        ),
        (
            "window = \"48h\"",
            "window = \"23h\"",
            "HERE reconcile.window must not be shorter than every: cancellations would be missed",
        ),
        ("every = \"24h\"", "every = \"1s\"", "HERE reconcile.every must be at least \"1m\""),
        (
            "repair = false",
            "repair = \"yes\"",
            "HERE reconcile.repair must be \"true\" or \"false\"",
        ),
    ];
    for (line, instead, expected) in table {
        check(line, instead, expected);
    }
}

#[test]
fn an_empty_constant_clears_a_field_of_any_type() {
    for kind in ["string", "select", "multiselect", "boolean", "long", "double", "date"] {
        let empty = format!("{{ constant = \"\", type = \"{kind}\" }}");
        let text = EXAMPLE.replace("{ constant = \"newstore\" }", &empty);
        let config = parse(&text).unwrap_or_else(|why| panic!("{kind}: {why}"));
        let policy = &config.customers[0].policy;
        assert_eq!(policy.cleared_fields, ["custbody_source"], "{kind}");
        let carried: Vec<_> = policy.fields.iter().map(|field| field.script_id.as_str()).collect();
        assert_eq!(carried, ["custbody_nws_order_id"], "{kind}");
    }
}

#[test]
fn all_faults_are_reported_at_once() {
    let text = EXAMPLE
        .replace("drain = \"25s\"", "drain = \"soon\"")
        .replace("kind = \"netsuite-soap\"", "kind = \"abacus\"")
        .replace("shipping = \"on-full-cancellation\"", "shipping = \"sometimes\"");
    let error = parse(&text).unwrap_err().to_string();
    assert_eq!(error.lines().count(), 3, "{error}");
}

#[test]
fn telemetry_is_off_without_a_collector() {
    assert_eq!(parse(EXAMPLE).unwrap().telemetry, None);
    let on = EXAMPLE
        .replace("# [telemetry]", "[telemetry]")
        .replace("# otlp_endpoint", "otlp_endpoint")
        .replace("# sample = \"1.0\"", "sample = \"0.25\"");
    let expected = Telemetry {
        otlp_endpoint: "http://127.0.0.1:4318".to_owned(),
        service_name: "memobridge".to_owned(),
        sample: 0.25,
    };
    assert_eq!(parse(&on).unwrap().telemetry, Some(expected));

    let last = "paypal = { usd = \"91240\" }";
    let url = "must be a URL such as \"http://127.0.0.1:4318\", without a query";
    let part = "telemetry.sample must be a number from 0 to 1, such as \"0.1\"";
    // section, expected error
    let table = [
        ("otlp_endpoint = \"collector:4318\"", url),
        ("otlp_endpoint = \"http://c/?token=x\"", url),
        ("otlp_endpoint = \"http://me:x@c\"", "telemetry.otlp_endpoint must not hold credentials"),
        ("otlp_endpoint = \"http://c\"\nsample = \"1.5\"", part),
        ("otlp_endpoint = \"http://c\"\nsample = \"all\"", part),
        ("otlp_endpoint = \"http://c\"\nservice_name = \"\"", "telemetry.service_name is empty"),
        ("otlp_endpoint = \"http://c\"\nsampled = \"1\"", "telemetry.sampled is not a known key"),
        ("", "telemetry.otlp_endpoint is missing"),
    ];
    for (lines, expected) in table {
        let found = faults(last, &format!("{last}\n[telemetry]\n{lines}"));
        let found = found.rsplit("HERE ").next().unwrap();
        assert!(found.contains(expected), "{lines}\n  gave {found}\n  not  {expected}");
    }
}

#[test]
fn a_callback_without_the_webhooks_path_is_a_warning() {
    let callback = "https://memobridge.dodici.example/newstore/events";
    let line = EXAMPLE.lines().position(|it| it.contains(callback)).unwrap() + 1;
    let host = "https://memobridge.dodici.example";
    let table = [
        ("/newstore/events", false),
        ("/newstore/events/", false),
        ("//newstore//events", false),
        ("/behind/a/proxy/newstore/events", false),
        ("/newstore/events?tenant=dodici", false),
        ("", true),
        ("/", true),
        ("/newstore", true),
        ("/newstore/event", true),
        ("/NewStore/events", true),
        ("/newstore/events/dodici", true),
        ("/xnewstore/events", true),
    ];
    for (path, is_warned_of) in table {
        let config = parse(&EXAMPLE.replace(callback, &format!("{host}{path}"))).unwrap();
        let warnings: Vec<_> = config.warnings.iter().map(|it| (it.line, &*it.message)).collect();
        let expected = "customer.stream.callback_url does not end in /newstore/events: its calls \
                        may be answered 404";
        let expected = if is_warned_of { vec![(line, expected)] } else { Vec::new() };
        assert_eq!(warnings, expected, "{path}");
    }
}

#[test]
fn a_stream_needs_only_its_callback_and_key() {
    let text = EXAMPLE
        .replace("id = \"memobridge\"             # replays", "# replays")
        .replace("events = [\"order.items_cancelled\", \"order.cancelled\"]", "");
    let stream = parse(&text).unwrap().customers.remove(0).stream.unwrap();
    assert_eq!(stream.id.as_str(), "memobridge");
    assert_eq!(Vec::from_iter(stream.events), ["order.cancelled", "order.items_cancelled"]);
    assert_eq!(stream.url, None);
    let (head, rest) = EXAMPLE.split_once("[customer.stream]").unwrap();
    let (_, tail) = rest.split_once("[customer.erp]").unwrap();
    let config = parse(&format!("{head}[customer.erp]{tail}")).unwrap();
    assert!(config.customers[0].stream.is_none());
}

#[test]
fn a_secret_is_never_shown() {
    let config = parse(EXAMPLE).unwrap();
    let mut text = String::new();
    write!(text, "{config:?}").unwrap();
    assert!(!text.contains("secret-of-"), "{text}");
    let broken = EXAMPLE.replace("[server]", "[server]\nadmin = { env = \"DODICI_WEBHOOK_KEY\" }");
    let error = parse(&broken).unwrap_err().to_string();
    assert!(!error.contains("secret-of-"), "{error}");
    // A fault could repeat the value.
    let words = ["inline", "embedded", "order.items_cancelled", "netsuite-soap", "from-invoice"];
    for word in words.into_iter().chain(["order.external_id", "double", "America/New_York"]) {
        let misplaced = "{ env = \"DODICI_WEBHOOK_KEY\" }";
        let broken = EXAMPLE.replacen(&format!("\"{word}\""), misplaced, 1);
        let error = parse(&broken).expect_err(word).to_string();
        assert!(!error.contains("secret-of-"), "{error}");
    }
}

#[test]
fn a_database_url_is_read_and_its_password_is_never_shown() {
    let url = "url = \"postgres://clerk:secret-of-clerk@books.example/memobridge\"";
    let (path, file) =
        ("path = \"data/journal.db\"", "kind = \"embedded\"             # one file; several");
    let text = EXAMPLE.replace(file, "kind = \"postgres\" #").replace(path, url);
    let config = parse(&text).unwrap();
    assert!(matches!(config.journal, JournalConfig::Postgres { .. }), "{:?}", config.journal);
    assert!(!format!("{config:?}").contains("secret-of-"), "{config:?}");
    let broken = text.replace("/memobridge\"", "/memobridge?sslmod=secret-of-clerk\"");
    let error = parse(&broken).unwrap_err().to_string();
    assert!(error.ends_with("journal.url has the unknown parameter sslmod"), "{error}");
}

#[test]
fn maps_may_be_a_file_in_newstores_format() {
    let folder = tempfile::tempdir().unwrap();
    let maps = r#"{
        "netsuite/newstore_to_netsuite_channel": { "web": 1, "mobile": null, "kiosk": -1 },
        "netsuite/newstore_to_netsuite_locations": {
            "001": { "id": 5, "id_damage": "123", "name": "Store", "subsidiary_id": "2" }
        },
        "netsuite/newstore_to_netsuite_payment_items": {
            "cash": 91235, "credit_card": { "adyen": { "usd": 91291 } }
        },
        "netsuite/newstore_giftcard_product_ids": "8232, 8233",
        "netsuite/newstore_to_netsuite_shipping_methods": { "GROUND": 4 },
        "netsuite/dc_timezone_mapping": { "DEFAULT": "America/New_York" },
        "netsuite": { "currency_usd_internal_id": "1", "newstore_discount_item_id": "8494" }
    }"#;
    fs::write(folder.path().join("maps.json"), maps).unwrap();
    let (head, _) = EXAMPLE.split_once("[customer.maps]").unwrap();
    let head = head.replace("webhook_keys", "maps = \"maps.json\"\nwebhook_keys");
    let file = folder.path().join("memobridge.toml");
    let config = Config::parse(&file, &head, environment()).unwrap();
    let maps = &config.customers[0].maps;
    let ids: Vec<_> = maps.currencies.ids().map(ToString::to_string).collect();
    assert_eq!(ids, ["1"]);
    let ids: Vec<_> = maps.channels.ids().map(ToString::to_string).collect();
    assert_eq!(ids, ["1"], "null is absent and -1 is none");
    assert_eq!(maps.locations["001"].subsidiary, Some("2".parse().unwrap()));
    assert_eq!(maps.gift_card_products.len(), 2);
    assert!(maps.is_payment_item(&"91291".parse().unwrap()));
}

fn maps(file: &str, text: &str) -> Result<Maps, String> {
    let files = |path: &Path| fs::read_to_string(path);
    let read =
        fuzzing::FuzzEnvironment { environment: environment(), files }.maps(Path::new(file), text);
    read.map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

#[test]
fn two_different_entries_with_one_name_are_a_fault() {
    // file, text, expected
    let table = [
        (
            "maps.toml",
            "channels = { web = 1 }\n[currencies]\nusd = 1\nUSD = 2",
            "maps.toml:3: currencies.usd is given twice with different values: names ignore case",
        ),
        (
            "maps.json",
            "{\"locations\": {\"A\": {\"id\": 1}, \" a\": 2}}",
            "maps.json: locations.A is given twice with different values: names ignore case",
        ),
        (
            "maps.json",
            "{\"payment_items\": {\"credit_card\": {\"Adyen\": 1, \"adyen\": {\"usd\": 2}}}}",
            "maps.json: payment_items.credit_card.adyen is given twice with different values: names ignore case",
        ),
        (
            "maps.json",
            "{\"channels\": {\n  \"web\": 1,\n  \"web\": 2 }}",
            "maps.json:3: web is given twice at line 3 column 12",
        ),
    ];
    for (file, text, expected) in table {
        assert_eq!(maps(file, text).expect_err(text), expected);
    }
    let alike = "[currencies]\nusd = 1\nUSD = 1";
    assert_eq!(maps("maps.toml", alike).unwrap().currencies.ids().count(), 1);
}

#[test]
fn every_entry_of_a_map_may_be_a_reference() {
    let text = "
        channels = { web = { env = \"DODICI_WEBHOOK_KEY\" } }
        locations = { shop = { env = \"DODICI_WEBHOOK_KEY\" } }
        payment_items = { cash = { env = \"DODICI_WEBHOOK_KEY\" } }
    ";
    let maps = maps("maps.toml", text).unwrap();
    let id = "secret-of-DODICI_WEBHOOK_KEY".parse().unwrap();
    assert!(maps.channels.ids().eq([&id]));
    assert_eq!(maps.locations["shop"].id, domain::Entry::Id(id.clone()));
    assert!(maps.is_payment_item(&id));
}
