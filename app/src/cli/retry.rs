//! `retry`: requeues cancellations.

use std::{io::Write, sync::Arc};

use domain::{CancellationId, OrderId, Tenant, Timestamp};
use ports::{CancellationState, Clock, Journal, error_chain};

use crate::{
    clock::SystemClock,
    observability::{self, Logs},
    operator::{
        audit::{Actor, AuditEntry},
        parse,
        retry::{self, Channel, Filter, Requeue, RetryError, RetryMode, RetryTally},
    },
    wiring,
};

use super::{
    CommandError, ConfigFile, journal_to_read, output::stdout, stores, time_arg, unreadable,
};

/// The arguments of `retry`.
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
    /// Only counts them and shows the known amounts.
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

    /// The subject of the request in the audit trail.
    fn subject(&self) -> String {
        let listed = || self.ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        self.filter().map_or_else(listed, |it| it.to_string())
    }
}

/// Requeues cancellations; the service processes them.
pub(super) async fn retry(arguments: Retry) -> Result<(), CommandError> {
    let mut tally = RetryTally::default();
    if arguments.dry_run {
        let journal = journal_to_read(&arguments.config.file).await?;
        wanted(&*journal, &arguments, RetryMode::Count, &mut tally).await?;
        let mut out = stdout();
        writeln!(out, "{} would be retried; {tally}", tally.ids.len())?;
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
        Ok(()) => audit_entry.done(&format!("{} requeued", tally.ids.len())),
        Err(why) => audit_entry.refused(&format!(
            "{} requeued, then: {}",
            tally.ids.len(),
            error_chain(why)
        )),
    }
    let mut out = stdout();
    for id in &tally.ids {
        writeln!(out, "{id} is requeued")?;
    }
    Ok(ended?)
}

/// The cancellations with the given ids, or an error if one of them cannot be retried; otherwise
/// all that match the filter.
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
