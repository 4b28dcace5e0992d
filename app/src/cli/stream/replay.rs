//! `stream replay`: makes NewStore send a time range again, and removes finished replays.

use std::io::Write;

use domain::Timestamp;
use ports::{Clock, Registered, StreamState, StreamWindow};

use super::{CommandError, Target, Watched, no, print_outcome, status::window};
use crate::{
    background::stream::{Plan, is_replay, names, plan},
    cli::{output::stdout, time_arg},
    clock::SystemClock,
    operator::json::instant,
};

/// The arguments of `stream replay`.
#[derive(Debug, clap::Args)]
pub(crate) struct Replay {
    #[command(flatten)]
    target: Target,
    /// The start of the range: 2026-11-21T09:30:00Z, 2026-11-21 (UTC), or 48h (ago).
    #[arg(long, value_name = "T", value_parser = time_arg::in_utc, required_unless_present = "clean")]
    since: Option<Timestamp>,
    /// The end of the range, in the same formats; the default is now.
    #[arg(long, value_name = "T", value_parser = time_arg::in_utc, requires = "since")]
    until: Option<Timestamp>,
    /// First removes finished replays, with their logs and rejected events.
    #[arg(long)]
    clean: bool,
}

/// Removes finished replays if requested, then begins a replay if requested.
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
    /// The range in whole seconds, rounded outward; `None` without `--since`.
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
        print_outcome(&arguments.target, stream, &replay.id, outcome, &detail)?;
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
                "sends {} of {since} to {until} again\n{watch}\n\
                 once it has stopped, remove it: memobridge stream replay --clean --tenant {tenant}",
                names(&replay.events)
            );
            print_outcome(target, stream, &replay.id, outcome, &detail)
        }
        Plan::UnderWay(same) => {
            print_outcome(target, stream, &same.id, "running", &format!("already begun\n{watch}"))
        }
        Plan::Over(same) => Err(CommandError::No(anyhow::anyhow!(
            "{tenant} {} is finished; to run it again, remove it first: add --clean",
            same.id
        ))),
        Plan::Busy(other) => Err(CommandError::No(anyhow::anyhow!(
            "{tenant} {} is running and sends a part of the same range; {watch}",
            other.id
        ))),
    }
}

#[cfg(test)]
mod tests;
