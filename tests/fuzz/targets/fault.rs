//! Any fault and any status: it has a class, whatever the code.
//!
//! `cargo +nightly fuzz run --fuzz-dir tests/fuzz fault`
#![no_main]

use adapters_netsuite::fuzzing::classes;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|words: (&str, &str, &str)| {
    let (element, code, message) = words;
    let [in_a_fault, in_a_status] = classes(element, code, message);
    // A code from next year must never be taken for success or for nothing at all.
    assert!(!in_a_fault.is_empty() && !in_a_status.is_empty());
});
