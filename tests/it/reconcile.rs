//! Differences are found through the program and repaired by the service.

mod daily;
mod many;
mod memory;
mod small;

use sandbox::{netsuite::Record, sale::Sale};
use serde_json::Value;
use tests::TestWorld;

use crate::commands::command;

/// Everything, however the machine's clock goes.
const SINCE: [&str; 4] = ["--tenant", "dodici", "--since", "2020-01-01"];

/// The report of the only tenant, and the exit code.
pub(crate) async fn compare(world: &TestWorld, more: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["reconcile"][..], &SINCE, &["--json"], more].concat();
    let (code, said) = command(world, &arguments).await;
    let line = said.lines().next().unwrap_or_default();
    let report: Value = serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {said}"));
    (code, report["tenants"][0].clone())
}

/// How many findings of each kind there are: `missing 7 140.00`, none left out.
pub(crate) fn totals(report: &Value) -> Vec<String> {
    let kinds = report["totals"].as_object().unwrap();
    let some = kinds.iter().filter(|(_, it)| it["count"] != 0);
    let mut totals: Vec<_> = some
        .map(|(kind, it)| {
            let amount = it["amounts"]["USD"].as_str().unwrap_or_default();
            format!("{kind} {} {amount}", it["count"])
        })
        .collect();
    totals.sort();
    totals
}

/// The findings of a kind by one of their fields.
fn each<'a>(report: &'a Value, kind: &str, field: &str) -> Vec<&'a str> {
    let findings = report["findings"].as_array().unwrap().iter();
    let mut each: Vec<_> =
        findings.filter(|it| it["finding"] == kind).map(|it| it[field].as_str().unwrap()).collect();
    each.sort_unstable();
    each
}

/// A memo entered by hand after this one.
fn again(memo: &Record) -> Record {
    Record { id: String::new(), number: String::new(), external_id: None, ..memo.clone() }
}

/// Starts the service once, so that there is a journal, and stops it.
async fn begin(world: &TestWorld) {
    let process = world.spawn(crate::crash::PROGRAM).await;
    process.kill().await;
}

/// Puts a sale into both systems without sending its cancellation.
fn unheard(world: &TestWorld, sale: &Sale) {
    let _ = world.install(sale, &sandbox::sale::Billing::OneInvoice);
}
