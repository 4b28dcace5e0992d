//! The configuration: one TOML file, read once at start. Every fault is reported with its line.
//!
//! Nothing else in the service reads the environment. Secrets are redacted in `Debug` and erased
//! from memory on drop.

#[doc(hidden)]
pub mod fuzzing;
mod keys;
mod maps;
mod policy;
mod reconcile;
mod section;
mod stores;
mod stream;
mod telemetry;
mod tree;

#[cfg(test)]
mod tests;

use std::{collections::BTreeMap, net::SocketAddr, path::Path, time::Duration};

use domain::{Maps, Policy, Tenant};
use jiff::tz::TimeZone;
use secrecy::SecretString;

pub(crate) use self::section::duration;
pub use self::{
    reconcile::{Reconcile, RepairSetting},
    section::ConfigFault,
    stores::{JournalConfig, QueueConfig, Sqs},
    stream::Stream,
    telemetry::Telemetry,
};
use self::{
    section::{Section, Severity, Source, ZERO_DURATION, one_of, read_text},
    tree::{Tree, Value},
};

/// The largest `server.max_body`, in bytes: room for an event of 300,000 units.
const MAX_BODY: usize = 64 * 1024 * 1024;
/// The most connections, and events of one tenant: each is an open file.
const MAX_CONNECTIONS: usize = 65_536;
/// The most jobs of a customer, and calls to an ERP, at once: far above what an account permits.
const MAX_CONCURRENCY: usize = 1024;

/// The configuration of the service.
#[derive(Debug)]
pub struct Config {
    /// The webhook and the admin API.
    pub server: Server,
    /// When events are processed.
    pub intake: Intake,
    /// Where deferred events are stored.
    pub queue: QueueConfig,
    /// How deferred events are processed.
    pub worker: Worker,
    /// Where the journal is stored.
    pub journal: JournalConfig,
    /// How long the journal keeps finished cancellations.
    pub keep: Duration,
    /// The scheduled reconciliation; none where the section is absent.
    pub reconcile: Option<Reconcile>,
    /// Where traces are sent; nowhere where the section is absent.
    pub telemetry: Option<Telemetry>,
    /// The customers.
    pub customers: Vec<CustomerConfig>,
    /// Settings with which the service starts but cannot do its work.
    pub useless: Vec<ConfigFault>,
    /// Valid settings that are probably mistakes.
    pub warnings: Vec<ConfigFault>,
}

/// `[server]`
#[derive(Debug)]
pub struct Server {
    /// Where to listen.
    pub listen: SocketAddr,
    /// After this time the event goes to the queue and the answer is 200.
    pub respond_within: Duration,
    /// The largest accepted body, in bytes.
    pub max_body: usize,
    /// The most concurrent connections; further ones wait.
    pub max_connections: usize,
    /// The most concurrent events of one tenant; further ones are answered 500, so that they are
    /// sent again.
    pub max_in_flight_per_tenant: usize,
    /// The time to finish running work after SIGTERM.
    pub drain: Duration,
    /// The key of the admin API; without it the API is off.
    pub admin_token: Option<SecretString>,
}

/// `[intake]`: when events are processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Intake {
    /// Before the webhook is answered.
    Inline,
    /// After the event is stored and the webhook is answered.
    Queued,
}

/// `[worker]`
#[derive(Debug, Clone, Copy)]
pub struct Worker {
    /// Concurrent jobs of each customer.
    pub concurrency: usize,
    /// The first deferral.
    pub first_delay: Duration,
    /// The longest deferral.
    pub max_delay: Duration,
    /// The deadline, from the first receipt; the cancellation is then parked, never dropped.
    pub give_up_after: Duration,
}

/// `[[customer]]`
#[derive(Debug)]
pub struct CustomerConfig {
    /// The storefront's tenant.
    pub tenant: Tenant,
    /// Every key that its webhook calls may carry.
    pub webhook_keys: Vec<SecretString>,
    /// How to reach the storefront.
    pub newstore: NewStore,
    /// How the storefront's event stream calls the webhook, if memobridge manages it.
    pub stream: Option<Stream>,
    /// How to reach the ERP.
    pub erp: Erp,
    /// Its policy.
    pub policy: Policy,
    /// The time zone of its accounts.
    pub time_zone: TimeZone,
    /// Its maps.
    pub maps: Maps,
}

