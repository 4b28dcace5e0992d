//! How many calls a memo costs, and how well an account's slots are used.

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use domain::ExistingMemos;
use metrics::{
    Counter, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
};
use ports::{BillingQuery, Cursor, Ledger, LedgerError, Posted, ReadPermissions, Sending};
use sandbox::{
    netsuite::{Account, Fault, Operation, Point, Usage},
    sale::Billing,
};
use tokio::task::JoinSet;

use super::{Bench, from_invoice, query};

const CANCELLATIONS: u32 = 200;

fn books(bench: &Bench) {
    for order in 1..=CANCELLATIONS {
        bench.install(order, &Billing::OneInvoice);
    }
}

#[tokio::test]
async fn a_memo_needs_three_calls_without_the_search_by_number() {
    let calls = calls_for_all(ExistingMemos::Invoice).await;
    // Three each; for all of them two that prove the right to look, and one to read back.
    assert_eq!(calls, u64::from(CANCELLATIONS) * 3 + 3);
}

#[tokio::test]
async fn a_memo_needs_four_calls_plus_its_share_of_batches() {
    let calls = calls_for_all(ExistingMemos::Number).await;
    assert_eq!(calls, u64::from(CANCELLATIONS) * 4 + 3);
    assert!(calls * 100 <= u64::from(CANCELLATIONS) * 405, "{calls}");
}

#[tokio::test]
async fn the_searches_for_memos_run_concurrently_if_a_slot_is_free() {
    for (slots, expected) in [(2, 2), (1, 1)] {
        let bench = Bench::with(slots, Duration::from_mins(1)).await;
        bench.install(1, &Billing::OneInvoice);
        bench.ledger.verify().await.unwrap();
        bench.account.fault(Fault::Slow(Duration::from_millis(100)).on(Operation::Search));
        let query = BillingQuery { existing_memos: ExistingMemos::Number, ..query(1) };
        bench.ledger.billing(&query).await.unwrap();
        assert_eq!(bench.account.peak_in_flight(), expected, "{slots} slots");
    }
}

/// The calls that all cancellations take, each order with one unit on one invoice.
async fn calls_for_all(existing_memos: ExistingMemos) -> u64 {
    let bench = Bench::with(2, Duration::from_mins(1)).await;
    bench.account.concurrency_limit(2);
    books(&bench);
    bench.ledger.verify().await.unwrap();
    let mut running = JoinSet::new();
    for order in 1..=CANCELLATIONS {
        let ledger = Arc::clone(&bench.ledger);
        running.spawn(async move {
            let query = BillingQuery { existing_memos, ..query(order) };
            let billing = ledger.billing(&query).await.unwrap();
            let memo = from_invoice(&query, &billing.invoices[0]);
            ledger.post(&memo, Sending::First).await.unwrap().record().clone()
        });
    }
    let records = running.join_all().await;
    let confirmed = bench.ledger.confirm(&records).await.unwrap();
    assert_eq!(confirmed.len(), records.len());
    assert_eq!(bench.account.memos().len(), records.len());
    assert!(bench.account.peak_in_flight() <= 2);
    bench.account.calls().total()
}

/// What a gauge showed last.
#[derive(Default)]
struct Gauges(Mutex<Shown>);

#[derive(Default)]
struct Shown {
    slots: u32,
    in_use: u32,
    waiting: u32,
    /// The most that ever were in use.
    peak: u32,
    /// Slot time while a call was waiting, and the part of it that was used.
    wanted: Duration,
    used: Duration,
    since: Option<Instant>,
}

/// One of the gauges.
struct OneGauge(Arc<Gauges>, &'static str);

impl GaugeFn for OneGauge {
    fn increment(&self, _: f64) {}

    fn decrement(&self, _: f64) {}

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the gauges count slots"
    )]
    fn set(&self, value: f64) {
        let mut shown = self.0.0.lock().unwrap();
        let now = Instant::now();
        if let Some(since) = shown.since.replace(now)
            && shown.waiting > 0
        {
            let (slots, in_use) = (shown.slots, shown.in_use);
            shown.wanted += (now - since) * slots;
            shown.used += (now - since) * in_use;
        }
        match self.1 {
            "memobridge_erp_concurrency_limit" => shown.slots = value as u32,
            "memobridge_erp_requests_in_flight" => shown.in_use = value as u32,
            _ => shown.waiting = value as u32,
        }
        shown.peak = shown.peak.max(shown.in_use);
    }
}

struct Watch(Arc<Gauges>);

