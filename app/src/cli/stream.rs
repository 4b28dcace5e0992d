//! `stream`: looks after the subscription over which NewStore sends its events.

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

/// What can be done about the stream.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Stream {
    /// Tells whether events are sent, as configured; and which replays there are.
    #[command(after_help = "Example:\n  memobridge stream status --config memobridge.toml\n\n\
                      Exit code 1: it is missing, stopped, or not as configured.")]
    Status(Target),
    /// Registers the webhook with NewStore, or brings its registration up to date.
    #[command(after_help = "Example:\n  memobridge stream register --tenant dodici\n\n\
                      Running it twice is fine. A new one starts by itself; a stopped one stays \
                      stopped.")]
    Register(Target),
    /// Starts a stream that was stopped; the service does so by itself every hour.
    #[command(after_help = "Example:\n  memobridge stream start --tenant dodici")]
    Start(Target),
    /// Has NewStore send the events of a stretch of time once more.
    #[command(after_help = "Examples:\n  \
                      memobridge stream replay --since 2026-11-21 --until 2026-11-22\n  \
                      memobridge stream replay --since 2026-11-21T09:30:00Z\n  \
                      memobridge stream replay --clean\n\n\
                      What is settled is answered so and stays as it is. Watch a replay with \
                      memobridge stream status.")]
    Replay(replay::Replay),
}

/// Whose stream, and how to tell it.
#[derive(Debug, clap::Args)]
pub(super) struct Target {
    #[command(flatten)]
    config: ConfigFile,
    /// Only this tenant's; needed to change something where there are several.
    #[arg(long)]
    tenant: Option<Tenant>,
    /// For programs: one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Does it.
pub(super) async fn stream(command: Stream) -> Result<(), CommandError> {
    match command {
        Stream::Status(target) => status::status(&target).await,
        Stream::Register(target) => register(&target).await,
        Stream::Start(target) => start(&target).await,
        Stream::Replay(arguments) => replay::replay(&arguments).await,
    }
}

impl Target {
    /// The streams that are meant, at least one.
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

    /// The one stream that is meant.
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
    say(target, &stream, &wanted.id, outcome, &detail)
}

async fn start(target: &Target) -> Result<(), CommandError> {
    let stream = target.only()?;
    let id = &stream.wanted.id;
    let found = stream.port.find(id).await.map_err(|it| no(&stream, &it))?;
    if found.is_some_and(|it| it.state == StreamState::Running) {
        return say(target, &stream, id, "running", "was running already");
    }
    stream.port.start(id).await.map_err(|it| no(&stream, &it))?;
    say(
        target,
        &stream,
        id,
        "started",
        "sends again; replay the time it was stopped where something is missing",
    )
}

/// What was done, in a line.
fn say(
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

/// Why it could not be done, and what to do.
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
