//! `retry` and `submit`: what a person wants tried, again or for the first time.

use std::{collections::BTreeMap, io::Write, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context;
use domain::{Amount, CancellationId, ClaimState};
use ports::{Clock, Jobs, Journal, Known, MemoRecord, Query, Record, State, Step};
use serde_json::json;

use crate::{
    clock::SystemClock,
    credit::Progress,
    service::{Runner, job},
    wiring::{self, webhook},
};

use super::{ConfigFile, Failure, load, look::state, stores};

/// How many cancellations one look reads.
const PAGE: usize = 500;

/// What `retry` is asked for.
#[derive(Debug, clap::Args)]
pub(super) struct Retry {
    #[command(flatten)]
    config: ConfigFile,
    /// These cancellations.
    #[arg(required_unless_present = "state")]
    ids: Vec<CancellationId>,
    /// All in this state.
    #[arg(long, value_parser = state, conflicts_with = "ids")]
    state: Option<State>,
    /// Only with this reason.
    #[arg(long, requires = "state")]
    reason: Option<String>,
    /// Only counts them, with the amounts that are known.
    #[arg(long)]
    dry_run: bool,
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
pub(super) async fn retry(arguments: Retry) -> Result<(), Failure> {
    let (queue, journal) = stores(&arguments.config.file)?;
    let journal = wiring::journal_in_use(&journal).await?;
    let found = wanted(&*journal, &arguments).await?;
    let mut out = std::io::stdout().lock();
    if arguments.dry_run {
        let mut sums: BTreeMap<&str, Amount> = BTreeMap::new();
        let open = |it: &&MemoRecord| it.claim.state == ClaimState::Unsettled;
        for memo in found.iter().flat_map(|it| &it.memos).filter(open) {
            *sums.entry(memo.claim.memo.money.code()).or_default() += memo.claim.memo.credit;
        }
        let sums: Vec<_> = sums.iter().map(|(code, sum)| format!("{sum} {code}")).collect();
        let sums = match sums.as_slice() {
            [] => "no memo is under way".to_owned(),
            some => format!("memos under way: {}", some.join(", ")),
        };
        writeln!(out, "{} would be tried again; {sums}", found.len())?;
        return Ok(());
    }
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let jobs = wiring::jobs(&queue, &clock).await?;
    for record in &found {
        put_back(&*journal, &*jobs, &*clock, record).await?;
        writeln!(out, "{} is back in the queue", record.cancellation.id())?;
    }
    Ok(())
}

/// Starts the deadline anew and queues the cancellation.
async fn put_back(
    journal: &dyn Journal,
    jobs: &dyn Jobs,
    clock: &dyn Clock,
    record: &Record,
) -> anyhow::Result<()> {
    let id = record.cancellation.id();
    journal.record(&id, clock.now(), &Step::Retried).await?;
    Ok(jobs.push(&job(&record.cancellation), Duration::ZERO).await?)
}

async fn wanted(journal: &dyn Journal, arguments: &Retry) -> Result<Vec<Record>, Failure> {
    let mut found = Vec::new();
    for id in &arguments.ids {
        let query = Query { id: Some(id.clone()), limit: 1, ..Query::default() };
        let record = journal.find(&query).await.map_err(anyhow::Error::from)?.pop();
        let record = record.ok_or_else(|| anyhow::anyhow!("no cancellation has the id {id}"))?;
        if !matches!(record.state, State::Parked | State::Deferred | State::Working) {
            let state = record.state.name();
            return Err(anyhow::anyhow!("{id} is {state}: there is nothing to try again").into());
        }
        found.push(record);
    }
    let Some(state) = arguments.state else {
        return Ok(found);
    };
    if matches!(state, State::Posted | State::Skipped) {
        return Err(anyhow::anyhow!("what is {} is not tried again", state.name()).into());
    }
    let reason = arguments.reason.clone();
    let mut query = Query { state: Some(state), reason, limit: PAGE, ..Query::default() };
    loop {
        let page = journal.find(&query).await.map_err(anyhow::Error::from)?;
        let Some(last) = page.last() else {
            return Ok(found);
        };
        query.after = Some(last.place);
        found.extend(page);
    }
}

/// Runs an event from a file as if it had arrived, and prints what became of it.
pub(super) async fn submit(arguments: Submit) -> Result<(), Failure> {
    let config = load(&arguments.config.file)?;
    let name = arguments.file.display();
    let body = std::fs::read(&arguments.file).with_context(|| format!("cannot read {name}"))?;
    let event = webhook::envelope(&body).map_err(|why| anyhow::anyhow!("{name}: {why}"))?;
    let cancellation = event.cancellation().map_err(|why| anyhow::anyhow!("{name}: {why}"))?;
    let cancellation = cancellation
        .ok_or_else(|| anyhow::anyhow!("{name}: events named {} are not handled", event.name()))?;
    let clock = Arc::new(SystemClock);
    let (service, _) =
        wiring::service(config.customers, &config.queue, &config.journal, config.worker, clock)
            .await?;
    let tenant = &cancellation.tenant;
    let member = service.customers.get(tenant).cloned();
    let member = member.ok_or_else(|| anyhow::anyhow!("no customer is configured for {tenant}"))?;
    let now = service.desk.clock.now();
    let opened =
        service.desk.journal.open(&cancellation, now).await.map_err(anyhow::Error::from)?;
    let id = cancellation.id();
    let mut out = std::io::stdout().lock();
    if let Known::Before {
        state: state @ (State::Posted | State::Skipped | State::Parked),
        reason,
    } = &opened.known
    {
        let outcome = if *state == State::Posted { "already-posted" } else { state.name() };
        writeln!(out, "{}", json!({ "outcome": outcome, "id": id.as_str(), "reason": reason }))?;
        return Ok(());
    }
    let outcome = service.attempt(&member, &opened, Runner::Webhook, &Progress::default()).await;
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
        crate::credit::Outcome::Unavailable { .. } => {
            Err(anyhow::anyhow!("nothing was done: submit it again later").into())
        }
        _ => Ok(()),
    }
}
