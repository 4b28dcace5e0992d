//! The doctor's questions to one account: nothing is written, whatever is asked.
//!
//! | part | asks |
//! |---|---|
//! | `examine` | is it there, does it take our token, do our clocks agree |
//! | `rights` | what our role may do, one by one |
//! | `records` | is everything on record that the configuration names |
//! | `habits` | do its invoices look as the policy thinks |
//! | `fields` | are the custom fields there that memos shall carry |

mod fields;
mod habits;
mod records;
mod rights;
#[cfg(test)]
mod tests;

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;
use ports::{Examined, Finding, Wants, told};

use self::habits::Invoices;
use crate::{
    NetSuite,
    fault::{Class, Failure},
    reply::{self, Habits, Node},
    request::{self, Request},
};

/// Longer than any answer here takes: somebody is waiting for it.
const PATIENCE: Duration = Duration::from_secs(30);

/// Passports are refused when our clock is five minutes off.
const CLOCK_WRONG: Duration = Duration::from_mins(4);
const CLOCK_DOUBTFUL: Duration = Duration::from_mins(1);

/// One examination.
struct Examination<'a> {
    account: &'a NetSuite,
    wants: &'a Wants,
    habits: Habits,
    findings: Vec<Finding>,
}

/// Nothing more can be asked; the last finding says why.
struct Ended;

#[async_trait]
impl Examined for NetSuite {
    async fn examine(&self, wants: &Wants) -> Vec<Finding> {
        let mut examination =
            Examination { account: self, wants, habits: Habits::default(), findings: Vec::new() };
        // Ended early or not: what was found is found.
        examination.run().await.unwrap_or_default();
        examination.findings
    }
}

impl Examination<'_> {
    async fn run(&mut self) -> Result<(), Ended> {
        self.login().await?;
        self.rights().await?;
        let seen = self.invoices().await?;
        self.records().await?;
        match seen {
            Invoices::Seen => self.habits().await,
            Invoices::Unseen => Ok(()),
        }
    }

    async fn login(&mut self) -> Result<(), Ended> {
        let before = self.account.client.now();
        let answer = self.ask(&request::server_time()).await;
        let after = self.account.client.now();
        let failure = match answer.and_then(|it| reply::server_time(&it)) {
            Ok(theirs) => {
                self.fine("endpoint", "answers");
                self.fine("token", "accepted");
                self.findings.push(clock(before, after, theirs));
                return Ok(());
            }
            Err(failure) => failure,
        };
        match failure.class {
            Class::Unavailable | Class::Unknown | Class::Failed | Class::Unreadable => {
                let seen = format!("does not answer: {}", told(&failure));
                let remedy = "check account and endpoint in the configuration, the network, and \
                              whether NetSuite is down for maintenance; nothing is lost meanwhile";
                self.findings.push(Finding::wrong("endpoint", seen, remedy));
                Err(Ended)
            }
            Class::Forbidden => {
                let remedy = "switch the features SOAP Web Services and Token-Based \
                              Authentication on, give the integration's role SOAP Web Services \
                              (full) and Log in using Access Tokens, and check version";
                let seen = format!("has no access: {}", told(&failure));
                self.findings.push(Finding::wrong("token", seen, remedy));
                Err(Ended)
            }
            // Clocks that disagree are the one cause that can be told from outside.
            Class::Login | Class::Unauthorized => {
                let ended = self.unchecked("token", &failure);
                if let Some(theirs) = self.account.client.dated() {
                    self.findings.push(clock(before, after, theirs));
                }
                ended
            }
            _ => self.unchecked("clock", &failure),
        }
    }

    /// Asks with the patience of somebody who waits for it.
    async fn ask(&self, request: &Request) -> Result<Node, Failure> {
        self.account.client.call_within(PATIENCE, request).await
    }

    fn fine(&mut self, what: impl Into<String>, seen: impl Into<String>) {
        self.findings.push(Finding::fine(what, seen));
    }

    /// A question that was not answered: no verdict, unless it is our login that is refused.
    fn unchecked(&mut self, what: impl Into<String>, failure: &Failure) -> Result<(), Ended> {
        if let Class::Login | Class::Unauthorized = failure.class {
            let seen = format!("refused: {}", told(failure));
            let remedy = "check account, consumer_key, consumer_secret, token_id and \
                          token_secret, that token, integration and role are active, and this \
                          machine's clock; nothing more was asked, because repeated refused \
                          logins lock a token";
            self.findings.push(Finding::wrong("token", seen, remedy));
            return Err(Ended);
        }
        let seen = format!("could not be checked: {}", told(failure));
        let remedy = match failure.class {
            Class::Forbidden => {
                "give the integration's role the right to view it and ask again, or look for \
                 yourself"
            }
            Class::Throttled => "ask again when the account is less busy",
            _ => "ask again, or look for yourself",
        };
        self.findings.push(Finding::warning(what, seen, remedy));
        Ok(())
    }
}

/// Compares clocks: theirs was read between two looks at ours.
fn clock(before: Timestamp, after: Timestamp, theirs: Timestamp) -> Finding {
    let (behind, ahead) = (theirs.since(after), before.since(theirs));
    let off = ahead.max(behind);
    let way = if behind.is_zero() { "ahead of" } else { "behind" };
    let seen = format!("ours is {} s {way} the server's", off.as_secs());
    let remedy = "set this machine's clock by NTP: tokens are refused when it is five minutes off";
    match off {
        off if CLOCK_WRONG < off => Finding::wrong("clock", seen, remedy),
        off if CLOCK_DOUBTFUL < off => Finding::warning("clock", seen, remedy),
        off if off.as_secs() == 0 => Finding::fine("clock", "agrees with the server's"),
        _ => Finding::fine("clock", seen),
    }
}
