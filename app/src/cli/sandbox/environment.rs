//! The environment of the demo: two tenants, two accounts, and the service between them.

use std::{collections::BTreeMap, io, path::Path, sync::Arc, time::Duration};

use sandbox::{
    netsuite::{Account, Credentials, Item, ItemKind},
    newstore::Tenant,
};
use tempfile::TempDir;

use crate::{
    background::supervisor::TaskError, clock::SystemClock, config::Config,
    inbound::http_threads::Threads, observability, serve::Application, wiring,
};

const FIRST_KEY: &str = "sandbox-webhook-key-of-dodici";
const SECOND_KEY: &str = "sandbox-webhook-key-of-seconda";
const ADMIN_TOKEN: &str = "sandbox-admin-token-of-this-run";

/// The simulated systems of one customer.
pub(super) struct SandboxCustomer {
    pub(super) key: &'static str,
    pub(super) tenant: Tenant,
    pub(super) account: Account,
}

/// Everything that runs during the samples.
pub(super) struct Environment {
    /// Applies memos to invoices; the ERP computes the tax.
    pub(super) dodici: SandboxCustomer,
    /// Settles by payment items; tax is one line.
    pub(super) seconda: SandboxCustomer,
    pub(super) journal: Arc<dyn ports::Journal>,
    pub(super) http: reqwest::Client,
    application: Application,
    threads: Threads,
    folder: TempDir,
}

impl Environment {
    /// Starts everything.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let dodici = start_customer("dodici", FIRST_KEY).await?;
        let seconda = start_customer("seconda", SECOND_KEY).await?;
        for (id, name) in [("91291", "Credit Card"), ("91254", "Gift Card")] {
            seconda.account.item(Item::new(id, name, ItemKind::Other));
        }
        seconda.account.item(Item::new("10", "Sales Tax", ItemKind::Other));
        let folder = tempfile::tempdir()?;
        let text = configuration(&dodici, &seconda);
        let file = folder.path().join("memobridge.toml");
        // Written to a file so that a user can try the commands.
        std::fs::write(&file, &text)?;
        let config = parse(&file, &text)?;
        let journal = wiring::journal(&config.journal).await?;
        let metrics = observability::metrics();
        let threads = Threads::start(|| ())?;
        let clock = Arc::new(SystemClock);
        let application = Application::start(config, clock, metrics, threads.handle()).await?;
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { dodici, seconda, journal, http, application, threads, folder })
    }

    /// The URL of the webhook.
    pub(super) fn webhook(&self) -> String {
        format!("http://{}/newstore/events", self.application.address())
    }

    /// Suggestions to try while the sandbox runs.
    pub(super) fn hints(&self) -> String {
        let address = self.application.address();
        format!(
            "\nRunning until Ctrl-C:\n  \
             webhook   {webhook}\n  \
             health    http://{address}/health/ready\n  \
             metrics   http://{address}/metrics\n  \
             admin     http://{address}/api/openapi.json\n  \
             NewStore  {graphql}\n  \
             NetSuite  {netsuite}\n  \
             files     {folder}\n\n\
             List the cancellations:\n  \
             memobridge list --config {folder}/memobridge.toml\n\n\
             Send the first sample again:\n  \
             curl -s {webhook} -H 'Authorization: Bearer {FIRST_KEY}' -d '{event}'\n\n\
             List parked cancellations:\n  \
             curl -s 'http://{address}/api/cancellations?state=parked' \
             -H 'Authorization: Bearer {ADMIN_TOKEN}'\n",
            webhook = self.webhook(),
            graphql = self.dodici.tenant.graphql_url(),
            netsuite = self.dodici.account.endpoint(),
            folder = self.folder.path().display(),
            event = super::samples::first_event(),
        )
    }

    /// Waits for a signal, or for the service to fail.
    pub(super) async fn until_stopped(&self) -> io::Result<()> {
        self.application.until_stopped().await
    }

    /// Stops the service; the rest ends with the process.
    pub(super) async fn shut_down(self) -> Result<(), TaskError> {
        let stopped = self.application.shut_down().await;
        drop(self.threads);
        stopped
    }
}

async fn start_customer(name: &str, key: &'static str) -> io::Result<SandboxCustomer> {
    let tenant = Tenant::start(name, "sandbox-client", "sandbox-client-secret-of-both").await?;
    let account = Account::start(Credentials::example()).await?;
    Ok(SandboxCustomer { key, tenant, account })
}

fn parse(file: &Path, text: &str) -> anyhow::Result<Config> {
    Ok(Config::parse(file, text, BTreeMap::new())?)
}

/// A configuration as a customer would write it, but with deadlines of seconds.
fn configuration(dodici: &SandboxCustomer, seconda: &SandboxCustomer) -> String {
    let service = format!(
        r#"
[server]
listen = "127.0.0.1:0"
drain = "5s"
admin_token = "{ADMIN_TOKEN}"

[worker]
first_delay = "1s"
max_delay = "2s"
give_up_after = "8s"
"#
    );
    let first = customer(
        "dodici",
        dodici,
        r#"
[customer.policy]
discount_item = "8494"
rounding_item = "12777"
untaxed_code = "-8"
fields = { custbody_nws_order_id = "order.id", custbody_source = { constant = "newstore" } }
"#,
    );
    let second = customer(
        "seconda",
        seconda,
        r#"
[customer.policy]
settlement = "payment-items"
tax = "item"
discount_item = "8494"
rounding_item = "12777"
tax_item = "10"
untaxed_code = "-8"
"#,
    );
    format!("{service}{first}{second}")
}

fn customer(name: &str, customer: &SandboxCustomer, policy: &str) -> String {
    let login = Credentials::example();
    format!(
        r#"
[[customer]]
tenant = "{name}"
webhook_keys = ["{key}"]

[customer.newstore]
graphql_url = "{graphql}"
token_url = "{token}"
client_id = "sandbox-client"
client_secret = "sandbox-client-secret-of-both"

[customer.erp]
kind = "netsuite-soap"
account = "{account}"
endpoint = "{endpoint}"
consumer_key = "{consumer_key}"
consumer_secret = "{consumer_secret}"
token_id = "{token_id}"
token_secret = "{token_secret}"
{policy}
[customer.maps]
channels = {{ web = "4" }}
currencies = {{ USD = "1" }}
shipping_methods = {{ GROUND = "4" }}
[customer.maps.payment_items]
credit_card = {{ adyen = {{ usd = "91291" }} }}
gift_card = {{ usd = "91254" }}
"#,
        key = customer.key,
        graphql = customer.tenant.graphql_url(),
        token = customer.tenant.token_url(),
        endpoint = customer.account.endpoint(),
        account = login.account,
        consumer_key = login.consumer_key,
        consumer_secret = login.consumer_secret,
        token_id = login.token_id,
        token_secret = login.token_secret,
    )
}
