//! Writes requests of every kind to a folder, to be held against NetSuite's schema:
//! `cargo run -p adapters-netsuite --example requests -- DIR [COUNT]`.

#[path = "../src/request/arbitrary.rs"]
mod arbitrary;

use std::{env, fs, path::PathBuf, process::ExitCode, time::Duration};

use adapters_netsuite::{Options, fuzzing::Codec};
use domain::Timestamp;
use proptest::{
    collection::vec,
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

/// The default number of requests of each kind.
const COUNT: usize = 100;

fn main() -> ExitCode {
    let mut arguments = env::args_os().skip(1);
    let Some(folder) = arguments.next().map(PathBuf::from) else {
        return ExitCode::from(2);
    };
    let count = arguments.next().and_then(|it| it.to_str()?.parse().ok()).unwrap_or(COUNT);
    fs::create_dir_all(&folder).expect("the folder can be made");
    // Deterministic, so that a failing request can be reproduced.
    let mut runner = TestRunner::deterministic();
    let wire = Codec::new(options()).expect("the options are good");
    let now = Timestamp::from_millis(1_790_000_000_000);
    for number in 0..count {
        let add = wire.add(&next(&mut runner, arbitrary::memo()), now);
        let update = wire.close_lines(&next(&mut runner, arbitrary::lines_to_close()), now);
        let reference = next(&mut runner, arbitrary::text());
        let records = next(&mut runner, vec(arbitrary::id(), 1..4));
        let questions = wire.queries(&reference, &records, now);
        for (nth, text) in [add, update].iter().chain(&questions).enumerate() {
            let path = folder.join(format!("{number:04}-{nth:02}.xml"));
            fs::write(path, text).expect("the folder can be written to");
        }
    }
    ExitCode::SUCCESS
}

fn next<T>(runner: &mut TestRunner, strategy: impl Strategy<Value = T>) -> T {
    strategy.new_tree(runner).expect("nothing is rejected").current()
}

fn options() -> Options {
    Options {
        account: "TSTDRV123_SB1".to_owned(),
        version: "2025_2".to_owned(),
        endpoint: None,
        consumer_key: "consumer".to_owned(),
        consumer_secret: "consumer secret".to_owned().into(),
        token_id: "token".to_owned(),
        token_secret: "token secret".to_owned().into(),
        concurrency: 1,
        timeout: Duration::from_secs(1),
        time_zone: "America/New_York".to_owned(),
        line_key_field: "custcol_nws_item_id".to_owned(),
    }
}
