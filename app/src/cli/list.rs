//! `list`: cancellations from the journal, for people and for programs.

use std::io::Write;

use domain::{OrderId, Tenant, Timestamp};
use ports::{CancellationRecord, CancellationState, Query};

use crate::operator::{
    json::{self, CancellationSummary, instant},
    paging, parse,
};

use super::{CommandError, ConfigFile, journal_to_read, output::stdout, time_arg};

/// The default limit without `--json`.
const LIMIT: usize = 100;

/// The arguments of `list`.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    config: ConfigFile,
    /// Only in this state: working, deferred, posted, skipped or parked.
    #[arg(long, value_parser = parse::state)]
    state: Option<CancellationState>,
    /// Only of this order, by its id.
    #[arg(long)]
    order: Option<OrderId>,
    /// Only of this tenant.
    #[arg(long)]
    tenant: Option<Tenant>,
    /// Only those first received since: 2026-11-21T09:30:00Z, 2026-11-21 (UTC), or 48h (ago).
    #[arg(long, value_parser = time_arg::in_utc)]
    since: Option<Timestamp>,
    /// At most this many, newest first; the default is 100, or all with --json.
    #[arg(long)]
    limit: Option<usize>,
    /// Prints one JSON object per line.
    #[arg(long)]
    json: bool,
}

/// Prints cancellations, newest first.
pub(super) async fn list(arguments: List) -> Result<(), CommandError> {
    let journal = journal_to_read(&arguments.config.file).await?;
    let mut query = Query {
        state: arguments.state,
        order: arguments.order,
        tenant: arguments.tenant,
        since: arguments.since,
        ..Query::default()
    };
    let limit = arguments.limit.unwrap_or(if arguments.json { usize::MAX } else { LIMIT });
    let (mut matching, mut shown) = (0, 0);
    while shown < limit || !arguments.json {
        let page = paging::next(&*journal, &mut query).await.map_err(anyhow::Error::from)?;
        let Some(page) = page else { break };
        matching += page.len();
        let fits = page.len().min(limit - shown);
        print(&page[..fits], shown == 0, arguments.json)?;
        shown += fits;
    }
    let mut out = stdout();
    if matching == 0 && !arguments.json {
        writeln!(out, "no cancellations match")?;
    } else if shown < matching && !arguments.json {
        writeln!(out, "{} of {} shown", grouped(shown), grouped(matching))?;
    }
    Ok(())
}

/// Prints a page; the first one with a header.
fn print(found: &[CancellationRecord], is_first: bool, json: bool) -> Result<(), CommandError> {
    let mut out = stdout();
    if !json && is_first && !found.is_empty() {
        let head = ("CANCELLATION", "STATE", "REASON", "ORDER", "RECEIVED");
        writeln!(out, "{:<24}  {:<8}  {:<22}  {:<36}  {}", head.0, head.1, head.2, head.3, head.4)?;
    }
    for record in found {
        let id = record.cancellation.id();
        if json {
            writeln!(out, "{}", json::line(&CancellationSummary::from(record)))?;
            continue;
        }
        let reason = record.reason.as_deref().unwrap_or("");
        let order = &record.cancellation.order;
        let received = instant(record.received_at);
        writeln!(
            out,
            "{:<24}  {:<8}  {reason:<22}  {:<36}  {received}",
            id.as_str(),
            record.state.name(),
            order.as_str()
        )?;
    }
    Ok(())
}

/// A number with thousands separators: 49,905.
pub(super) fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place != 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
