//! The doctor's checks of one account. No check writes anything.
//!
//! | part | checks |
//! |---|---|
//! | `examine` | that it answers, accepts the token, and that the clocks agree |
//! | `permissions` | what the integration's role may do, one permission at a time |
//! | `records` | that every record of the configuration exists |
//! | `usage` | that its invoices match the policy |
//! | `fields` | that the custom fields of the memos exist |

mod account_usage;
mod fields;
mod permissions;
mod records;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use ports::{DiagnosticFinding, Diagnostics, Requirements, error_chain};

use crate::examine::account_usage::Invoices;
use crate::{
    NetSuite,
    fault::{Class, NetSuiteError},
    reply::{self, AccountUsage, Node},
    request::{self, Request},
};

/// Longer than any answer takes; a person waits for the result.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Passports are refused when this machine's clock is five minutes off.
const CLOCK_WRONG: Duration = Duration::from_mins(4);
const CLOCK_DOUBTFUL: Duration = Duration::from_mins(1);

/// One examination.
struct Examination<'a> {
    account: &'a NetSuite,
    requirements: &'a Requirements,
    usage: AccountUsage,
    findings: Vec<DiagnosticFinding>,
}

/// The examination ended early; the last finding says why.
struct Ended;

#[async_trait]
impl Diagnostics for NetSuite {
    async fn examine(&self, requirements: &Requirements) -> Vec<DiagnosticFinding> {
        let mut examination = Examination {
            account: self,
            requirements,
            usage: AccountUsage::default(),
            findings: Vec::new(),
        };
        // The findings are kept even if the examination ended early.
        examination.run().await.unwrap_or_default();
        examination.findings
    }
}

impl Examination<'_> {
    async fn run(&mut self) -> Result<(), Ended> {
        self.login().await?;
        self.permissions().await?;
        let seen = self.invoices().await?;
        self.records().await?;
        match seen {
            Invoices::Seen => self.account_usage().await,
            Invoices::Unseen => Ok(()),
        }
    }

    async fn login(&mut self) -> Result<(), Ended> {
        let before = self.account.client.now();
        let answer = self.ask(&request::server_time()).await;
        let after = self.account.client.now();
        let error = match answer.and_then(|it| reply::server_time(&it)) {
            Ok(theirs) => {
                self.ok("endpoint", "answers");
                self.ok("token", "accepted");
                self.findings.push(clock(before, after, theirs));
                return Ok(());
            }
            Err(error) => error,
        };
        match error.class {
            Class::Unavailable | Class::Unknown | Class::Failed | Class::Unreadable => {
                let seen = format!("does not answer: {}", error_chain(&error));
                let remedy = "check account and endpoint in the configuration, the network, and \
                              whether NetSuite is down for maintenance; nothing is lost meanwhile";
                self.findings.push(DiagnosticFinding::error("endpoint", seen, remedy));
                Err(Ended)
            }
            Class::Forbidden => {
                let remedy = "switch the features SOAP Web Services and Token-Based \
                              Authentication on, give the integration's role SOAP Web Services \
                              (full) and Log in using Access Tokens, and check version";
                let seen = format!("has no access: {}", error_chain(&error));
                self.findings.push(DiagnosticFinding::error("token", seen, remedy));
                Err(Ended)
            }
            // A clock that differs is the only cause that can be detected from outside.
            Class::Login | Class::Unauthorized => {
                let ended = self.unchecked("token", &error);
                if let Some(theirs) = self.account.client.server_date() {
                    self.findings.push(clock(before, after, theirs));
                }
                ended
            }
            _ => self.unchecked("clock", &error),
        }
    }

    /// Sends a request with a timeout that suits an interactive command.
    async fn ask(&self, request: &Request) -> Result<Node, NetSuiteError> {
        self.account.client.call_with_timeout(TIMEOUT, request).await
    }

    fn ok(&mut self, what: impl Into<String>, seen: impl Into<String>) {
        self.findings.push(DiagnosticFinding::ok(what, seen));
    }

    /// Adds a finding for an unanswered check: a warning, or an error that ends the examination if
    /// the login was refused.
    fn unchecked(&mut self, what: impl Into<String>, error: &NetSuiteError) -> Result<(), Ended> {
        if let Class::Login | Class::Unauthorized = error.class {
            let seen = format!("refused: {}", error_chain(error));
            let remedy = "check account, consumer_key, consumer_secret, token_id and \
                          token_secret, that token, integration and role are active, and this \
                          machine's clock; nothing more was asked, because repeated refused \
                          logins lock a token";
            self.findings.push(DiagnosticFinding::error("token", seen, remedy));
            return Err(Ended);
        }
        let seen = format!("could not be checked: {}", error_chain(error));
        let remedy = match error.class {
            Class::Forbidden => {
                "give the integration's role the right to view it and run doctor again, or check \
                 it in NetSuite"
            }
            Class::Throttled => "run doctor again when the account is less busy",
            _ => "run doctor again, or check it in NetSuite",
        };
        self.findings.push(DiagnosticFinding::warning(what, seen, remedy));
        Ok(())
    }
}

/// Compares clocks. The server's time was read between `before` and `after`.
fn clock(before: Timestamp, after: Timestamp, theirs: Timestamp) -> DiagnosticFinding {
    let (behind, ahead) = (theirs.since(after), before.since(theirs));
    let off = ahead.max(behind);
    let way = if behind.is_zero() { "ahead of" } else { "behind" };
    let seen = format!("this machine's is {} s {way} the server's", off.as_secs());
    let remedy = "set this machine's clock by NTP: tokens are refused when it is five minutes off";
    match off {
        off if off > CLOCK_WRONG => DiagnosticFinding::error("clock", seen, remedy),
        off if off > CLOCK_DOUBTFUL => DiagnosticFinding::warning("clock", seen, remedy),
        off if off.as_secs() == 0 => DiagnosticFinding::ok("clock", "agrees with the server's"),
        _ => DiagnosticFinding::ok("clock", seen),
    }
}