/// `[customer.newstore]`
#[derive(Debug)]
pub struct NewStore {
    /// The GraphQL endpoint.
    pub graphql_url: String,
    /// The `OAuth2` token endpoint.
    pub token_url: String,
    /// The API client.
    pub client_id: String,
    /// Its secret.
    pub client_secret: SecretString,
    /// The time limit of a call.
    pub timeout: Duration,
}

/// `[customer.erp]`: the ledger adapters, one variant each.
#[derive(Debug)]
pub enum Erp {
    /// NetSuite over SOAP.
    NetSuiteSoap(NetSuite),
}

/// `kind = "netsuite-soap"`
#[derive(Debug)]
pub struct NetSuite {
    /// The account id.
    pub account: String,
    /// The endpoint's version, for example `2025_2`.
    pub version: String,
    /// Replaces the address that is derived from the account.
    pub endpoint: Option<String>,
    /// The integration's key.
    pub consumer_key: String,
    /// The integration's secret.
    pub consumer_secret: SecretString,
    /// The token's id.
    pub token_id: String,
    /// The token's secret.
    pub token_secret: SecretString,
    /// The most concurrent calls.
    pub concurrency: usize,
    /// The time limit of a call.
    pub timeout: Duration,
}

/// The configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration {file}: {why}")]
    File {
        /// The file.
        file: String,
        /// The operating system's error.
        why: std::io::Error,
    },
    /// It has faults.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<ConfigFault>),
}

impl Config {
    /// Reads a configuration file with the environment of this process.
    pub fn load(file: &Path) -> Result<Self, ConfigError> {
        let text = read_text(file)
            .map_err(|why| ConfigError::File { file: file.display().to_string(), why })?;
        parse(&Source::of_this_process(file), &text)
    }

    /// Reads only the sections of queue and journal, for commands that need nothing else. No secret
    /// is needed.
    pub fn stores(file: &Path) -> Result<(QueueConfig, JournalConfig), ConfigError> {
        let text = read_text(file)
            .map_err(|why| ConfigError::File { file: file.display().to_string(), why })?;
        let source = Source::of_this_process(file);
        let stores = match Tree::toml(&text) {
            Ok(tree) => {
                let stores = stores::read(&Section::of(&source, "", &tree));
                stores.map(|(queue, journal, _)| (queue, journal))
            }
            Err(why) => {
                source.fault(why.line, why.message);
                None
            }
        };
        stores.ok_or_else(|| ConfigError::Faults(source.found(Severity::ConfigFault)))
    }

    /// Reads a configuration text; relative paths are relative to `file`.
    pub fn parse(
        file: &Path,
        text: &str,
        environment: BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        parse(&Source::of(file, environment), text)
    }
}

fn parse(source: &Source, text: &str) -> Result<Config, ConfigError> {
    let config = match Tree::toml(text) {
        Ok(tree) => read(&Section::of(source, "", &tree)),
        Err(why) => {
            source.fault(why.line, why.message);
            None
        }
    };
    let mut faults = source.found(Severity::ConfigFault);
    faults.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    match config {
        Some(config) if faults.is_empty() => Ok(config),
        _ => {
            faults.extend(source.found(Severity::Useless));
            Err(ConfigError::Faults(faults))
        }
    }
}

/// `None` only together with a fault.
fn read(root: &Section<'_>) -> Option<Config> {
    let server = server(root);
    let intake = root.section("intake").map_or(Intake::Inline, |section| {
        let modes = [("inline", Intake::Inline), ("queued", Intake::Queued)];
        let mode = section.choice("mode", &modes, Intake::Inline);
        section.done();
        mode
    });
    let stores = stores::read(root);
    let worker = worker(root);
    let reconcile = root.section("reconcile").map(reconcile::read);
    let telemetry = telemetry::read(root);
    let customers = customers(root);
    root.unknown();
    let (queue, journal, keep) = stores?;
    let (server, customers) = (server?, customers?);
    keys::shared(root, &server, &customers);
    Some(Config {
        server,
        intake,
        queue,
        worker,
        journal,
        keep,
        reconcile,
        telemetry,
        customers,
        useless: root.source.found(Severity::Useless),
        warnings: root.source.found(Severity::Warning),
    })
}

