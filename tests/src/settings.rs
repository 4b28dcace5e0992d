//! The configuration file, as a customer would write it.

use std::fmt::Write;

use sandbox::{
    netsuite::{Account, Credentials},
    newstore::Tenant,
};

/// The webhook's key.
pub const KEY: &str = "the-webhook-key-of-dodici";
/// The webhook's key of another tenant.
pub const OTHER_KEY: &str = "the-webhook-key-of-seconda";

pub(crate) const CLIENT_ID: &str = "memobridge";
/// The secret of the API client.
pub const CLIENT_SECRET: &str = "the-client-secret-of-dodici";
/// The token of the admin API.
pub const ADMIN_TOKEN: &str = "admin-token-of-the-tests";

/// What a test may write differently: lines of the sections of their names.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Lines of `[server]`, besides where it listens.
    pub server: String,
    /// The mode of `[intake]`; inline where it is empty.
    pub intake: String,
    /// The whole of `[queue]`; a file beside the configuration where it is empty.
    pub queue: String,
    /// Lines of `[worker]`.
    pub worker: String,
    /// Lines of `[reconcile]`; no such section where it is empty.
    pub reconcile: String,
    /// Lines of `[customer.newstore]`, besides how to reach it.
    pub newstore: String,
    /// Lines of the first customer's `[customer.stream]`, besides its key; no such section where it
    /// is empty.
    pub stream: String,
    /// Lines of `[customer.erp]`, besides how to reach it.
    pub erp: String,
    /// Lines of `[customer.policy]`, besides the items of lines without goods.
    pub policy: String,
    /// Lines below `[customer.maps.payment_items]`, instead of card and gift card.
    pub payment_items: String,
    /// Whole sections besides.
    pub sections: String,
    /// Where to listen; a free port of the loopback where it is empty.
    pub listen: String,
    /// The journal's file; one beside the configuration where it is empty.
    pub journal: String,
    /// The journal's database by its URL, instead of a file.
    pub database: String,
}

const PAYMENT_ITEMS: &str = r#"credit_card = { adyen = "91291" }
gift_card = "91254""#;

impl Settings {
    /// Settings with these lines of `[customer.policy]`.
    #[must_use]
    pub fn policy(lines: &str) -> Self {
        Self { policy: lines.to_owned(), ..Self::default() }
    }

    /// The whole file. A second customer is in it, so that there is another tenant's key.
    #[must_use]
    pub(crate) fn text(&self, tenant: &Tenant, account: &Account) -> String {
        let Self { server, worker, sections, .. } = self;
        let listen = or(&self.listen, "127.0.0.1:0");
        let journal = match self.database.as_str() {
            "" => format!("path = \"{}\"", or(&self.journal, "data/journal.db")),
            url => format!("kind = \"postgres\"\nurl = \"{url}\""),
        };
        let mode = or(&self.intake, "inline");
        let queue = or(&self.queue, "path = \"data/queue.db\"");
        let mut text = format!(
            r#"[server]
listen = "{listen}"
admin_token = "{ADMIN_TOKEN}"
{server}

[intake]
mode = "{mode}"

[queue]
{queue}

[journal]
{journal}

[worker]
{worker}

{sections}
"#
        );
        if !self.reconcile.is_empty() {
            let section = format!("\n[reconcile]\n{}\n", self.reconcile);
            text.push_str(&section);
        }
        for (name, key) in [("dodici", KEY), ("seconda", OTHER_KEY)] {
            let customer = self.customer(name, key, tenant, account);
            text.write_str(&customer).expect("a string takes any text");
        }
        text
    }

    fn customer(&self, name: &str, key: &str, tenant: &Tenant, account: &Account) -> String {
        let login = Credentials::example();
        let Self { newstore, erp, policy, .. } = self;
        let stream = match (key, self.stream.as_str()) {
            (_, "") | (OTHER_KEY, _) => String::new(),
            (key, lines) => format!("[customer.stream]\napi_key = \"{key}\"\n{lines}"),
        };
        format!(
            r#"
[[customer]]
tenant = "{name}"
webhook_keys = ["{key}"]

[customer.newstore]
graphql_url = "{graphql_url}"
token_url = "{token_url}"
client_id = "{CLIENT_ID}"
client_secret = "{CLIENT_SECRET}"
{newstore}

{stream}

[customer.erp]
kind = "netsuite-soap"
endpoint = "{endpoint}"
account = "{account}"
consumer_key = "{consumer_key}"
consumer_secret = "{consumer_secret}"
token_id = "{token_id}"
token_secret = "{token_secret}"
{erp}

[customer.policy]
discount_item = "8494"
rounding_item = "12777"
tax_item = "10"
untaxed_code = "-8"
{policy}

[customer.maps]
channels = {{ web = "4" }}
currencies = {{ USD = "1", GBP = "3", JPY = "5", KWD = "6" }}
shipping_methods = {{ GROUND = "4" }}
[customer.maps.payment_items]
{payment_items}
"#,
            graphql_url = tenant.graphql_url(),
            token_url = tenant.token_url(),
            endpoint = account.endpoint(),
            account = login.account,
            consumer_key = login.consumer_key,
            consumer_secret = login.consumer_secret,
            token_id = login.token_id,
            token_secret = login.token_secret,
            payment_items = or(&self.payment_items, PAYMENT_ITEMS),
        )
    }
}

fn or<'a>(text: &'a str, default: &'a str) -> &'a str {
    if text.is_empty() { default } else { text }
}
