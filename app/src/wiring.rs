//! The composition root: the only module that names an adapter.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context;
use domain::Tenant;
use ports::{Clock, Examined, Jobs, Journal, Ledger};
use tokio_util::task::TaskTracker;

use crate::{
    config::{self, Erp},
    credit::{Customer, Desk},
    guarded::Guarded,
    service::{Member, Service},
};

/// The webhook's wire shape and its keys.
pub use adapters_newstore::webhook;

/// Builds the service that the parts of a configuration describe.
pub async fn service(
    customers: Vec<config::Customer>,
    queue: &config::Queue,
    journal: &config::Journal,
    worker: config::Worker,
    clock: Arc<dyn Clock>,
) -> anyhow::Result<Service> {
    let journal = self::journal(journal).await?;
    let jobs = match queue {
        config::Queue::Sqs(config) => {
            let jobs = sqs(config, &clock).await?;
            let context = format!("the queue {} does not fit", config.url);
            jobs.outlasts(worker.give_up_after).context(context)?;
            Arc::new(jobs)
        }
        config::Queue::Embedded { .. } => jobs(queue, &clock).await?,
    };
    let mut members = BTreeMap::new();
    for customer in customers {
        let tenant = customer.tenant.clone();
        let context = format!("customer {tenant}");
        members.insert(tenant, Arc::new(member(customer, &clock).context(context)?));
    }
    Ok(Service {
        customers: Arc::new(members),
        desk: Desk { journal, clock, give_up_after: worker.give_up_after },
        jobs,
        first_delay: worker.first_delay,
        running: TaskTracker::default(),
        draining: Arc::default(),
    })
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
    match config {
        config::Journal::Embedded { path } => {
            let journal = adapters_journal::Embedded::open(path)
                .with_context(|| format!("the journal {} cannot be used", path.display()))?;
            Ok(Arc::new(journal))
        }
        config::Journal::Postgres { .. } => {
            anyhow::bail!("journal.kind = \"postgres\" is not built in yet")
        }
    }
}

/// Opens the queue alone.
pub async fn jobs(config: &config::Queue, clock: &Arc<dyn Clock>) -> anyhow::Result<Arc<dyn Jobs>> {
    match config {
        config::Queue::Embedded { path } => {
            let jobs = adapters_queue::Embedded::open(path, clock.clone())
                .with_context(|| format!("the queue {} cannot be used", path.display()))?;
            Ok(Arc::new(jobs))
        }
        config::Queue::Sqs(config) => Ok(Arc::new(sqs(config, clock).await?)),
    }
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
    let ledger = ledger(config.erp, zone, &config.policy.line_key_field, clock)?;
    let customer = Customer {
        tenant: config.tenant,
        storefront: Arc::new(storefront),
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