fn server(root: &Section<'_>) -> Option<Server> {
    let empty = Tree { line: 0, value: Value::Table(BTreeMap::new()) };
    let section =
        root.section("server").unwrap_or_else(|| Section::of(root.source, "server", &empty));
    let address = |raw: &str| {
        raw.parse::<SocketAddr>().map_err(|_| "must be an address such as \"127.0.0.1:8080\"")
    };
    let listen = section.tree("listen").is_some().then(|| section.get("listen", address));
    let server = Server {
        listen: listen.unwrap_or_else(|| address("127.0.0.1:8080").ok())?,
        respond_within: section.duration("respond_within", Duration::from_secs(10)),
        max_body: section.get("max_body", count_to(MAX_BODY)).unwrap_or(1_048_576),
        max_connections: section.get("max_connections", count_to(MAX_CONNECTIONS)).unwrap_or(512),
        max_in_flight_per_tenant: section
            .get("max_in_flight_per_tenant", count_to(MAX_CONNECTIONS))
            .unwrap_or(256),
        drain: section.duration("drain", Duration::from_secs(25)),
        admin_token: section.get("admin_token", secret),
    };
    section.warn_of_short("admin_token", server.admin_token.as_slice());
    section.done();
    Some(server)
}

fn worker(root: &Section<'_>) -> Worker {
    let mut worker = Worker {
        concurrency: 4,
        first_delay: Duration::from_secs(5),
        max_delay: Duration::from_mins(15),
        give_up_after: Duration::from_hours(72),
    };
    if let Some(section) = root.section("worker") {
        let concurrency = section.get("concurrency", count_to(MAX_CONCURRENCY));
        worker.concurrency = concurrency.unwrap_or(worker.concurrency);
        worker.first_delay = section.duration("first_delay", worker.first_delay);
        worker.max_delay = section.duration("max_delay", worker.max_delay);
        worker.give_up_after = section.duration("give_up_after", worker.give_up_after);
        if worker.max_delay < worker.first_delay {
            section.fault("max_delay", "must not be shorter than first_delay");
        }
        section.done();
    }
    worker
}

fn customers(root: &Section<'_>) -> Option<Vec<CustomerConfig>> {
    let list = match root.tree("customer").map(|it| &it.value) {
        Some(Value::List(list)) if !list.is_empty() => list.clone(),
        _ => {
            root.fault("customer", "is missing: write at least one [[customer]]");
            return None;
        }
    };
    let mut customers: Vec<CustomerConfig> = Vec::new();
    let mut complete = true;
    for tree in &list {
        let Some(customer) = customer(&Section::of(root.source, "customer", tree)) else {
            complete = false;
            continue;
        };
        if customers.iter().any(|it| it.tenant == customer.tenant) {
            let message = format!("customer.tenant {} is configured twice", customer.tenant);
            root.source.fault(tree.line, message);
        }
        customers.push(customer);
    }
    complete.then_some(customers)
}

fn customer(section: &Section<'_>) -> Option<CustomerConfig> {
    let tenant = section.required("tenant", str::parse::<Tenant>);
    let webhook_keys = keys::webhook_keys(section);
    let newstore = subsection(section, "newstore").and_then(|it| newstore(&it));
    let stream = section.section("stream");
    let stream = stream.and_then(|it| stream::read(&it, webhook_keys.as_deref()));
    let erp = subsection(section, "erp").and_then(|it| erp(&it));
    let choices = section.section("policy");
    let policy = choices.as_ref().map(policy::read).unwrap_or_default();
    let time_zone = policy::time_zone(choices.as_ref());
    if let Some(choices) = choices {
        choices.done();
    }
    let maps = section.tree("maps");
    let maps = maps.map(|tree| maps::read(section.source, "customer.maps", tree));
    section.unknown();
    Some(CustomerConfig {
        tenant: tenant?,
        webhook_keys: webhook_keys?,
        newstore: newstore?,
        stream,
        erp: erp?,
        policy,
        time_zone,
        maps: maps.unwrap_or_default(),
    })
}

