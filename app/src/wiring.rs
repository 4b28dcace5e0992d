//! The composition root: the only module that names an adapter.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use adapters_journal::Existing;
use anyhow::Context as _;
use domain::Tenant;
use ports::{
    Backlog, Clock, Diagnostics, EventDecoder, Jobs, Journal, Ledger, MemoIndex, MemoIndexError,
    OpenCounts, ReadPermissions, Registration, Retention, Storefront,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    background::{stores::Stores, stream::Stream},
    config::{self, Erp},
    inbound::keys::Keys,
    ledger::circuit_breaker::CircuitBreakerLedger,
    observability::instrumented::{InstrumentedStore, InstrumentedSystem},
    process::{
        credit::{Context, Customer},
        elapsed::Elapsed,
        local_leases::LocalLeases,
        service::{CustomerEntry, Service},
    },
    random::Random,
};

/// The address of a journal's database.
pub use adapters_journal::DatabaseUrl;

/// The start of an error about the journal's database.
const DATABASE: &str = "the journal's database cannot be used";

/// A journal as all the ports that it implements.
type JournalStore = (Arc<dyn Journal>, Arc<dyn OpenCounts>, Arc<dyn Retention>);

/// The decoder of the storefront's events.
#[must_use]
pub fn event_decoder() -> Arc<dyn EventDecoder> {
    Arc::new(adapters_newstore::webhook::WebhookDecoder)
}

/// Builds the service that the parts of a configuration describe, with its stores for metrics and
/// retention.
pub async fn service(
    customers: Vec<config::CustomerConfig>,
    queue: &config::QueueConfig,
    journal: &config::JournalConfig,
    worker: config::Worker,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Service, Stores)> {
    let (journal, open_counts, retention) = open_journal(journal).await?;
    let (jobs, backlog): (Arc<dyn Jobs>, Arc<dyn Backlog>) = match queue {
        config::QueueConfig::Embedded { path } => {
            let jobs = Arc::new(embedded_queue(path, &clock)?);
            (jobs.clone(), jobs)
        }
        config::QueueConfig::Sqs(config) => {
            let jobs = Arc::new(sqs(config, &clock).await?);
            let context = format!("the queue {} does not fit", config.url);
            jobs.outlasts(worker.give_up_after).context(context)?;
            (jobs.clone(), jobs)
        }
    };
    let journal =
        Arc::new(LocalLeases::new(Arc::new(InstrumentedStore::new(journal)), clock.clone()));
    let jobs = Arc::new(InstrumentedStore::new(jobs));
    let mut members = BTreeMap::new();
    for customer in customers {
        let tenant = customer.tenant.clone();
        let context = format!("customer {tenant}");
        members.insert(tenant, Arc::new(customer_entry(customer, &clock).context(context)?));
    }
    let service = Service {
        customers: Arc::new(members),
        context: Context {
            journal,
            clock,
            random: Random::default(),
            give_up_after: worker.give_up_after,
            elapsed: Elapsed::new(worker.give_up_after),
        },
        jobs,
        first_delay: worker.first_delay,
        running: TaskTracker::default(),
        draining: CancellationToken::new(),
    };
    Ok((service, Stores::new(open_counts, retention, backlog)))
}

/// A journal that only a service of this version can bring up to date.
#[derive(Debug, thiserror::Error)]
#[error(
    "the journal {place} has schema {found}, this version reads schema {known}; fix: start the \
     service of this version once, or use this command of the version that runs"
)]
pub struct OlderJournalError {
    place: String,
    found: usize,
    known: usize,
}

/// Opens an existing journal for reading. Changes nothing, and needs no write permission.
///
/// The error is an [`OlderJournalError`] where the schema is older than this version reads.
pub async fn journal_to_read(config: &config::JournalConfig) -> anyhow::Result<Arc<dyn Journal>> {
    match config {
        config::JournalConfig::Embedded { path } => {
            let found = adapters_journal::Embedded::open_existing(path);
            current(found.with_context(|| journal_context(path))?, path.display().to_string())
        }
        config::JournalConfig::Postgres { url } => {
            let found = adapters_journal::Postgres::open_existing(url).await;
            current(found.context(DATABASE)?, "in the database".to_owned())
        }
    }
}

