//! Any text as what a claim keeps of a memo: what can be read can be kept, and is read back as
//! the same memo, digit by digit.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz memo`
#![no_main]

use adapters_journal::fuzzing;
use libfuzzer_sys::fuzz_target;

const KEY: &str = "nst-cm-680ab9e626f2984bfa54";

fuzz_target!(|text: &str| {
    match fuzzing::read(KEY, text) {
        Ok(memo) => {
            let kept = fuzzing::write(&memo).expect("what was read can be kept");
            let again = fuzzing::read(KEY, &kept).expect("what was kept can be read");
            assert_eq!(format!("{again:?}"), format!("{memo:?}"));
        }
        Err(problem) => assert!(problem.contains(KEY), "{problem}"),
    }
});
