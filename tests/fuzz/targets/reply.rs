//! Any bytes, read as every answer that NetSuite could give.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz reply`
#![no_main]

use std::{sync::LazyLock, time::Duration};

use adapters_netsuite::{Options, fuzzing::Codec};
use libfuzzer_sys::fuzz_target;

static WIRE: LazyLock<Codec> = LazyLock::new(|| {
    let options = Options {
        account: "1234567".to_owned(),
        version: "2025_2".to_owned(),
        endpoint: None,
        consumer_key: "consumer".to_owned(),
        consumer_secret: "secret".to_owned().into(),
        token_id: "token".to_owned(),
        token_secret: "secret".to_owned().into(),
        concurrency: 1,
        timeout: Duration::from_secs(1),
        time_zone: "America/New_York".to_owned(),
        line_key_field: "custcol_nws_item_id".to_owned(),
    };
    Codec::new(options).expect("the options are good")
});

fuzz_target!(|bytes: &[u8]| WIRE.read(bytes));
