//! A comparison as text: sums first, then a line for every finding.

use ports::Basis;
use serde_json::Value;

use crate::{
    operator::json::instant,
    reconcile::{KINDS, Report, WRONG},
};

/// The number of kinds that are printed even if their count is zero.
const ALWAYS: usize = 3;

/// What was compared, and the sum of the findings of each kind.
pub(super) fn head(report: &Report) -> String {
    let Report { tenant, units, orders, memos, window, .. } = report;
    let since = instant(window.since);
    let until = window.until.map(|it| format!(" and before {}", instant(it))).unwrap_or_default();
    let mut lines = vec![format!(
        "{tenant}: {units} cancelled units of {orders} orders compared with {memos} memos; changed \
         since {since}{until}"
    )];
    if let Basis::Created { since } = report.basis {
        let since = instant(since);
        lines.push(format!(
            "NewStore does not show which orders changed: compared those created since {since}"
        ));
    }
    for (nth, kind) in KINDS.iter().enumerate() {
        let tally = report.tally(kind);
        if nth < ALWAYS || tally.count > 0 {
            let line = format!("{kind:<12}{:>6}  {tally}", tally.count);
            lines.push(line.trim_end().to_owned());
        }
    }
    if report.queued > 0 {
        lines.push(format!("{:<12}{:>6}", "queued", report.queued));
    }
    lines.join("\n")
}

/// The number of findings of each kind that needs a correction: "2 missing, 1 doubled".
pub(super) fn verdict(reports: &[Report]) -> String {
    let counts = KINDS.iter().take(WRONG).map(|kind| {
        let counts = reports.iter().map(|report| report.tally(kind).count);
        (kind, counts.sum::<u64>())
    });
    let counts = counts.filter(|(_, count)| *count > 0);
    counts.map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}

/// One finding.
pub(super) fn line(finding: &Value) -> String {
    let text = |key: &str| finding[key].as_str().unwrap_or_default();
    let amount = format!("{} {}", text("amount"), text("currency"));
    let (kind, number, order) = (text("finding"), text("number"), text("order"));
    format!("{kind:<12}{:>16}  {number}  {order}  {}", amount.trim(), explanation(finding))
}

/// The explanation of a finding.
fn explanation(finding: &Value) -> String {
    let text = |key: &str| finding[key].as_str().unwrap_or_default();
    let memo = finding["memo"].as_str().unwrap_or_else(|| text("record"));
    let queued = finding["queued"].as_str();
    let queued = queued.map(|id| format!("; queued as {id}")).unwrap_or_default();
    match (text("finding"), text("cause")) {
        ("missing", "vanished") => {
            format!("record {} of {} was deleted{queued}", text("record"), text("external_id"))
        }
        ("missing", "unrecorded") => {
            format!("no memo is on record for {}{queued}", text("cancellation"))
        }
        ("missing", _) => format!("no event was received{queued}"),
        ("doubled", _) => format!("{memo} credits it again"),
        ("different", _) => {
            format!("{memo} is {}, expected {}", text("on_record"), text("expected"))
        }
        ("unexplained", _) => format!("{memo} credits items that are not cancelled"),
        ("unclear", _) => format!("{}: {}", text("reason"), text("detail")),
        _ => format!("{} {}", text("cancellation"), text("reason")).trim_end().to_owned(),
    }
}
