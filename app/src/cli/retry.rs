//! `retry` and `submit`: what a person wants tried, again or for the first time.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::Context;
use domain::{CancellationId, OrderId, Tenant, Timestamp};
use ports::{CancellationState, Clock, Journal, Known, Step, error_chain};
use serde_json::json;

use crate::{
    clock::SystemClock,
    inbound::body,
    observability::{self, Logs},
    operator::{
        audit::{Actor, AuditEntry},
        json::instant,
        parse,
        retry::{self, Channel, Filter, Requeue, RetryError, RetryMode, RetryTally},
    },
    process::{credit::AttemptProgress, service::AttemptOwner},
    wiring,
};

use super::{
    CommandError, ConfigFile, journal_to_read, load, output::stdout, stores, time_arg, unreadable,
};

/// What `retry` is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Retry {
    #[command(flatten)]
    config: ConfigFile,
    /// These cancellations.
    #[arg(required_unless_present = "state")]
    ids: Vec<CancellationId>,
    /// All in this state: parked, deferred or working.
    #[arg(long, value_parser = parse::state, conflicts_with = "ids")]
    state: Option<CancellationState>,
    /// Only with this reason.
    #[arg(long, value_parser = parse::reason, requires = "state")]
    reason: Option<String>,
    /// Only of this tenant.
    #[arg(long, requires = "state")]
    tenant: Option<Tenant>,
    /// Only of this order, by its id.
    #[arg(long, requires = "state")]
    order: Option<OrderId>,
    /// Only those first received since: 2026-11-21T09:30:00Z, 2026-11-21 (UTC), or 48h (ago).
    #[arg(long, value_parser = time_arg::in_utc, requires = "state")]
    since: Option<Timestamp>,
    /// Only counts them, with the amounts that are known.
    #[arg(long)]
    dry_run: bool,
}

impl Retry {
    fn filter(&self) -> Option<Filter> {
        Some(Filter {
            state: self.state?,
            reason: self.reason.clone(),
            tenant: self.tenant.clone(),
            order: self.order.clone(),
            since: self.since,
        })
    }

    /// What the audit trail says it was about.
    fn subject(&self) -> String {
        let listed = || self.ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        self.filter().map_or_else(listed, |it| it.to_string())
    }
}

/// What `submit` is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Submit {
    #[command(flatten)]
    config: ConfigFile,
    /// A file with an event as the webhook takes it.
    file: PathBuf,
}

/// Puts cancellations back into the queue; the service works on them.
pub(super) async fn retry(arguments: Retry) -> Result<(), CommandError> {
    let mut tally = RetryTally::default();
    if arguments.dry_run {
        let journal = journal_to_read(&arguments.config.file).await?;
        wanted(&*journal, &arguments, RetryMode::Count, &mut tally).await?;
        let mut out = stdout();
        writeln!(out, "{} would be tried again; {tally}", tally.ids.len())?;
        return Ok(());
    }
    let (queue, journal) = stores(&arguments.config.file)?;
    let journal = wiring::journal_in_use(&journal).await.map_err(unreadable)?;
    let _telemetry = observability::start(Logs::OfACommand)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let jobs = wiring::jobs(&queue, &clock).await?;
    let requeue = Requeue { jobs: &*jobs, clock: &*clock, channel: Channel::CommandLine };
    let ended = wanted(&*journal, &arguments, RetryMode::PutBack(requeue), &mut tally).await;
    let subject = arguments.subject();
    let audit_entry = AuditEntry { actor: &Actor::Here, action: "retry", subject: &subject };
    match &ended {
        Ok(()) => audit_entry.done(&format!("{} put back", tally.ids.len())),
        Err(why) => audit_entry.refused(&format!(
            "{} put back, then: {}",
            tally.ids.len(),
            error_chain(why)
        )),
    }
    let mut out = stdout();
    for id in &tally.ids {
        writeln!(out, "{id} is back in the queue")?;
    }
    Ok(ended?)
}

/// Those with the ids that are given, and none of them when one may not be
/// tried again; or all that match.
async fn wanted(
    journal: &dyn Journal,
    arguments: &Retry,
    mode: RetryMode<'_>,
    tally: &mut RetryTally,
) -> Result<(), RetryError> {
    if let Some(filter) = arguments.filter() {
        return retry::all(journal, &filter, mode, tally).await;
    }
    let mut found = Vec::new();
    for id in &arguments.ids {
        found.push(retry::one(journal, id).await?);
    }
    for record in &found {
        retry::apply(journal, record, mode, tally).await?;
    }
    Ok(())
}

/// Runs an event from a file as if it had arrived, and prints what became of it.
pub(super) async fn submit(arguments: Submit) -> Result<(), CommandError> {
    let config = load(&arguments.config.file)?;
    let name = arguments.file.display();
    let body = std::fs::read(&arguments.file).with_context(|| format!("cannot read {name}"))?;
    let decoder = wiring::event_decoder();
    let event = body::event(&*decoder, &body, config.server.max_body, SystemClock.now());
    let event = event.with_context(|| name.to_string())?;
    let cancellation = event.cancellation.with_context(|| name.to_string())?;
    let cancellation = cancellation
        .ok_or_else(|| anyhow::anyhow!("{name}: events named {} are not handled", event.name))?;
    let _telemetry = observability::start(Logs::OfACommand)?;
    let clock = Arc::new(SystemClock);
    let (service, _) =
        wiring::service(config.customers, &config.queue, &config.journal, config.worker, clock)
            .await?;
    let tenant = &cancellation.tenant;
    let entry = service.customers.get(tenant).cloned();
    let entry = entry.ok_or_else(|| anyhow::anyhow!("no customer is configured for {tenant}"))?;
    let now = service.context.clock.now();
    let journal = &service.context.journal;
    let opened = journal.open(&cancellation, now).await.map_err(anyhow::Error::from)?;
    let id = cancellation.id();
    let note = Step::Note(vec![format!(
        "submitted {} at {}",
        Channel::CommandLine.phrase(),
        instant(now)
    )]);
    journal.record(&id, now, &[note]).await.map_err(anyhow::Error::from)?;
    let audit_entry = AuditEntry { actor: &Actor::Here, action: "submit", subject: id.as_str() };
    let mut out = stdout();
    if let Known::SeenBefore {
        state:
            state @ (CancellationState::Posted | CancellationState::Skipped | CancellationState::Parked),
        reason,
    } = &opened.known
    {
        let outcome =
            if *state == CancellationState::Posted { "already-posted" } else { state.name() };
        audit_entry.done(outcome);
        writeln!(out, "{}", json!({ "outcome": outcome, "id": id.as_str(), "reason": reason }))?;
        return Ok(());
    }
    let outcome =
        service.attempt(&entry, &opened, AttemptOwner::Webhook, &AttemptProgress::default()).await;
    audit_entry.done(outcome.name());
    let reason = outcome.reason();
    let answer = json!({
        "outcome": outcome.name(),
        "id": id.as_str(),
        "reason": reason.map(domain::Reason::name),
        "detail": reason.map(ToString::to_string),
        "remedy": reason.map(domain::Reason::remedy),
    });
    writeln!(out, "{answer}")?;
    match outcome {
        crate::process::outcome::Outcome::Unavailable { .. } => {
            Err(anyhow::anyhow!("nothing was done: submit it again later").into())
        }
        _ => Ok(()),
    }
}
