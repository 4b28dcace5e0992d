//! The composition root: the only module that names an adapter.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use domain::Tenant;
use ports::{
    Census, Clock, Examined, Jobs, JobsError, Journal, JournalError, Ledger, Storefront, Unfinished,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    config::{self, Erp},
    credit::{Customer, Desk},
    dice::Dice,
    guarded::Guarded,
    observed::{Store, System},
    service::{Member, Service},
};

/// How much is in a queue.
pub use adapters_queue::Depth;

/// The webhook's wire shape and its keys.
pub use adapters_newstore::webhook;

/// The stores of a service, as far as they are measured.
pub struct Measured {
    journal: Arc<dyn Census>,
    queue: Arc<adapters_queue::Embedded>,
}

impl Measured {
    /// How many cancellations are not over.
    pub async fn census(&self) -> Result<Vec<Unfinished>, JournalError> {
        self.journal.census().await
    }

    /// How much is in the queue.
    pub async fn depth(&self) -> Result<Depth, JobsError> {
        self.queue.depth().await
    }
}

/// Builds the service that the parts of a configuration describe, with its stores to be
/// measured.
pub async fn service(
    customers: Vec<config::Customer>,
    queue: &config::Queue,
    journal: &config::Journal,
    worker: config::Worker,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<(Service, Measured)> {
    let (journal, census) = open_journal(journal).await?;
    let (journal, queue) = (Arc::new(Store::new(journal)), open_queue(queue, &clock).await?);
    let jobs = Arc::new(Store::new(queue.clone() as Arc<dyn Jobs>));
    let mut members = BTreeMap::new();
    for customer in customers {
        let tenant = customer.tenant.clone();
        let context = format!("customer {tenant}");
        members.insert(tenant, Arc::new(member(customer, &clock).context(context)?));
    }
    let service = Service {
        customers: Arc::new(members),
        desk: Desk { journal, clock, dice: Dice::default(), give_up_after: worker.give_up_after },
        jobs,
        first_delay: worker.first_delay,
        running: TaskTracker::default(),
        draining: CancellationToken::new(),
    };
    Ok((service, Measured { journal: census, queue }))
}

/// Opens a journal that is there already, for commands that only look.
pub async fn journal_in_use(config: &config::Journal) -> anyhow::Result<Arc<dyn Journal>> {
    if let config::Journal::Embedded { path } = config
        && !path.exists()
    {
        let path = path.display();
        anyhow::bail!(
            "there is no journal {path}: the service has not run with this configuration"
        );
    }
    journal(config).await
}

/// Opens the journal.
pub async fn journal(config: &config::Journal) -> anyhow::Result<Arc<dyn Journal>> {
    Ok(open_journal(config).await?.0)
}

/// The journal under both its names.
#[expect(clippy::unused_async, reason = "a shared store is opened over the network")]
async fn open_journal(
    config: &config::Journal,
) -> anyhow::Result<(Arc<dyn Journal>, Arc<dyn Census>)> {
    match config {
        config::Journal::Embedded { path } => {
            let journal = adapters_journal::Embedded::open(path)
                .with_context(|| format!("the journal {} cannot be used", path.display()))?;
            let journal = Arc::new(journal);
            Ok((journal.clone(), journal))
        }
        config::Journal::Postgres { .. } => {
            anyhow::bail!("journal.kind = \"postgres\" is not built in yet")
        }
    }
}

/// Opens the queue alone.
pub async fn jobs(config: &config::Queue, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Jobs>> {
    Ok(open_queue(config, clock).await?)
}

#[expect(clippy::unused_async, reason = "a shared store is opened over the network")]
async fn open_queue(
    config: &config::Queue,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Arc<adapters_queue::Embedded>> {
    match config {
        config::Queue::Embedded { path } => {
            let jobs = adapters_queue::Embedded::open(path, clock.clone())
                .with_context(|| format!("the queue {} cannot be used", path.display()))?;
            Ok(Arc::new(jobs))
        }
        config::Queue::Sqs(_) => anyhow::bail!("queue.kind = \"sqs\" is not built in yet"),
    }
}

/// A retailer's systems by their names, to be asked whether they can be worked with.
pub fn examined(
    config: config::Customer,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Vec<(&'static str, Arc<dyn Examined>)>> {
    let context = format!("customer {}", config.tenant);
    let build = || -> anyhow::Result<Vec<(&'static str, Arc<dyn Examined>)>> {
        let zone = zone(&config);
        let storefront = newstore(&config.tenant, config.newstore, clock)?;
        let (name, ledger): (_, Arc<dyn Examined>) = match config.erp {
            Erp::NetSuiteSoap(erp) => {
                let ledger = netsuite(erp, zone, &config.policy.line_key_field, clock)?;
                ("NetSuite", Arc::new(ledger))
            }
        };
        Ok(vec![("NewStore", Arc::new(storefront)), (name, ledger)])
    };
    build().context(context)
}

fn member(config: config::Customer, clock: &Arc<dyn Clock>) -> anyhow::Result<Member> {
    let zone = zone(&config);
    let storefront = newstore(&config.tenant, config.newstore, clock)?;
    let storefront: Arc<dyn Storefront> = Arc::new(storefront);
    let ledger = ledger(config.erp, zone, &config.policy.line_key_field, clock)?;
    // Behind the breaker: what it holds back is no call.
    let ledger = Arc::new(System::new(ledger, &config.tenant, clock.clone()));
    let customer = Customer {
        storefront: Arc::new(System::new(storefront, &config.tenant, clock.clone())),
        tenant: config.tenant,
        ledger: Arc::new(Guarded::new(ledger, clock.clone())),
        policy: config.policy,
        maps: config.maps,
        time_zone: config.time_zone,
    };
    Ok(Member { customer, keys: webhook::Keys::new(config.webhook_keys) })
}

fn ledger(
    config: Erp,
    time_zone: String,
    line_key_field: &str,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<Arc<dyn Ledger>> {
    match config {
        Erp::NetSuiteSoap(config) => {
            Ok(Arc::new(netsuite(config, time_zone, line_key_field, clock)?))
        }
    }
}

fn newstore(
    tenant: &Tenant,
    config: config::NewStore,
    clock: &Arc<dyn Clock>,
) -> anyhow::Result<adapters_newstore::NewStore> {
    let options = adapters_newstore::Options {
        tenant: tenant.clone(),
        graphql_url: config.graphql_url,
        token_url: config.token_url,
        client_id: config.client_id,
        client_secret: config.client_secret,
        timeout: config.timeout,
    };
    Ok(adapters_newstore::NewStore::new(options, clock.clone())?)
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

fn zone(config: &config::Customer) -> String {
    config.time_zone.iana_name().unwrap_or("UTC").to_owned()
}
