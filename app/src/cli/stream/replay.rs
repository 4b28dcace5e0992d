//! `stream replay`: has a stretch of time sent once more, and removes what has run.

use std::io::Write;

use domain::Timestamp;
use ports::{Clock, Registered, StreamState, StreamWindow};

use super::{CommandError, Target, Watched, no, say, status::window};
use crate::{
    background::stream::{Plan, is_replay, names, plan},
    cli::{output::stdout, time_arg},
    clock::SystemClock,
    operator::json::instant,
};

/// What `stream replay` is asked for.
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    target: Target,
    /// From here: 2026-11-21T09:30:00Z, 2026-11-21 (UTC), or 48h (ago).
    #[arg(long, value_name = "T", value_parser = time_arg::in_utc, required_unless_present = "clean")]
    since: Option<Timestamp>,
    /// To here, written in the same way; until now where it is left out.
    #[arg(long, value_name = "T", value_parser = time_arg::in_utc, requires = "since")]
    until: Option<Timestamp>,
    /// First removes replays that have run, with their logs and rejected events.
    #[arg(long)]
    clean: bool,
}

/// Cleans up where that is wanted, then begins to replay where that is.
pub(super) async fn replay(arguments: &Replay) -> Result<(), CommandError> {
    let window = arguments.window(SystemClock.now())?;
    let stream = arguments.target.only()?;
    if arguments.clean {
        clean(arguments, &stream).await?;
    }
    match window {
        Some(window) => begin(arguments, &stream, window).await,
        None => Ok(()),
    }
}

impl Replay {
    /// What is to be replayed, in whole seconds and not less; none where it is only about cleaning up.
    fn window(&self, now: Timestamp) -> Result<Option<StreamWindow>, CommandError> {
        let Some(since) = self.since else { return Ok(None) };
        let until = self.until.unwrap_or(now);
        if now < until {
            return Err(CommandError::Usage(anyhow::anyhow!("--until must not be in the future")));
        }
        let whole = |millis: i64| Timestamp::from_millis(millis.div_euclid(1000) * 1000);
        let window = StreamWindow::new(whole(since.as_millis()), whole(until.as_millis() + 999));
        let why = || CommandError::Usage(anyhow::anyhow!("--since must be before --until"));
        window.ok_or_else(why).map(Some)
    }
}

async fn clean(arguments: &Replay, stream: &Watched) -> Result<(), CommandError> {
    let mut replays = stream.port.all().await.map_err(|it| no(stream, &it))?;
    replays.retain(|it| is_replay(&stream.wanted.id, it));
    if replays.is_empty() && !arguments.target.json {
        writeln!(stdout(), "{} {} has no replays", stream.tenant, stream.wanted.id)?;
    }
    for replay in &replays {
        let outcome = match replay.state {
            StreamState::Running => "running",
            StreamState::Stopped => {
                stream.port.remove(&replay.id).await.map_err(|it| no(stream, &it))?;
                "removed"
            }
        };
        let detail = format!("replays {}", window(replay));
        say(&arguments.target, stream, &replay.id, outcome, &detail)?;
    }
    Ok(())
}

async fn begin(
    arguments: &Replay,
    stream: &Watched,
    window: StreamWindow,
) -> Result<(), CommandError> {
    let (tenant, target) = (&stream.tenant, &arguments.target);
    let all = stream.port.all().await.map_err(|it| no(stream, &it))?;
    let watch = format!("watch it: memobridge stream status --tenant {tenant}");
    match plan(&stream.wanted, window, &all) {
        Plan::Begin(replay) => {
            let registered = stream.port.register(&replay).await;
            let outcome = match registered.map_err(|it| no(stream, &it))? {
                Registered::Created => "begun",
                // Another process was faster.
                Registered::Updated => "running",
            };
            let (since, until) = (instant(window.since()), instant(window.until()));
            let detail = format!(
                "sends {} of {since} to {until} once more\n{watch}\n\
                 once it has stopped, remove it: memobridge stream replay --clean --tenant {tenant}",
                names(&replay.events)
            );
            say(target, stream, &replay.id, outcome, &detail)
        }
        Plan::UnderWay(same) => {
            say(target, stream, &same.id, "running", &format!("was begun before\n{watch}"))
        }
        Plan::Over(same) => Err(CommandError::No(anyhow::anyhow!(
            "{tenant} {} has run; to run it again, remove it first: add --clean",
            same.id
        ))),
        Plan::Busy(other) => Err(CommandError::No(anyhow::anyhow!(
            "{tenant} {} is running and sends part of the same time; {watch}",
            other.id
        ))),
    }
}

#[cfg(test)]
mod tests;
