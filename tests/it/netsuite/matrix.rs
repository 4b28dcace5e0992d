//! Every way to fail, in every operation, before and after it is done, once and for ever.

use std::{
    error::Error,
    io::{self, Write},
    sync::{Arc, Mutex},
};

use ports::{Ledger, LedgerError, Posted, Sending};
use sandbox::{
    netsuite::{Credentials, Fault, Operation, Point, Rule},
    sale::Billing,
};

use super::{Bench, name, query};

/// What a fault makes of each operation.
struct Row {
    fault: Fault,
    /// Of `billing` and `confirm`.
    read: &'static str,
    /// Of `post`, where `add` fails; before its commit, where the fault is not by nature after it.
    add: &'static str,
    /// Of `post`, where the look before it fails.
    look: &'static str,
    /// Of `close_lines`.
    update: &'static str,
}

const OK: &str = "ok";

fn rows() -> Vec<Row> {
    let row = |fault, [read, add, look, update]: [&'static str; 4]| Row {
        fault,
        read,
        add,
        look,
        update,
    };
    let html = |status, words: &str| Fault::Html {
        status,
        body: format!("<html><body>{words}</body></html>"),
    };
    let page = |body: &str| Fault::Html { status: 200, body: body.to_owned() };
    let soap = |element, code| Fault::soap(element, code, "in the account's words");
    let refusal = |code| Fault::refusal(code, "in the account's words");
    vec![
        // The call had no effect, and the caller does not know that.
        row(Fault::Down, ["unavailable", "failed", "unavailable", "unknown"]),
        row(Fault::unexpected(), ["unavailable", "failed", "unavailable", "failed"]),
        row(html(502, "Bad Gateway"), ["unavailable", "failed", "unavailable", "unknown"]),
        row(html(504, "Timeout"), ["unavailable", "failed", "unavailable", "unknown"]),
        row(html(503, "Busy"), ["unavailable", "failed", "unavailable", "unknown"]),
        row(html(200, "Hello"), ["unavailable", "failed", "unavailable", "unknown"]),
        row(page(""), ["unavailable", "failed", "unavailable", "unknown"]),
        row(page("<e:Envelope><e:Body>"), ["unavailable", "failed", "unavailable", "unknown"]),
        row(
            soap("faultFromNextYear", "CODE_FROM_NEXT_YEAR"),
            ["unavailable", "failed", "unavailable", "failed"],
        ),
        row(
            soap("invalidCredentialsFault", "UNEXPECTED_ERROR"),
            ["unavailable", "failed", "unavailable", "failed"],
        ),
        row(refusal("UNEXPECTED_ERROR"), ["unavailable", "failed", "unavailable", "failed"]),
        // Nothing was done, and it says so.
        row(Fault::throttled(), ["throttled"; 4]),
        row(soap("exceededRequestLimitFault", "WS_CONCUR_SESSION_DISALLWD"), ["throttled"; 4]),
        row(html(429, "Too Many Requests"), ["throttled"; 4]),
        row(Fault::maintenance(), ["unavailable"; 4]),
        row(html(503, "System maintenance"), ["unavailable"; 4]),
        row(html(403, "Access denied"), ["unavailable"; 4]),
        // Who we are and what we may do.
        row(Fault::invalid_login(), ["unauthorized"; 4]),
        row(soap("invalidAccountFault", "INVALID_ACCT"), ["unauthorized"; 4]),
        row(soap("insufficientPermissionFault", "INSUFFICIENT_PERMISSION"), ["forbidden"; 4]),
        row(soap("invalidVersionFault", "INVALID_VERSION"), ["forbidden"; 4]),
        row(refusal("INSUFFICIENT_PERMISSION"), ["forbidden"; 4]),
        // What we say.
        row(
            soap("exceededRequestSizeFault", "UNEXPECTED_ERROR"),
            ["refused Data", "refused Data", "unreadable", "refused Data"],
        ),
        row(refusal("USER_ERROR"), ["refused Data", "refused Data", "unreadable", "refused Data"]),
        row(
            refusal("CODE_FROM_NEXT_YEAR"),
            ["refused Data", "refused Data", "unreadable", "refused Data"],
        ),
        row(
            refusal("TRAN_PRD_CLOSED"),
            ["refused Period", "refused Period", "unreadable", "refused Period"],
        ),
        row(
            refusal("RCRD_HAS_BEEN_CHANGED"),
            ["refused Stale", "refused Stale", "unreadable", "refused Stale"],
        ),
        row(refusal("DUP_RCRD"), ["refused Data", "conflict", "unreadable", "refused Data"]),
        // It was done, and the answer did not arrive whole.
        row(Fault::LoseReply, ["unavailable", "already", "unavailable", "unknown"]),
        row(Fault::Truncate, ["unavailable", "already", "unavailable", "unknown"]),
        row(Fault::Empty, ["unavailable", "already", "unavailable", "unknown"]),
        // It was done, with a remark.
        row(Fault::AfterSubmitFailed, [OK, "now", "now", OK]),
        row(Fault::Warning, [OK, "now", "now", OK]),
    ]
}

