//! The output of the sandbox: each sample with its outcome, memos, lines and totals.

use std::{fmt::Write, time::Duration};

use sandbox::netsuite::Record;

use super::run::SampleResult;

/// Whether the output may be coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A terminal.
    Colour,
    /// Anything else.
    Plain,
}

impl Style {
    fn good(self, text: &str) -> String {
        self.paint(text, "32")
    }

    fn bad(self, text: &str) -> String {
        self.paint(text, "31")
    }

    fn strong(self, text: &str) -> String {
        self.paint(text, "1")
    }

    fn paint(self, text: &str, code: &str) -> String {
        match self {
            Self::Colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
            Self::Plain => text.to_owned(),
        }
    }
}

const WIDTH: usize = 78;

/// One sample with its results.
pub(super) fn sample(result: &SampleResult, style: Style) -> String {
    let mut text = String::new();
    let mark = if result.is_right() { style.good("✓") } else { style.bad("✗") };
    let time = format!("{:.2} s", result.took.as_secs_f64());
    let gap = WIDTH.saturating_sub(result.title.chars().count() + 2 + time.len());
    add(&mut text, &format!("{mark} {}{:gap$}{time}", style.strong(result.title), ""));
    let answers: Vec<String> =
        result.answers.iter().map(|(outcome, status)| format!("{status} {outcome}")).collect();
    let mut line = format!("  answered {}", answers.join(", then "));
    if result.answers.last().is_some_and(|(outcome, _)| *outcome == "deferred") {
        write!(line, "; later {}", result.state).expect("a string takes any text");
    }
    add(&mut text, &line);
    if let Some(reason) = &result.reason {
        let detail = result.detail.as_deref().unwrap_or("");
        add(&mut text, &format!("  {}: {detail}", style.strong(reason)));
    }
    for it in &result.memos {
        memo(&mut text, it, result);
    }
    if !result.paid.is_empty() {
        add(&mut text, &format!("  the order paid {}", result.paid));
    }
    for fault in &result.faults {
        add(&mut text, &format!("  {}", style.bad(fault)));
    }
    text.push('\n');
    text
}

fn memo(text: &mut String, memo: &Record, result: &SampleResult) {
    let mut head = format!("  {}", memo.number);
    if let Some(invoice) = &memo.created_from {
        write!(head, " from invoice {invoice}").expect("a string takes any text");
    }
    let applied: rust_decimal::Decimal = memo.applied.iter().map(|it| it.amount).sum();
    if !applied.is_zero() {
        write!(head, ", {applied:.2} applied to it").expect("a string takes any text");
    }
    add(text, &head);
    for line in &memo.lines {
        let pieces = line.quantity.map(|it| format!("{} x ", it.normalize())).unwrap_or_default();
        entry(text, &format!("{pieces}{}", name(&line.item, result)), line.amount);
    }
    let shipping = memo.shipping_cost.unwrap_or_default();
    if !shipping.is_zero() {
        entry(text, "shipping", shipping);
    }
    if !memo.tax_total.is_zero() {
        entry(text, "tax", memo.tax_total);
    }
    entry(text, "total", memo.total);
}

fn entry(text: &mut String, what: &str, amount: rust_decimal::Decimal) {
    add(text, &format!("    {what:<40}{:>10}", format!("{amount:.2}")));
}

fn name<'a>(item: &'a str, result: &'a SampleResult) -> &'a str {
    let product = result.items.iter().find(|(id, _)| id == item).map(|(_, name)| name.as_str());
    product.unwrap_or(match item {
        "8494" => "discount",
        "12777" => "rounding",
        "10" => "tax",
        "91291" => "paid back by credit card",
        "91254" => "paid back by gift card",
        other => other,
    })
}

/// The summary line.
pub(super) fn summary(samples: usize, wrong: usize, took: Duration, style: Style) -> String {
    let seconds = took.as_secs_f64();
    match wrong {
        0 => format!(
            "{}\n",
            style.good(&format!(
                "All {samples} samples had the expected result, in {seconds:.1} s."
            ))
        ),
        wrong => format!(
            "{}\n",
            style.bad(&format!("{wrong} of {samples} samples did not have the expected result."))
        ),
    }
}

fn add(text: &mut String, line: &str) {
    text.push_str(line);
    text.push('\n');
}
