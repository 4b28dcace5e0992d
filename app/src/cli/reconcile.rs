//! `reconcile`: what is missing, doubled or different, for people and for programs.

mod text;

use std::{io::Write, sync::Arc};

use domain::{Tenant, Timestamp};
use jiff::tz::TimeZone;
use ports::{Basis, Clock, FindingPosition, Window};
use serde_json::{Value, json};

use super::{CommandError, ConfigFile, load, output::stdout, time_arg::TimeArg, unreadable};
use crate::{
    clock::SystemClock,
    operator::json::instant,
    process::service::{CustomerEntry, Service},
    reconcile::{KINDS, RepairMode, Report},
    wiring,
};

/// The arguments of `reconcile`.
#[derive(Debug, clap::Args)]
pub(super) struct Reconcile {
    #[command(flatten)]
    config: ConfigFile,
    /// Compares orders that changed since: 2026-11-20T08:00:00Z, 2026-11-20, or 48h (ago).
    #[arg(long, value_name = "T")]
    since: TimeArg,
    /// The end of the window, in the same formats; the default is now.
    #[arg(long, value_name = "T")]
    until: Option<TimeArg>,
    /// Only this tenant.
    #[arg(long)]
    tenant: Option<Tenant>,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
    /// Queues missing credits; the service posts them.
    #[arg(long)]
    repair: bool,
}

/// Compares; fails if anything is missing, doubled, different or unclear.
pub(super) async fn reconcile(arguments: Reconcile) -> Result<(), CommandError> {
    let config = load(&arguments.config.file)?;
    let wanted = |it: &Tenant| arguments.tenant.as_ref().is_none_or(|tenant| tenant == it);
    if !config.customers.iter().any(|customer| wanted(&customer.tenant)) {
        let tenant = arguments.tenant.as_ref().map(ToString::to_string).unwrap_or_default();
        return Err(CommandError::Usage(anyhow::anyhow!("no customer is configured for {tenant}")));
    }
    // Without its journal every credit would be reported as missing.
    wiring::journal_to_read(&config.journal).await.map_err(unreadable)?;
    let clock = Arc::new(SystemClock);
    let now = clock.now();
    let (service, _) =
        wiring::service(config.customers, &config.queue, &config.journal, config.worker, clock)
            .await?;
    let members = service.customers.values().filter(|customer| wanted(&customer.customer.tenant));
    let mut windows = Vec::new();
    for entry in members {
        windows.push((entry, window(&arguments, now, &entry.customer.time_zone)?));
    }
    // Printed after all comparisons, because a partial report could be taken for a whole one.
    let mut reports = Vec::new();
    for (entry, window) in windows {
        reports.push(compare(&service, entry, window, &arguments).await?);
    }
    if arguments.json {
        print_json(&reports).await?;
    } else {
        print_text(&reports).await?;
    }
    if reports.iter().all(Report::agrees) {
        Ok(())
    } else {
        Err(CommandError::No(anyhow::anyhow!(text::verdict(&reports))))
    }
}

async fn compare(
    service: &Service,
    entry: &CustomerEntry,
    window: Window,
    arguments: &Reconcile,
) -> anyhow::Result<Report> {
    let mending =
        if arguments.repair { RepairMode::Queue(&*service.jobs) } else { RepairMode::Off };
    let customer = &entry.customer;
    let index = wiring::memo_index()?;
    let context = &service.context;
    let report = crate::reconcile::reconcile(context, customer, window, mending, index).await;
    report
        .map_err(|error| anyhow::Error::from(error).context(format!("tenant {}", customer.tenant)))
}

fn window(arguments: &Reconcile, now: Timestamp, zone: &TimeZone) -> Result<Window, CommandError> {
    let since = arguments.since.resolve(now, zone);
    let until = arguments.until.as_ref().map(|it| it.resolve(now, zone));
    if until.unwrap_or(now) <= since {
        return Err(CommandError::Usage(anyhow::anyhow!("--since is not before --until, or now")));
    }
    Ok(Window { since, until })
}

/// Sums first, and a line for every finding.
async fn print_text(reports: &[Report]) -> anyhow::Result<()> {
    for (nth, report) in reports.iter().enumerate() {
        let gap = if nth == 0 { "" } else { "\n" };
        writeln!(stdout(), "{gap}{}", text::head(report))?;
        let (mut findings, mut gap) = (Findings::of(report), "\n");
        while let Some(page) = findings.page().await? {
            let mut out = stdout();
            for finding in page {
                writeln!(out, "{gap}{}", text::line(&finding))?;
                gap = "";
            }
        }
    }
    Ok(())
}

/// Writes one object piece by piece, because it may be larger than memory.
async fn print_json(reports: &[Report]) -> anyhow::Result<()> {
    write!(stdout(), "{{\"tenants\":[")?;
    for (nth, report) in reports.iter().enumerate() {
        let gap = if nth == 0 { "" } else { "," };
        let summary = summary(report).to_string();
        let open = summary.strip_suffix('}').unwrap_or(&summary);
        write!(stdout(), "{gap}{open},\"findings\":[")?;
        let (mut findings, mut gap) = (Findings::of(report), "");
        while let Some(page) = findings.page().await? {
            let mut out = stdout();
            for finding in page {
                write!(out, "{gap}{finding}")?;
                gap = ",";
            }
        }
        write!(stdout(), "]}}")?;
    }
    Ok(writeln!(stdout(), "]}}")?)
}

/// The findings of a report, page by page.
struct Findings<'a> {
    report: &'a Report,
    place: FindingPosition,
}

impl<'a> Findings<'a> {
    fn of(report: &'a Report) -> Self {
        Self { report, place: FindingPosition::default() }
    }

    async fn page(&mut self) -> anyhow::Result<Option<Vec<Value>>> {
        let page = self.report.findings(self.place).await?;
        let Some(last) = page.last else { return Ok(None) };
        self.place = last;
        let findings = page.findings.iter().map(|text| serde_json::from_str(text));
        Ok(Some(findings.collect::<Result<_, _>>()?))
    }
}

fn summary(report: &Report) -> Value {
    let total = |kind: &&str| {
        let tally = report.tally(kind);
        let amounts = tally.amounts.iter();
        let amounts: serde_json::Map<_, _> =
            amounts.map(|(code, it)| ((*code).to_owned(), json!(it.to_string()))).collect();
        let total = json!({ "count": tally.count, "units": tally.units, "amounts": amounts });
        ((*kind).to_owned(), total)
    };
    let totals: serde_json::Map<_, _> = KINDS.iter().map(total).collect();
    let (by, orders_since) = match report.basis {
        Basis::Changed => ("changed", report.window.since),
        Basis::Created { since } => ("created", since),
    };
    json!({
        "tenant": report.tenant.as_str(),
        "since": instant(report.window.since),
        "until": report.window.until.map(instant),
        "by": by,
        "orders_since": instant(orders_since),
        "orders": report.orders,
        "units": report.units,
        "memos": report.memos,
        "queued": report.queued,
        "agrees": report.agrees(),
        "totals": totals,
    })
}
