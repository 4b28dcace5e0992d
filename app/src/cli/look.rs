//! `list` and `show`: cancellations from the journal, for people and for programs.

use std::io::Write;

use domain::{CancellationId, ClaimState, OrderId, Reason, Tenant, Timestamp};
use ports::{MemoRecord, Query, Record, State};
use serde_json::{Value, json};

use crate::wiring;

use super::{ConfigFile, Failure, stores};

/// What `list` is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct List {
    #[command(flatten)]
    config: ConfigFile,
    /// Only in this state: working, deferred, posted, skipped or parked.
    #[arg(long, value_parser = state)]
    pub(super) state: Option<State>,
    /// Only of this order, by its id.
    #[arg(long)]
    order: Option<OrderId>,
    /// Only of this tenant.
    #[arg(long)]
    tenant: Option<Tenant>,
    /// At most this many, newest first.
    #[arg(long, default_value_t = 100)]
    limit: usize,
    /// For programs: one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// What `show` is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Show {
    #[command(flatten)]
    config: ConfigFile,
    /// The cancellation's id, as answers, logs and `list` say it.
    id: CancellationId,
    /// For programs: one JSON object.
    #[arg(long)]
    json: bool,
}

/// The state with this name.
pub(super) fn state(name: &str) -> Result<State, String> {
    let names = State::ALL.map(|(_, name)| name).join(", ");
    State::named(name).ok_or(format!("must be one of {names}"))
}

/// Prints cancellations, newest first.
pub(super) async fn list(arguments: List) -> Result<(), Failure> {
    let (_, journal) = stores(&arguments.config.file)?;
    let journal = wiring::journal_in_use(&journal).await?;
    let query = Query {
        state: arguments.state,
        order: arguments.order,
        tenant: arguments.tenant,
        limit: arguments.limit,
        ..Query::default()
    };
    let found = journal.find(&query).await.map_err(anyhow::Error::from)?;
    let mut out = std::io::stdout().lock();
    if !arguments.json && !found.is_empty() {
        let head = ("CANCELLATION", "STATE", "REASON", "ORDER", "RECEIVED");
        writeln!(out, "{:<24}  {:<8}  {:<22}  {:<36}  {}", head.0, head.1, head.2, head.3, head.4)?;
    }
    for record in &found {
        let id = record.cancellation.id();
        if arguments.json {
            writeln!(out, "{}", summary(record))?;
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
    if !arguments.json && found.is_empty() {
        writeln!(out, "no cancellations match")?;
    }
    Ok(())
}

/// Prints one cancellation with its whole life.
pub(super) async fn show(arguments: Show) -> Result<(), Failure> {
    let (_, journal) = stores(&arguments.config.file)?;
    let journal = wiring::journal_in_use(&journal).await?;
    let query =
        Query { id: Some(arguments.id.clone()), with_history: true, limit: 1, ..Query::default() };
    let found = journal.find(&query).await.map_err(anyhow::Error::from)?.pop();
    let record =
        found.ok_or_else(|| anyhow::anyhow!("no cancellation has the id {}", arguments.id))?;
    let mut out = std::io::stdout().lock();
    if arguments.json {
        let mut all = summary(&record);
        let history = record.history.iter();
        let history = history.map(|(at, what)| json!({ "at": instant(*at), "what": what }));
        all["history"] = history.collect();
        all["units"] = record.cancellation.units.keys().map(ToString::to_string).collect();
        all["memos"] = record.memos.iter().map(memo).collect();
        writeln!(out, "{all}")?;
        return Ok(());
    }
    let cancellation = &record.cancellation;
    writeln!(out, "{}  {}", cancellation.id(), record.state.name())?;
    if let Some(reason) = &record.reason {
        writeln!(out, "{reason}: {}", record.detail.as_deref().unwrap_or(""))?;
        if let Some(known) = Reason::examples().iter().find(|it| it.name() == reason) {
            writeln!(out, "what to do: {}", known.remedy())?;
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
        writeln!(out, "\nlook at: {flag}")?;
    }
    writeln!(out)?;
    for (at, what) in &record.history {
        writeln!(out, "{}  {what}", instant(*at))?;
    }
    Ok(())
}

fn summary(record: &Record) -> Value {
    json!({
        "id": record.cancellation.id().as_str(),
        "tenant": record.cancellation.tenant.as_str(),
        "order": record.cancellation.order.as_str(),
        "event": record.cancellation.event,
        "state": record.state.name(),
        "reason": record.reason,
        "detail": record.detail,
        "received_at": instant(record.received_at),
        "updated_at": instant(record.updated_at),
        "deliveries": record.deliveries,
        "flags": record.flags,
    })
}

fn memo(memo: &MemoRecord) -> Value {
    let sent = &memo.claim.memo;
    json!({
        "external_id": sent.key.as_str(),
        "standing": standing(memo),
        "number": memo.number,
        "units": sent.units.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "currency": sent.money.code(),
        "credit": sent.credit.to_string(),
        "total": sent.total.to_string(),
        "confirmed_total": memo.confirmed_total.map(|it| it.to_string()),
    })
}

fn standing(memo: &MemoRecord) -> String {
    match &memo.claim.state {
        ClaimState::Unsettled => "outcome unknown".to_owned(),
        ClaimState::Settled(record) => format!("on record as {record}"),
    }
}

/// An instant as people and programs read it.
pub(super) fn instant(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or_default().to_string()
}
