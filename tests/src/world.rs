//! One customer's systems, and the configuration of the service between them.

use std::{fs, net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use jiff::Timestamp;
use ports::Clock;
use sandbox::{
    netsuite::{Account, Credentials, Item, ItemKind, Kind, Operation, Record, Standing},
    newstore::Tenant,
    sale::{Billing, Booked, KeyColumn, Sale},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::{
    A, Answer, B, FakeClock, JournalReader, Process, Service, Settings, pair,
    records::CONFIG,
    settings::{CLIENT_ID, CLIENT_SECRET},
};

/// A day in November 2026, in milliseconds: after the orders and their events.
const TODAY: i64 = 1_795_428_000_000;

/// Calls that a start makes beside everything else: two customers prove, or try to prove, that they
/// see invoices and memos.
const PROOFS: u64 = 4;

/// What lines without goods name, by its id.
const ITEMS: [(&str, &str); 4] = [
    ("10", "Sales Tax"),
    ("7777", "Cancelled Goods"),
    ("91254", "Gift Card"),
    ("91291", "Credit Card"),
];

/// A NewStore tenant, a NetSuite account, and a folder for the service.
pub struct TestWorld {
    /// The tenant.
    pub tenant: Tenant,
    /// The account.
    pub account: Account,
    /// Everybody's time, while the service runs in this process.
    pub clock: Arc<FakeClock>,
    /// A client for calls to the service.
    pub http: reqwest::Client,
    folder: TempDir,
}

impl TestWorld {
    /// Starts the systems and writes the configuration.
    pub async fn new(settings: &Settings) -> Self {
        let tenant = Tenant::start("dodici", CLIENT_ID, CLIENT_SECRET).await;
        let account = Account::start(Credentials::example()).await;
        let http = reqwest::Client::builder().timeout(Duration::from_mins(1)).build();
        let world = Self {
            tenant: tenant.expect("the loopback has a free port"),
            account: account.expect("the loopback has a free port"),
            clock: Arc::new(FakeClock::new(domain::Timestamp::from_millis(TODAY))),
            http: http.expect("a client needs nothing"),
            folder: tempfile::tempdir().expect("there is room for a folder"),
        };
        for (id, name) in ITEMS {
            world.account.item(Item::new(id, name, ItemKind::Other));
        }
        world.configure(settings);
        world
    }

    /// The systems with this sale in both of them, on one invoice.
    pub async fn with(sale: &Sale, settings: &Settings) -> Self {
        let world = Self::new(settings).await;
        world.install(sale, &Billing::OneInvoice);
        world
    }

    /// The systems with A and B cancelled, each on an invoice of its own, B's void.
    pub async fn half_invoiced() -> (Self, Sale, Booked) {
        let sale = pair().cancelled(&[A, B]).refunded("credit_card", "30.00");
        let world = Self::new(&Settings::default()).await;
        let groups = vec![vec![A.to_owned()], vec![B.to_owned()]];
        let booked = world.install(&sale, &Billing::Invoices(groups));
        world.account.edit(&booked.invoices[1], |it| it.standing = Standing::Voided);
        (world, sale, booked)
    }

    /// Puts a sale into both systems; invoice lines carry unit ids.
    #[expect(clippy::must_use_candidate, reason = "the sale is booked either way")]
    pub fn install(&self, sale: &Sale, billing: &Billing) -> Booked {
        sale.install_newstore(&self.tenant);
        sale.install_netsuite(&self.account, billing, KeyColumn::Present)
    }

    /// Makes every invoice valid, or void.
    pub fn all_invoices(&self, standing: Standing) {
        for invoice in self.account.of_kind(Kind::Invoice) {
            self.account.edit(&invoice.id, |it| it.standing = standing);
        }
    }

    /// Writes the configuration again, for the next start.
    pub fn configure(&self, settings: &Settings) {
        let text = settings.text(&self.tenant, &self.account);
        fs::write(self.config(), text).expect("the folder is ours");
    }

    /// Has the service, from its next start on, call this address instead of both systems.
    pub fn redirect(&self, address: SocketAddr) {
        let mut text = fs::read_to_string(self.config()).expect("the configuration was written");
        for url in [self.tenant.graphql_url(), self.account.endpoint()] {
            let url: reqwest::Url = url.parse().expect("systems have addresses");
            let origin = url.origin().ascii_serialization();
            text = text.replace(&origin, &format!("http://{address}"));
        }
        fs::write(self.config(), text).expect("the folder is ours");
    }

    /// The configuration file.
    #[must_use]
    pub fn config(&self) -> PathBuf {
        self.folder.path().join(CONFIG)
    }

    /// The service's files.
    #[must_use]
    pub fn book(&self) -> JournalReader {
        JournalReader::in_folder(self.folder.path())
    }

    /// Starts the service in this process; the world's time stands still until a test moves it.
    pub async fn serve(&self) -> Service {
        let time = Arc::clone(&self.clock);
        let now: sandbox::Now = Arc::new(move || {
            Timestamp::from_millisecond(time.now().as_millis()).expect("the clock shows our days")
        });
        self.tenant.clock(Arc::clone(&now));
        self.account.clock(now);
        Service::start(self).await
    }

    /// Waits, in the machine's time, until a service that was started asks nothing more by
    /// itself: for tests that count calls.
    pub async fn proofs_are_made(&self) {
        while self.account.calls().of(Operation::Get) < PROOFS {
            tokio::task::yield_now().await;
        }
    }

    /// Starts the service as a process of its own, in the machine's time.
    pub async fn spawn(&self, program: &str) -> Process {
        Process::start(program, &self.config(), self.folder.path()).await
    }

    /// Starts the service as a process of its own, with this `RUST_LOG`.
    pub async fn spawn_saying(&self, program: &str, level: &str) -> Process {
        Process::start_saying(program, &self.config(), self.folder.path(), level).await
    }

    /// The totals of all memos on the account, in the order they were made.
    #[must_use]
    pub fn totals(&self) -> Vec<String> {
        self.account.memos().iter().map(|it| format!("{:.2}", it.total)).collect()
    }

    /// Fails unless the account holds memos with these totals, and no others.
    #[track_caller]
    pub fn has_memos(&self, totals: &[&str], when: &str) {
        assert_eq!(self.totals(), totals, "{when}: {:?}", self.account.memos());
    }

    /// The memo with this external id.
    #[track_caller]
    #[must_use]
    pub fn memo(&self, key: &str) -> Record {
        let found = self.account.by_external_id(key);
        found.unwrap_or_else(|| panic!("no memo {key} among {:?}", self.account.memos()))
    }

    /// Sends an event to a service and expects an answer.
    pub(crate) async fn post(http: &reqwest::Client, address: SocketAddr, event: &Value) -> Answer {
        let answer = crate::post(http, address, event).await;
        answer.unwrap_or_else(|why| panic!("no answer to {event}: {why}"))
    }
}
