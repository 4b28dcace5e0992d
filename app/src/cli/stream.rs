//! `stream`: manages the subscription through which NewStore sends its events.

mod replay;
mod status;

use std::{io::Write, sync::Arc};

use domain::Tenant;
use ports::{Clock, EventStreamError, Registered, StreamState, SubscriptionId, error_chain};
use serde_json::json;

use super::{CommandError, ConfigFile, load, output::stdout};
use crate::{
    background::stream::{Stream as Watched, StreamFault, names},
    clock::SystemClock,
    wiring,
};

/// The subcommands.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Stream {
    /// Shows whether events are sent as configured, and the replays.
    #[command(after_help = "Example:\n  memobridge stream status --config memobridge.toml\n\n\
                      Exit code 1: it is missing, stopped, or not as configured.")]
    Status(Target),
    /// Registers the webhook with NewStore, or updates its registration.
    #[command(after_help = "Example:\n  memobridge stream register --tenant dodici\n\n\
                      It can be run again. A new registration starts by itself; a stopped one \
                      stays stopped.")]
    Register(Target),
    /// Starts a stopped stream; the service does so by itself every hour.
    #[command(after_help = "Example:\n  memobridge stream start --tenant dodici")]
    Start(Target),
    /// Makes NewStore send the events of a time range again.
    #[command(after_help = "Examples:\n  \
                      memobridge stream replay --since 2026-11-21 --until 2026-11-22\n  \
                      memobridge stream replay --since 2026-11-21T09:30:00Z\n  \
                      memobridge stream replay --clean\n\n\
                      Finished cancellations do not change. Watch a replay with memobridge stream \
                      status.")]
    Replay(replay::Replay),
}

/// The stream, and the output format.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    #[command(flatten)]
    config: ConfigFile,
    /// Only this tenant's stream; required for changes if there are several streams.
    #[arg(long)]
    tenant: Option<Tenant>,
    /// Prints one JSON object per line.
    #[arg(long)]
    json: bool,
}

/// Runs a subcommand.
pub(super) async fn stream(command: Stream) -> Result<(), CommandError> {
    match command {
        Stream::Status(target) => status::status(&target).await,
        Stream::Register(target) => register(&target).await,
        Stream::Start(target) => start(&target).await,
        Stream::Replay(arguments) => replay::replay(&arguments).await,
    }
}

impl Target {
    /// The selected streams, at least one.
    fn streams(&self) -> Result<Vec<Watched>, CommandError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let config = load(&self.config.file)?;
        let mut streams =
            wiring::streams(&config.customers, &clock).map_err(CommandError::Usage)?;
        if let Some(tenant) = &self.tenant {
            streams.retain(|stream| stream.tenant == *tenant);
        }
        if streams.is_empty() {
            let whose = self.tenant.as_ref().map(|it| format!(" of {it}")).unwrap_or_default();
            let why = format!("no customer{whose} has a [customer.stream] in the configuration");
            return Err(CommandError::Usage(anyhow::anyhow!(why)));
        }
        Ok(streams)
    }

    /// The one selected stream.
    fn only(&self) -> Result<Watched, CommandError> {
        let mut streams = self.streams()?;
        match (streams.pop(), streams.is_empty()) {
            (Some(stream), true) => Ok(stream),
            (last, _) => {
                let all = streams.iter().chain(&last).map(|stream| stream.tenant.to_string());
                let all = all.collect::<Vec<_>>().join(", ");
                let why = format!("there are several streams: name one with --tenant: {all}");
                Err(CommandError::Usage(anyhow::anyhow!(why)))
            }
        }
    }
}

async fn register(target: &Target) -> Result<(), CommandError> {
    let stream = target.only()?;
    let wanted = &stream.wanted;
    let outcome = match stream.port.register(wanted).await.map_err(|it| no(&stream, &it))? {
        Registered::Created => "created",
        Registered::Updated => "updated",
    };
    let detail = format!("sends {} to {}", names(&wanted.events), wanted.callback);
    print_outcome(target, &stream, &wanted.id, outcome, &detail)
}

async fn start(target: &Target) -> Result<(), CommandError> {
    let stream = target.only()?;
    let id = &stream.wanted.id;
    let found = stream.port.find(id).await.map_err(|it| no(&stream, &it))?;
    if found.is_some_and(|it| it.state == StreamState::Running) {
        return print_outcome(target, &stream, id, "running", "already running");
    }
    stream.port.start(id).await.map_err(|it| no(&stream, &it))?;
    print_outcome(
        target,
        &stream,
        id,
        "started",
        "sends again; if events are missing, replay the time while it was stopped",
    )
}

/// Prints the outcome on one line.
fn print_outcome(
    target: &Target,
    stream: &Watched,
    id: &SubscriptionId,
    outcome: &str,
    detail: &str,
) -> Result<(), CommandError> {
    let (tenant, id) = (stream.tenant.as_str(), id.as_str());
    let mut out = stdout();
    if target.json {
        writeln!(out, "{}", json!({ "tenant": tenant, "id": id, "outcome": outcome }))?;
    } else {
        writeln!(out, "{tenant} {id}: {outcome}: {detail}")?;
    }
    Ok(())
}

/// The error, with its fix.
fn no(stream: &Watched, error: &EventStreamError) -> CommandError {
    let (tenant, id) = (&stream.tenant, &stream.wanted.id);
    CommandError::No(match error {
        EventStreamError::Missing(missing) if missing == id => {
            let (fault, remedy) = (StreamFault::Missing, StreamFault::Missing.remedy(tenant));
            anyhow::anyhow!("{tenant} {id} {fault}; fix: {remedy}")
        }
        error => anyhow::anyhow!("{tenant} {id}: {}", error_chain(error)),
    })
}
