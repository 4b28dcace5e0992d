//! `stream status`: the status of each stream and its replays.

use std::io::Write;

use domain::Tenant;
use ports::{EventStreamError, StreamState, Subscription, error_chain};
use serde_json::{Value, json};

use super::{CommandError, Target, Watched};
use crate::{
    background::stream::{StreamFault, faults, is_replay, names},
    cli::output::stdout,
    operator::json::instant,
};

/// The status of one stream.
struct StreamStatus {
    found: Option<Subscription>,
    replays: Vec<Subscription>,
}

/// Prints the status of each stream; fails if one is not running as configured.
pub(super) async fn status(target: &Target) -> Result<(), CommandError> {
    let streams = target.streams()?;
    let mut wrong = 0;
    if !target.json {
        writeln!(stdout(), "{}", row("TENANT", "STREAM", "STATE", "DETAIL"))?;
    }
    for stream in &streams {
        let seen = read_status(stream).await;
        let is_fine = match &seen {
            Ok(seen) => faults(&stream.wanted, seen.found.as_ref()).is_empty(),
            Err(_) => false,
        };
        wrong += usize::from(!is_fine);
        let mut out = stdout();
        if target.json {
            writeln!(out, "{}", object(stream, &seen))?;
        } else {
            for line in lines(stream, &seen) {
                writeln!(out, "{line}")?;
            }
        }
    }
    match (wrong, streams.len()) {
        (0, _) => Ok(()),
        (wrong, all) => Err(CommandError::No(anyhow::anyhow!("not ok: {wrong} of {all} streams"))),
    }
}

async fn read_status(stream: &Watched) -> Result<StreamStatus, EventStreamError> {
    let id = &stream.wanted.id;
    let found = stream.port.find(id).await?;
    let mut replays = stream.port.all().await?;
    replays.retain(|it| is_replay(id, it));
    Ok(StreamStatus { found, replays })
}

fn lines(stream: &Watched, seen: &Result<StreamStatus, EventStreamError>) -> Vec<String> {
    let (tenant, id) = (stream.tenant.as_str(), stream.wanted.id.as_str());
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => return vec![row(tenant, id, "unknown", &error_chain(error))],
    };
    let mut lines = vec![row(tenant, id, state(seen.found.as_ref()), &detail(seen.found.as_ref()))];
    for fault in faults(&stream.wanted, seen.found.as_ref()) {
        let remedy = fault.remedy(&stream.tenant);
        lines.push(format!("  {id} {fault}; fix: {remedy}"));
    }
    for replay in &seen.replays {
        let remedy = match replay.state {
            StreamState::Running => String::new(),
            StreamState::Stopped => {
                format!("; memobridge stream replay --clean --tenant {tenant} removes it")
            }
        };
        let detail = format!("replays {}{remedy}", window(replay));
        lines.push(row(tenant, replay.id.as_str(), state(Some(replay)), &detail));
    }
    lines
}

fn object(stream: &Watched, seen: &Result<StreamStatus, EventStreamError>) -> Value {
    let (tenant, id) = (stream.tenant.as_str(), stream.wanted.id.as_str());
    let seen = match seen {
        Ok(seen) => seen,
        Err(error) => {
            return json!({ "tenant": tenant, "id": id, "state": "unknown", "why": error_chain(error) });
        }
    };
    let found = seen.found.as_ref();
    let problems = faults(&stream.wanted, found);
    let problems: Vec<_> = problems.iter().map(|it| problem(&stream.tenant, it)).collect();
    let replays = seen.replays.iter().map(|it| {
        let (since, until) = ends(it).unzip();
        json!({ "id": it.id.as_str(), "state": state(Some(it)), "since": since, "until": until })
    });
    json!({
        "tenant": tenant,
        "id": id,
        "state": state(found),
        "callback": found.and_then(|it| it.callback.as_ref()),
        "events": found.and_then(|it| it.filter.as_ref()).map(|it| &it.events),
        "problems": problems,
        "replays": replays.collect::<Vec<_>>(),
    })
}

fn problem(tenant: &Tenant, fault: &StreamFault) -> Value {
    json!({ "problem": fault.to_string(), "remedy": fault.remedy(tenant) })
}

fn row(tenant: &str, stream: &str, state: &str, detail: &str) -> String {
    let row = format!("{tenant:<12}  {stream:<50}  {state:<8}  {detail}");
    row.trim_end().to_owned()
}

fn state(found: Option<&Subscription>) -> &'static str {
    match found.map(|it| it.state) {
        None => "missing",
        Some(StreamState::Running) => "running",
        Some(StreamState::Stopped) => "stopped",
    }
}

fn detail(found: Option<&Subscription>) -> String {
    let events = found.and_then(|it| it.filter.as_ref()).map(|it| names(&it.events));
    let callback = found.and_then(|it| it.callback.as_ref()).map(|it| format!("to {it}"));
    events.into_iter().chain(callback).collect::<Vec<_>>().join(" ")
}

/// The window of a replay as text.
pub(super) fn window(replay: &Subscription) -> String {
    match ends(replay) {
        Some((since, until)) => format!("{since} to {until}"),
        None => "an unknown window".to_owned(),
    }
}

fn ends(replay: &Subscription) -> Option<(String, String)> {
    replay.window.map(|it| (instant(it.since()), instant(it.until())))
}
