//! How much memory a comparison takes does not depend on how much it compares.

use std::process::Stdio;

use tokio::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_reconcile-at-scale");

/// What it may vary by, in KiB: an allocator's whims, and a file's cache that is full or not.
const SLACK: u64 = 4 * 1024;

/// Compares so many units: how many memos there were, how many were missing, and the peak in KiB.
async fn compare(units: u64) -> (u64, u64, u64) {
    let mut command = Command::new(PROGRAM);
    command.arg(units.to_string()).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let numbers: Vec<u64> = said.split_whitespace().map(|it| it.parse().unwrap()).collect();
    let [told, memos, missing, peak] = numbers[..] else { panic!("{said:?}: {output:?}") };
    assert_eq!(told, units);
    (memos, missing, peak)
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn ten_times_as_many_units_need_the_same_memory() {
    let ((some, few, low), (many, more, high)) = tokio::join!(compare(5_000), compare(50_000));
    assert_eq!((some, few), (4_500, 500));
    assert_eq!((many, more), (45_000, 5_000));
    assert!(high < low + SLACK, "{high} KiB for 50,000 units, {low} KiB for 5,000");
}
