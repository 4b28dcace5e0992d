//! `show`: one cancellation with its history, as text or JSON.

use std::io::Write;

use domain::{CancellationId, Reason};
use ports::Query;

use crate::operator::json::{self, CancellationDetail, instant, standing};

use super::{CommandError, ConfigFile, journal_to_read, output::stdout};

/// The arguments of `show`.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    config: ConfigFile,
    /// The cancellation's id, as shown in answers, logs and `list`.
    id: CancellationId,
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// Prints one cancellation with its history.
pub(super) async fn show(arguments: Show) -> Result<(), CommandError> {
    let journal = journal_to_read(&arguments.config.file).await?;
    let query =
        Query { id: Some(arguments.id.clone()), with_history: true, limit: 1, ..Query::default() };
    let found = journal.find(&query).await.map_err(anyhow::Error::from)?.pop();
    let record =
        found.ok_or_else(|| anyhow::anyhow!("no cancellation has the id {}", arguments.id))?;
    let mut out = stdout();
    if arguments.json {
        writeln!(out, "{}", json::line(&CancellationDetail::from(&record)))?;
        return Ok(());
    }
    let cancellation = &record.cancellation;
    writeln!(out, "{}  {}", cancellation.id(), record.state.name())?;
    if let Some(reason) = &record.reason {
        writeln!(out, "{reason}: {}", record.detail.as_deref().unwrap_or(""))?;
        if let Some(known) = Reason::examples().iter().find(|it| it.name() == reason) {
            writeln!(out, "fix: {}", known.remedy())?;
        }
    }
    writeln!(
        out,
        "tenant {}, order {}, {}",
        cancellation.tenant, cancellation.order, cancellation.event
    )?;
    for (unit, reason) in &cancellation.units {
        writeln!(out, "  unit {unit}  {}", reason.as_deref().unwrap_or(""))?;
    }
    for it in &record.memos {
        let sent = &it.claim.memo;
        let number = it.number.as_deref().unwrap_or("not read back yet");
        writeln!(out, "\nmemo {}  {}  {number}", sent.key, standing(it))?;
        for line in &sent.lines {
            let pieces = line.quantity.map(|it| format!("{it} x ")).unwrap_or_default();
            let what = format!("{pieces}item {}", line.item);
            writeln!(out, "  {what:<40}{:>12}", line.amount.to_string())?;
        }
        if let Some(shipping) = &sent.shipping {
            writeln!(out, "  {:<40}{:>12}", "shipping", shipping.cost.to_string())?;
        }
        let money = sent.money.code();
        writeln!(out, "  {:<40}{:>12} {money}", "total with tax", sent.total.to_string())?;
        if let Some(total) = it.confirmed_total {
            writeln!(out, "  {:<40}{:>12} {money}", "total in the ERP", total.to_string())?;
        }
    }
    for flag in &record.flags {
        writeln!(out, "\ncheck: {flag}")?;
    }
    writeln!(out)?;
    for (at, what) in &record.history {
        writeln!(out, "{}  {what}", instant(*at))?;
    }
    Ok(())
}
