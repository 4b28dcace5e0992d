//! `submit`: processes an event from a file as if the webhook had received it.

use std::{io::Write, path::PathBuf, sync::Arc};

use anyhow::Context;
use ports::{CancellationState, Clock, Known, Step};
use serde_json::json;

use crate::{
    clock::SystemClock,
    inbound::body,
    observability::{self, Logs},
    operator::{
        audit::{Actor, AuditEntry},
        json::instant,
        retry::Channel,
    },
    process::{credit::AttemptProgress, service::AttemptOwner},
    wiring,
};

use super::{CommandError, ConfigFile, load, output::stdout};

/// The arguments of `submit`.
#[derive(Debug, clap::Args)]
pub(super) struct Submit {
    #[command(flatten)]
    config: ConfigFile,
    /// A file with an event in the webhook's format.
    file: PathBuf,
}

/// Processes the event and prints its outcome.
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
            Err(anyhow::anyhow!("nothing was done; fix: submit it again later").into())
        }
        _ => Ok(()),
    }
}