fn current(
    found: Existing<impl Journal + 'static>,
    place: String,
) -> anyhow::Result<Arc<dyn Journal>> {
    match found {
        Existing::Current(journal) => Ok(Arc::new(journal)),
        Existing::Older { found, known } => Err(OlderJournalError { place, found, known }.into()),
        Existing::Missing => anyhow::bail!(
            "there is no journal {place}: the service has not run with this configuration"
        ),
    }
}

/// Opens an existing journal with the current schema.
pub async fn journal_in_use(config: &config::JournalConfig) -> anyhow::Result<Arc<dyn Journal>> {
    journal_to_read(config).await?;
    journal(config).await
}

/// The errors that `serve` would report about the files of queue and journal. Changes and creates
/// nothing.
pub fn unusable_files(
    queue: &config::QueueConfig,
    journal: &config::JournalConfig,
) -> Vec<anyhow::Error> {
    let queue = match queue {
        config::QueueConfig::Embedded { path } => {
            adapters_queue::Embedded::check(path).with_context(|| queue_context(path))
        }
        config::QueueConfig::Sqs(_) => Ok(()),
    };
    let journal = match journal {
        config::JournalConfig::Embedded { path } => {
            adapters_journal::Embedded::check(path).with_context(|| journal_context(path))
        }
        config::JournalConfig::Postgres { .. } => Ok(()),
    };
    [queue, journal].into_iter().filter_map(Result::err).collect()
}

fn queue_context(path: &Path) -> String {
    format!("the queue {} cannot be used (queue.path)", path.display())
}

fn journal_context(path: &Path) -> String {
    format!("the journal {} cannot be used (journal.path)", path.display())
}

/// Opens the journal.
pub async fn journal(config: &config::JournalConfig) -> anyhow::Result<Arc<dyn Journal>> {
    Ok(open_journal(config).await?.0)
}

async fn open_journal(config: &config::JournalConfig) -> anyhow::Result<JournalStore> {
    match config {
        config::JournalConfig::Embedded { path } => {
            let journal = adapters_journal::Embedded::open(path);
            let journal = journal.with_context(|| journal_context(path))?;
            let journal = Arc::new(journal);
            Ok((journal.clone(), journal.clone(), journal))
        }
        config::JournalConfig::Postgres { url } => {
            let journal = adapters_journal::Postgres::open(url).await.context(DATABASE)?;
            let journal = Arc::new(journal);
            Ok((journal.clone(), journal.clone(), journal))
        }
    }
}

/// Opens an empty index for one reconciliation run.
pub fn memo_index() -> Result<Arc<dyn MemoIndex>, MemoIndexError> {
    Ok(Arc::new(adapters_journal::TemporaryMemoIndex::open()?))
}

