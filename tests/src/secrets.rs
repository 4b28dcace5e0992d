//! Secrets of the simulated customer and data of its customers, which nobody may ever tell.

use std::io::{self, Write};

use sandbox::netsuite::Credentials;
use tracing::Level;
use tracing_subscriber::{filter::Targets, fmt, prelude::*};

use crate::{
    postgres::PASSWORD,
    settings::{ADMIN_TOKEN, KEY, OTHER_KEY},
    sqs::CREDENTIALS,
};

pub use crate::settings::CLIENT_SECRET;

/// How the simulated NewStore begins the first access tokens it grants.
const ACCESS_TOKENS: [&str; 2] = ["token-1-", "token-2-"];

/// A customer of the customer, planted wherever a system may know of her.
pub const NAME: &str = "Jane Roe";
/// Her address.
pub const ADDRESS: &str = "1 Main Street";
/// Her e-mail address.
pub const EMAIL: &str = "jane.roe@example.com";

/// Fails when `text` tells a secret, or whom a cancellation is about.
#[track_caller]
pub fn assert_none(what: &str, text: &str) {
    let login = Credentials::example();
    let [_, (_, access)] = CREDENTIALS;
    let own = [KEY, OTHER_KEY, CLIENT_SECRET, ADMIN_TOKEN, PASSWORD, access];
    let keys = [login.consumer_key.as_str(), &login.token_id];
    let theirs = [login.consumer_secret.as_str(), &login.token_secret];
    let personal = [NAME, ADDRESS, EMAIL];
    let all = own.iter().chain(&keys).chain(&theirs).chain(&ACCESS_TOKENS).chain(&personal);
    for secret in all {
        assert!(!text.contains(secret), "{what} tells the secret {secret:?}: {text}");
    }
}

/// Has every line that the service logs in this process looked at. It is the
/// service that fails on a secret: loudly, and in whatever test comes first.
pub(crate) fn watch_logs() {
    let ours =
        ["app", "audit", "domain", "adapters_newstore", "adapters_netsuite", "adapters_queue"];
    let targets = ours.map(|it| (it, Level::DEBUG));
    let lines = fmt::layer().json().flatten_event(true).with_writer(|| Watched);
    let filter = Targets::new().with_targets(targets).with_default(Level::WARN);
    // A second world of the same process finds it started.
    drop(tracing_subscriber::registry().with(lines.with_filter(filter)).try_init());
}

struct Watched;

impl Write for Watched {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        assert_none("the log", &text);
        if SHOWN {
            io::stderr().write_all(line)?;
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the log is shown beside the tests; for a look at one that fails.
const SHOWN: bool = option_env!("TEST_LOG").is_some();