fn newstore(section: &Section<'_>) -> Option<NewStore> {
    let graphql_url = section.required("graphql_url", url);
    let token_url = section.required("token_url", url);
    let client_id = section.required("client_id", filled);
    let client_secret = section.required("client_secret", secret);
    let timeout = section.get("timeout", timeout).unwrap_or(Duration::from_secs(10));
    section.warn_of_short("client_secret", client_secret.as_slice());
    section.unknown();
    Some(NewStore {
        graphql_url: graphql_url?,
        token_url: token_url?,
        client_id: client_id?,
        client_secret: client_secret?,
        timeout,
    })
}

fn erp(section: &Section<'_>) -> Option<Erp> {
    section.required("kind", |kind| one_of(kind, &[("netsuite-soap", ())]))?;
    let account = section.required("account", account);
    let version = section.get("version", version).unwrap_or_else(|| "2025_2".to_owned());
    let endpoint = section.get("endpoint", url);
    let consumer_key = section.required("consumer_key", filled);
    let consumer_secret = section.required("consumer_secret", secret);
    let token_id = section.required("token_id", filled);
    let token_secret = section.required("token_secret", secret);
    let concurrency = section.get("concurrency", count_to(MAX_CONCURRENCY)).unwrap_or(3);
    let timeout = section.duration("timeout", Duration::from_mins(2));
    section.warn_of_short("consumer_secret", consumer_secret.as_slice());
    section.warn_of_short("token_secret", token_secret.as_slice());
    section.unknown();
    Some(Erp::NetSuiteSoap(NetSuite {
        account: account?,
        version,
        endpoint,
        consumer_key: consumer_key?,
        consumer_secret: consumer_secret?,
        token_id: token_id?,
        token_secret: token_secret?,
        concurrency,
        timeout,
    }))
}

fn subsection<'a>(section: &Section<'a>, key: &'static str) -> Option<Section<'a>> {
    let found = section.section(key);
    if found.is_none() {
        section.fault(key, "is missing");
    }
    found
}

fn timeout(raw: &str) -> Result<Duration, &'static str> {
    let timeout = duration(raw)?;
    if timeout.is_zero() { Err(ZERO_DURATION) } else { Ok(timeout) }
}

/// Reads a whole number from 1 to `limit`.
fn count_to(limit: usize) -> impl Fn(&str) -> Result<usize, String> {
    move |raw| {
        let count = raw.replace('_', "").parse().ok();
        let count = count.filter(|count| (1..=limit).contains(count));
        count.ok_or_else(|| format!("must be a whole number from 1 to {limit}"))
    }
}

/// Reads a text that can be sent in a header or a field of a request.
fn filled(raw: &str) -> Result<String, &'static str> {
    match raw.trim() {
        "" => Err("is empty"),
        text if text.contains(char::is_control) => {
            Err("has a control character, such as a line break: remove it")
        }
        text => Ok(text.to_owned()),
    }
}

fn account(raw: &str) -> Result<String, &'static str> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    match filled(raw)? {
        account if account.chars().all(allowed) => Ok(account),
        _ => Err("must be an account id such as \"TSTDRV123_SB1\""),
    }
}

fn version(raw: &str) -> Result<String, &'static str> {
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let parts = raw.trim().split_once('_');
    // There are two versions a year, 1 and 2.
    match parts.filter(|(year, nth)| year.len() == 4 && digits(year) && ["1", "2"].contains(nth)) {
        Some(_) => Ok(raw.trim().to_owned()),
        None => Err("must be an endpoint version such as \"2025_2\""),
    }
}

fn secret(raw: &str) -> Result<SecretString, &'static str> {
    filled(raw).map(SecretString::from)
}

fn url(raw: &str) -> Result<String, &'static str> {
    const PROBLEM: &str = "must be a URL with https, or http to this machine";
    let raw = raw.trim();
    let url: reqwest::Url = raw.parse().map_err(|_| PROBLEM)?;
    // Addresses are logged.
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user name or password");
    }
    let host = url.host_str().unwrap_or("");
    let here = host == "localhost"
        || host.trim_matches(['[', ']']).parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback());
    match url.scheme() {
        "https" => Ok(raw.to_owned()),
        "http" if here => Ok(raw.to_owned()),
        _ => Err(PROBLEM),
    }
}
