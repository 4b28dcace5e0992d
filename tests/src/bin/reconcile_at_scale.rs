//! A comparison of as many cancelled units as the command says, over systems that make their
//! pages up as they are asked for. Prints what was found, and the most memory it ever took.

use std::{fs, sync::Arc, time::Duration};

use app::{
    ledger::circuit_breaker::CircuitBreakerLedger,
    process::{
        credit::{Context, Customer},
        elapsed::Elapsed,
    },
    random::Random,
    reconcile::{RepairMode, Report, reconcile},
};
use async_trait::async_trait;
use domain::{
    Amount, Billing, CreditMemo, ExistingLine, ExistingMemo, ItemRef, LinesToClose, Maps, OrderId,
    OrderSnapshot, Policy, RecordId, RecordedMemo, ReportedAmount, Standing, Timestamp,
    UnitSnapshot,
};
use jiff::tz::TimeZone;
use ports::{
    Basis, BillingQuery, CancelledPage, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted,
    Sending, Storefront, StorefrontError, Window,
};
use tests::{FakeClock, reference::AllVisible};

/// Orders, or memos, on a page.
const PAGE: usize = 100;
/// The memo of every so manieth unit is missing.
const MISSING: usize = 10;

/// So many orders of one cancelled unit each.
struct Orders(usize);

/// Their memos, the last one first: no order and its memo are on pages of the same place.
struct Memos(usize);

fn unit(number: usize) -> String {
    format!("dc333267-856c-421a-ac7a-{number:012}")
}

fn reference(number: usize) -> String {
    format!("TEST-{number}")
}

/// The page at a place of a list of so many, and the place after it.
fn page(count: usize, place: &Cursor) -> (std::ops::Range<usize>, Option<Cursor>) {
    let start: usize = place.0.parse().unwrap_or(0);
    let end = count.min(start + PAGE);
    (start..end, (end < count).then(|| Cursor(end.to_string())))
}

fn order(number: usize) -> OrderSnapshot {
    let order = format!("9f4e8ffc-c79c-5839-b1b7-{number:012}");
    OrderSnapshot {
        id: order.parse().expect("it is a UUID"),
        external_id: Some(reference(number)),
        currency: Some("USD".to_owned()),
        channel: None,
        channel_type: None,
        demand_location: None,
        tax_strategy: None,
        price_method: None,
        is_exchange: false,
        is_historical: false,
        shipping_total: ReportedAmount::Absent,
        shipping_tax: ReportedAmount::Absent,
        grand_total: ReportedAmount::Absent,
        coupon: None,
        units: vec![UnitSnapshot {
            id: unit(number),
            product: Some("10000".to_owned()),
            quantity: ReportedAmount::of("1"),
            price: ReportedAmount::of("20.00"),
            status: Some("cancelled".to_owned()),
            ..UnitSnapshot::default()
        }],
        payments: None,
    }
}

fn memo(number: usize) -> RecordedMemo {
    let record = |id: usize| -> RecordId { id.to_string().parse().expect("a number is an id") };
    let line = ExistingLine {
        item: ItemRef { id: record(9001), external_id: None, name: None },
        source_line: Some(1),
        quantity: Some(1.into()),
        amount: Amount::cents(2000),
        units: vec![unit(number).parse().expect("a UUID is an id")],
    };
    RecordedMemo {
        memo: ExistingMemo {
            id: record(number + 1),
            external_id: Some(format!("nst-cm-{number:020}")),
            number: Some(format!("CM{number}")),
            entity: Some(record(5521)),
            standing: Standing::Valid,
            created_from: Some(record(number + 1_000_000)),
            applied_to: Vec::new(),
            total: Amount::cents(2000),
            shipping_cost: Amount::ZERO,
            lines: vec![line],
        },
        reference: Some(reference(number)),
        currency: None,
    }
}

#[async_trait]
impl Storefront for Orders {
    async fn order(&self, _: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError> {
        Ok(None)
    }

    async fn cancelled(&self, _: Window, place: &Cursor) -> Result<CancelledPage, StorefrontError> {
        let (numbers, next) = page(self.0, place);
        Ok(CancelledPage { orders: numbers.map(order).collect(), basis: Basis::Changed, next })
    }
}

fn not_asked() -> LedgerError {
    LedgerError::Unavailable("nobody asks for this".into())
}

#[async_trait]
impl Ledger for Memos {
    async fn billing(&self, _: &BillingQuery) -> Result<Billing, LedgerError> {
        Ok(Billing::default())
    }

    async fn post(&self, _: &CreditMemo, _: Sending) -> Result<Posted, LedgerError> {
        Err(not_asked())
    }

    async fn close_lines(&self, _: &LinesToClose) -> Result<(), LedgerError> {
        Err(not_asked())
    }

    async fn confirm(&self, _: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        Err(not_asked())
    }

    async fn memos(&self, _: Timestamp, place: &Cursor) -> Result<MemoPage, LedgerError> {
        let (numbers, next) = page(self.0, place);
        let numbers = numbers.map(|it| self.0 - 1 - it).filter(|it| it % MISSING != 0);
        Ok(MemoPage { memos: numbers.map(memo).collect(), next })
    }
}

async fn compare(units: usize) -> Report {
    let clock = Arc::new(FakeClock::default());
    let tenant = "dodici".parse().expect("a plain word is a tenant");
    let (memos, access) = (Arc::new(Memos(units)), Arc::new(AllVisible));
    let ledger = CircuitBreakerLedger::new(&tenant, memos, access, Arc::clone(&clock) as _);
    let customer = Customer {
        tenant,
        storefront: Arc::new(Orders(units)),
        ledger: Arc::new(ledger),
        policy: Policy::default(),
        maps: Maps::default(),
        time_zone: TimeZone::UTC,
    };
    let give_up_after = Duration::from_hours(72);
    let journal = Arc::new(adapters_journal::Memory::default());
    let context = Context {
        journal,
        clock,
        random: Random::seeded(1),
        give_up_after,
        elapsed: Elapsed::new(give_up_after),
    };
    let window = Window { since: Timestamp::from_millis(0), until: None };
    let index = app::wiring::memo_index().expect("a temporary file can be created");
    let report = reconcile(&context, &customer, window, RepairMode::Off, index).await;
    report.expect("nothing interrupts it")
}

/// The most memory that this process ever had, in KiB.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:")).expect("it has a peak");
    let number = line.split_whitespace().next().and_then(|it| it.parse().ok());
    number.expect("the peak is a number")
}

#[tokio::main(flavor = "current_thread")]
#[expect(clippy::print_stdout, reason = "the answer of a program")]
async fn main() {
    let units = std::env::args().nth(1).and_then(|it| it.parse().ok());
    let report = compare(units.expect("the command says how many")).await;
    let missing = report.tally("missing").count;
    println!("{} {} {missing} {}", report.units, report.memos, peak());
}