/// Opens the queue alone.
pub async fn jobs(
    config: &config::QueueConfig,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Arc<dyn Jobs>> {
    match config {
        config::QueueConfig::Embedded { path } => Ok(Arc::new(embedded_queue(path, clock)?)),
        config::QueueConfig::Sqs(config) => Ok(Arc::new(sqs(config, clock).await?)),
    }
}

fn embedded_queue(path: &Path, clock: &Arc<dyn Clock>) -> anyhow::Result<adapters_queue::Embedded> {
    adapters_queue::Embedded::open(path, clock.clone()).with_context(|| queue_context(path))
}

async fn sqs(config: &config::Sqs, clock: &Arc<dyn Clock>) -> anyhow::Result<adapters_queue::Sqs> {
    let aws = adapters_queue::aws(config.region.clone(), config.endpoint.clone()).await;
    let options = adapters_queue::SqsOptions {
        url: config.url.clone(),
        dead_letter_url: config.dead_letter_url.clone(),
    };
    let jobs = adapters_queue::Sqs::open(&aws, &options, clock.clone()).await;
    jobs.with_context(|| format!("the queue {} cannot be used", config.url))
}

/// The diagnostics of a customer's systems, by name.
pub fn examined(
    config: config::CustomerConfig,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Vec<(&'static str, Arc<dyn Diagnostics>)>> {
    let context = format!("customer {}", config.tenant);
    let build = || -> anyhow::Result<Vec<(&'static str, Arc<dyn Diagnostics>)>> {
        let zone = zone(&config);
        let storefront = newstore(&config.tenant, &config.newstore, clock)?;
        let (name, ledger): (_, Arc<dyn Diagnostics>) = match config.erp {
            Erp::NetSuiteSoap(erp) => {
                let ledger = netsuite(erp, zone, &config.policy.line_key_field, clock)?;
                ("NetSuite", Arc::new(ledger))
            }
        };
        Ok(vec![("NewStore", Arc::new(storefront)), (name, ledger)])
    };
    build().context(context)
}

/// Builds everything that the start of the service builds; makes no call.
pub fn fits(customers: Vec<config::CustomerConfig>, clock: &Arc<dyn Clock>) -> anyhow::Result<()> {
    streams(&customers, clock)?;
    for customer in customers {
        examined(customer, clock)?;
    }
    Ok(())
}

/// The event streams that the service watches.
pub fn streams(
    customers: &[config::CustomerConfig],
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Vec<Stream>> {
    let configured =
        customers.iter().filter_map(|customer| Some((customer, customer.stream.as_ref()?)));
    let build = |(customer, config): (&config::CustomerConfig, &config::Stream)| {
        let tenant = customer.tenant.clone();
        let options = options(&tenant, &customer.newstore);
        let (url, key) = (config.url.as_deref(), config.api_key.clone());
        let port = adapters_newstore::Integrations::new(options, url, key, clock.clone())
            .with_context(|| format!("customer {tenant}: stream"))?;
        let wanted = Registration {
            id: config.id.clone(),
            callback: config.callback_url.clone(),
            events: config.events.clone(),
            window: None,
        };
        Ok(Stream { tenant, wanted, port: Arc::new(port) })
    };
    configured.map(build).collect()
}

fn customer_entry(
    config: config::CustomerConfig,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<CustomerEntry> {
    let zone = zone(&config);
    let storefront = newstore(&config.tenant, &config.newstore, clock)?;
    let storefront: Arc<dyn Storefront> = Arc::new(storefront);
    let line_key_field = &config.policy.line_key_field;
    let ledger = ledger(&config.tenant, config.erp, zone, line_key_field, clock)?;
    let customer = Customer {
        storefront: Arc::new(InstrumentedSystem::new(storefront, &config.tenant, clock.clone())),
        tenant: config.tenant,
        ledger: Arc::new(ledger),
        policy: config.policy,
        maps: config.maps,
        time_zone: config.time_zone,
    };
    Ok(CustomerEntry { customer, keys: Keys::new(config.webhook_keys) })
}

fn ledger(
    tenant: &Tenant,
    config: Erp,
    time_zone: String,
    line_key_field: &str,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<CircuitBreakerLedger> {
    match config {
        Erp::NetSuiteSoap(config) => {
            let erp = Arc::new(netsuite(config, time_zone, line_key_field, clock)?);
            let ledger: Arc<dyn Ledger> = erp.clone();
            let access: Arc<dyn ReadPermissions> = erp;
            // Instrumented behind the breaker: a call that the breaker rejects does not count as a
            // call.
            let ledger = Arc::new(InstrumentedSystem::new(ledger, tenant, clock.clone()));
            let access = Arc::new(InstrumentedSystem::new(access, tenant, clock.clone()));
            Ok(CircuitBreakerLedger::new(tenant, ledger, access, clock.clone()))
        }
    }
}

fn newstore(
    tenant: &Tenant,
    config: &config::NewStore,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<adapters_newstore::NewStore> {
    Ok(adapters_newstore::NewStore::new(options(tenant, config), clock.clone())?)
}

fn options(tenant: &Tenant, config: &config::NewStore) -> adapters_newstore::Options {
    adapters_newstore::Options {
        tenant: tenant.clone(),
        graphql_url: config.graphql_url.clone(),
        token_url: config.token_url.clone(),
        client_id: config.client_id.clone(),
        client_secret: config.client_secret.clone(),
        timeout: config.timeout,
    }
}

fn netsuite(
    config: config::NetSuite,
    time_zone: String,
    line_key_field: &str,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<adapters_netsuite::NetSuite> {
    let options = adapters_netsuite::Options {
        account: config.account,
        version: config.version,
        endpoint: config.endpoint,
        consumer_key: config.consumer_key,
        consumer_secret: config.consumer_secret,
        token_id: config.token_id,
        token_secret: config.token_secret,
        concurrency: config.concurrency,
        timeout: config.timeout,
        time_zone,
        line_key_field: line_key_field.to_owned(),
    };
    Ok(adapters_netsuite::NetSuite::new(options, clock.clone())?)
}

fn zone(config: &config::CustomerConfig) -> String {
    config.time_zone.iana_name().unwrap_or("UTC").to_owned()
}