/// How often a fault strikes, and on which side of the commit.
#[derive(Debug, Clone, Copy)]
struct Strikes {
    often: Often,
    point: Point,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Often {
    Once,
    Always,
}

impl Strikes {
    fn rule(self, fault: &Fault, operation: Operation) -> Rule {
        let rule = fault.clone().on(operation).at(self.point);
        match self.often {
            Often::Once => rule.times(1),
            Often::Always => rule,
        }
    }

    /// A login that is refused once is tried again, and that is all that ever is.
    fn expected(self, fault: &Fault, told: &'static str, good: &'static str) -> &'static str {
        match self.often {
            Often::Once if *fault == Fault::invalid_login() => good,
            _ => told,
        }
    }

    /// The expected result of `post` where `add` fails. An uncertain answer, and an unreliable
    /// refusal, end in a look-up of the record. A refused login is reported, and the next attempt
    /// looks the record up.
    fn expected_of_add(self, row: &Row) -> &'static str {
        let is_looked_for =
            ["failed", "conflict"].contains(&row.add) || row.add.starts_with("refused");
        match self.point {
            Point::AfterCommit if is_looked_for => "already",
            Point::AfterCommit => self.expected(&row.fault, row.add, "already"),
            Point::BeforeCommit => self.expected(&row.fault, row.add, "now"),
        }
    }

    /// How many memos there are then.
    fn on_record(self, result: &str) -> usize {
        match self.point {
            Point::AfterCommit => 1,
            Point::BeforeCommit => usize::from(["now", "already"].contains(&result)),
        }
    }
}

/// Everything that is logged on this thread.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let log = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || log.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    #[track_caller]
    fn tells_no_secret(&self, when: &str) {
        let text = String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned();
        assert!(text.contains("Called NetSuite"), "nothing was logged: {when}");
        tells_no_secret(&text, when);
    }
}

#[track_caller]
fn tells_no_secret(text: &str, when: &str) {
    let login = Credentials::example();
    for secret in [login.consumer_secret, login.token_secret, "tokenPassport".to_owned()] {
        assert!(!text.contains(&secret), "{when} tells {secret:?}: {text}");
    }
}

/// A result by its name; its text must contain no secret.
#[track_caller]
fn shown<T>(result: Result<T, LedgerError>, good: impl Fn(T) -> &'static str) -> String {
    match result {
        Ok(it) => good(it).to_owned(),
        Err(error) => {
            let mut words = format!("{error} {error:?}");
            let mut source = error.source();
            while let Some(inner) = source {
                words = format!("{words} {inner} {inner:?}");
                source = inner.source();
            }
            tells_no_secret(&words, "an error");
            name(&error)
        }
    }
}

fn posted(result: Result<Posted, LedgerError>) -> String {
    shown(result, |it| match it {
        Posted::Now(_) => "now",
        Posted::Already(_) => "already",
        Posted::Voided(_) => "voided",
    })
}

/// What was done by nature when it is answered so.
fn is_of_the_answer(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::LoseReply
            | Fault::Truncate
            | Fault::Empty
            | Fault::AfterSubmitFailed
            | Fault::Warning
    )
}

/// The faults of an operation that has nothing to commit.
fn cases_of_reading() -> Vec<(Row, Strikes)> {
    cases_at(Point::BeforeCommit)
}

/// The faults of one that writes, on both sides of the commit where that makes a difference.
fn cases_of_writing() -> Vec<(Row, Strikes)> {
    let mut cases = cases_at(Point::AfterCommit);
    cases.retain(|(row, _)| !is_of_the_answer(&row.fault));
    cases.extend(cases_at(Point::BeforeCommit));
    cases
}

fn cases_at(point: Point) -> Vec<(Row, Strikes)> {
    let strike = |often| rows().into_iter().map(move |it| (it, Strikes { often, point }));
    [Often::Once, Often::Always].into_iter().flat_map(strike).collect()
}