impl Recorder for Watch {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, _: &Key, _: &Metadata<'_>) -> Counter {
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        let names = [
            "memobridge_erp_concurrency_limit",
            "memobridge_erp_requests_in_flight",
            "memobridge_erp_requests_waiting",
        ];
        match names.into_iter().find(|name| *name == key.name()) {
            Some(name) => Gauge::from_arc(Arc::new(OneGauge(Arc::clone(&self.0), name))),
            None => Gauge::noop(),
        }
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

/// Posts all memos at once, with every `add` taking a while, and again where it was rejected. How
/// the account's slots were used meanwhile.
async fn post_all(bench: &Bench, slow: Duration) -> Usage {
    let mut memos = Vec::new();
    for order in 1..=CANCELLATIONS {
        memos.push(bench.memo(order).await);
    }
    bench.account.fault(Fault::Slow(slow).on(Operation::Add));
    let _before = bench.account.take_usage();
    let posts = memos.into_iter().map(|memo| {
        let (ledger, clock) = (Arc::clone(&bench.ledger), Arc::clone(&bench.clock));
        async move {
            loop {
                match ledger.post(&memo, Sending::First).await {
                    Ok(Posted::Now(_)) => return,
                    Err(LedgerError::Throttled(_)) => clock.advance(Duration::from_secs(1)),
                    other => panic!("{other:?}"),
                }
            }
        }
    });
    let local = tokio::task::LocalSet::new();
    for post in posts {
        local.spawn_local(post);
    }
    local.await;
    bench.account.take_usage()
}

fn has_every_memo(account: &Account) {
    assert_eq!(account.memos().len(), CANCELLATIONS as usize);
}

#[tokio::test]
async fn two_slots_are_fully_used_and_never_exceeded() {
    let gauges = Arc::new(Gauges::default());
    let watch = Watch(Arc::clone(&gauges));
    let _watching = metrics::set_default_local_recorder(&watch);
    let bench = Bench::with(2, Duration::from_mins(1)).await;
    bench.account.concurrency_limit(2);
    books(&bench);
    let _usage = post_all(&bench, Duration::from_millis(10)).await;
    has_every_memo(&bench.account);
    assert_eq!(bench.account.peak_in_flight(), 2);
    let shown = gauges.0.lock().unwrap();
    assert_eq!((shown.slots, shown.in_use, shown.waiting, shown.peak), (2, 0, 0, 2));
    let Shown { wanted, used, .. } = *shown;
    assert!(wanted * 95 <= used * 100, "{used:?} of {wanted:?} were used");
}

/// As the account sees it, a slot is idle from the end of one call to the beginning of the
/// next: an answer on its way, read, and a request written and sent. On a quiet machine that
/// is a fortieth of the time here; what the slots are used is measured by the benchmark `drain`,
/// and what is seen here is that nothing else keeps one idle. Whatever the machine does besides
/// only makes it look worse, so the best of a few counts.
#[tokio::test]
async fn all_slots_are_in_use_while_calls_wait() {
    let mut seen = Vec::new();
    while seen.len() < 3 {
        let bench = Bench::with(2, Duration::from_mins(1)).await;
        bench.account.concurrency_limit(2);
        books(&bench);
        let usage = post_all(&bench, Duration::from_millis(150)).await;
        has_every_memo(&bench.account);
        assert_eq!(bench.account.peak_in_flight(), 2);
        let slots = usage.span * 2;
        if slots * 85 <= usage.busy * 100 {
            return;
        }
        seen.push(usage);
    }
    panic!("of two slots each were busy {seen:?}");
}

#[tokio::test]
async fn an_account_that_grants_less_than_configured_is_not_overrun() {
    let bench = Bench::with(8, Duration::from_mins(1)).await;
    books(&bench);
    bench.account.concurrency_limit(2);
    let _usage = post_all(&bench, Duration::from_millis(2)).await;
    has_every_memo(&bench.account);
    let adds = bench.account.calls().of(Operation::Add);
    let refused = adds - u64::from(CANCELLATIONS);
    // Eight at first, then fewer, and every now and then one too many.
    assert!(refused <= u64::from(CANCELLATIONS) / 4, "{refused} were turned away");
}

#[tokio::test]
async fn listing_all_memos_has_the_lowest_priority() {
    let bench = Bench::with(1, Duration::from_mins(1)).await;
    bench.account.concurrency_limit(1);
    for order in 1..=2 {
        bench.install(order, &Billing::NotInvoiced);
    }
    let [first, second] = [bench.lines(1).await, bench.lines(2).await];
    let slot = bench.account.hold(Operation::Update, Point::BeforeCommit);
    let memos = bench.account.hold(Operation::Search, Point::BeforeCommit);
    let close = |lines| {
        let ledger = Arc::clone(&bench.ledger);
        tokio::spawn(async move { ledger.close_lines(&lines).await.unwrap() })
    };
    let first = close(first);
    slot.reached().await;
    let ledger = Arc::clone(&bench.ledger);
    let reading = tokio::spawn(async move {
        ledger.memos(domain::Timestamp::from_millis(0), &Cursor::default()).await.unwrap()
    });
    tokio::task::yield_now().await;
    let second = close(second);
    tokio::task::yield_now().await;
    slot.release();
    memos.reached().await;
    assert_eq!(bench.account.calls().of(Operation::Update), 2, "the second came later, and first");
    memos.release();
    reading.await.unwrap();
    first.await.unwrap();
    second.await.unwrap();
}