#[tokio::test]
async fn a_failed_read_has_its_class_and_is_not_retried() {
    let log = Log::default();
    let _listening = log.listen();
    for (row, strikes) in cases_of_reading() {
        for operation in [Operation::Search, Operation::Get, Operation::GetList] {
            let when = format!("{:?} {strikes:?} in {operation:?}", row.fault);
            let bench = Bench::new().await;
            bench.install(1, &Billing::NotInvoiced);
            bench.account.fault(strikes.rule(&row.fault, operation));
            let result = match operation {
                Operation::GetList => {
                    let records = ["70001".parse().unwrap()];
                    shown(bench.ledger.confirm(&records).await, |_| OK)
                }
                _ => shown(bench.ledger.billing(&query(1)).await, |_| OK),
            };
            // A search that is refused as such is asked in another way.
            let another_way = (operation, strikes.often) == (Operation::Search, Often::Once)
                && row.read.starts_with("refused");
            let read = if another_way { OK } else { row.read };
            assert_eq!(result, strikes.expected(&row.fault, read, OK), "{when}");
            let calls = bench.account.calls();
            assert!(calls.of(operation) <= 3 && calls.total() <= 5, "{when}: {calls:?}");
            bench.account.clear_faults();
            let billing = bench.ledger.billing(&query(1)).await;
            assert!(billing.is_ok_and(|it| it.sales_order.is_some()), "{when}");
        }
    }
    log.tells_no_secret("reading");
}

#[tokio::test]
async fn every_answer_to_add_ends_with_one_memo() {
    let log = Log::default();
    let _listening = log.listen();
    for (row, strikes) in cases_of_writing() {
        let when = format!("{:?} {strikes:?} in add", row.fault);
        let bench = Bench::new().await;
        bench.install(1, &Billing::OneInvoice);
        let memo = bench.memo(1).await;
        let before = bench.account.calls();
        bench.account.fault(strikes.rule(&row.fault, Operation::Add));
        let result = posted(bench.ledger.post(&memo, Sending::First).await);
        assert_eq!(result, strikes.expected_of_add(&row), "{when}");
        let calls = bench.account.calls();
        assert!(calls.of(Operation::Add) <= 2, "{when}: {calls:?}");
        // The fourth asks whether what has the key already was voided.
        assert!(calls.total() - before.total() <= 4, "{when}: {calls:?}");
        assert_eq!(bench.account.memos().len(), strikes.on_record(&result), "{when}");

        bench.account.clear_faults();
        for sending in [Sending::Resend, Sending::First] {
            let settled = bench.ledger.post(&memo, sending).await;
            assert!(settled.is_ok(), "{when}: {settled:?}");
        }
        assert_eq!(bench.account.memos().len(), 1, "{when}");
    }
    log.tells_no_secret("posting");
}

#[tokio::test]
async fn a_failed_look_up_never_counts_as_nothing_on_record() {
    let log = Log::default();
    let _listening = log.listen();
    for (row, strikes) in cases_of_reading() {
        for on_record in [0, 1] {
            let when = format!("{:?} {strikes:?} in get, {on_record} on record", row.fault);
            let bench = Bench::new().await;
            bench.install(1, &Billing::OneInvoice);
            let memo = bench.memo(1).await;
            if on_record == 1 {
                let _ = bench.ledger.post(&memo, Sending::First).await.unwrap();
            }
            let before = bench.account.calls();
            bench.account.fault(strikes.rule(&row.fault, Operation::Get));
            let result = posted(bench.ledger.post(&memo, Sending::Resend).await);
            let good = if on_record == 1 { "already" } else { "now" };
            let told = if row.look == "now" { good } else { row.look };
            assert_eq!(result, strikes.expected(&row.fault, told, good), "{when}");
            let calls = bench.account.calls();
            assert!(calls.total() - before.total() <= 3, "{when}: {calls:?}");

            bench.account.clear_faults();
            let settled = bench.ledger.post(&memo, Sending::Resend).await;
            assert!(settled.is_ok(), "{when}: {settled:?}");
            assert_eq!(bench.account.memos().len(), 1, "{when}");
        }
    }
    log.tells_no_secret("looking");
}

#[tokio::test]
async fn lines_are_closed_after_every_fault_by_one_call_at_a_time() {
    let log = Log::default();
    let _listening = log.listen();
    for (row, strikes) in cases_of_writing() {
        let when = format!("{:?} {strikes:?} in update", row.fault);
        let bench = Bench::new().await;
        bench.install(1, &Billing::NotInvoiced);
        let lines = bench.lines(1).await;
        bench.account.fault(strikes.rule(&row.fault, Operation::Update));
        let result = shown(bench.ledger.close_lines(&lines).await, |()| OK);
        assert_eq!(result, strikes.expected(&row.fault, row.update, OK), "{when}");
        assert!(bench.account.calls().of(Operation::Update) <= 2, "{when}");

        bench.account.clear_faults();
        bench.ledger.close_lines(&lines).await.unwrap();
        let order = bench.account.sales_order(lines.sales_order.as_str()).unwrap();
        assert!(order.lines.iter().all(|line| line.closed), "{when}: {order:?}");
    }
    log.tells_no_secret("closing");
}
