//! A service with a worker and nothing else, in virtual time, and jobs for it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use app::{
    background::worker::{self, BackoffLimits},
    inbound::keys::Keys,
    ledger::circuit_breaker::CircuitBreakerLedger,
    process::{
        credit::{Context, Customer},
        elapsed::Elapsed,
        service::{CustomerEntry, Service, job},
    },
    random::Random,
};
use async_trait::async_trait;
use domain::{
    Amount, Billing, Cancellation, CreditMemo, ExistingLine, ExistingMemo, InstrumentSnapshot,
    ItemRef, LinesToClose, Maps, OrderId, OrderSnapshot, Policy, RecordId, ReportedAmount,
    Timestamp, TransactionSnapshot, UnitSnapshot,
};
use jiff::tz::TimeZone;
use ports::{
    BillingQuery, CancellationRecord, CancellationState, CancelledPage, Clock, Confirmed, Cursor,
    Delivery, Job, Jobs, JobsError, Lease, Ledger, LedgerError, MemoPage, Posted, Query,
    ReadPermissions, Sending, Storefront, StorefrontError, Window,
};
use tests::simulation::{Rng, Time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const HOUR: Duration = Duration::from_hours(1);
pub(super) const GIVE_UP_AFTER: Duration = Duration::from_hours(72);
pub(super) const LIMITS: BackoffLimits =
    BackoffLimits { first_delay: Duration::from_secs(5), max_delay: Duration::from_mins(15) };

const UNIT: &str = "dc333267-856c-421a-ac7a-e08291642d76";
/// An order whose units are cancelled one by one, and how many it has.
const LONG_ORDER: &str = "0c1f2e3d-0000-4000-8000-0000000b0b0b";
pub(super) const LONG: usize = 60;

/// The units of an order.
fn units(order: &OrderId) -> Vec<String> {
    if order.as_str() != LONG_ORDER {
        return vec![UNIT.to_owned()];
    }
    (0..LONG).map(|nth| format!("dc333267-856c-421a-ac7a-{nth:012}")).collect()
}

/// An ERP that has every unit on a memo already, and takes its time to say so.
pub(super) struct Erp {
    takes: Duration,
    down: AtomicBool,
    running: AtomicUsize,
    most: AtomicUsize,
    called: Mutex<Vec<OrderId>>,
    /// The call about this order panics.
    panics_on: Mutex<Option<OrderId>>,
    time: Mutex<Option<Time>>,
}

impl Erp {
    pub(super) fn takes(takes: Duration) -> Arc<Self> {
        Self::new(takes, false)
    }

    /// It does not answer, and takes so long about it.
    pub(super) fn down(takes: Duration) -> Arc<Self> {
        Self::new(takes, true)
    }

    fn new(takes: Duration, down: bool) -> Arc<Self> {
        Arc::new(Self {
            takes,
            down: down.into(),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            called: Mutex::default(),
            panics_on: Mutex::default(),
            time: Mutex::default(),
        })
    }

    pub(super) fn panics_on(&self, order: OrderId) {
        *self.panics_on.lock().unwrap() = Some(order);
    }

    pub(super) fn comes_back(&self) {
        self.down.store(false, Ordering::Relaxed);
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.most.load(Ordering::Relaxed)
    }

    pub(super) fn calls(&self) -> usize {
        self.called.lock().unwrap().len()
    }

    pub(super) fn order_of_calls(&self) -> Vec<OrderId> {
        self.called.lock().unwrap().clone()
    }
}

#[async_trait]
impl Ledger for Erp {
    async fn billing(&self, query: &BillingQuery) -> Result<Billing, LedgerError> {
        self.called.lock().unwrap().push(query.order.clone());
        let panics = self.panics_on.lock().unwrap().as_ref() == Some(&query.order);
        assert!(!panics, "index out of bounds");
        let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
        self.most.fetch_max(running, Ordering::Relaxed);
        let time = self.time.lock().unwrap().clone().expect("the firm has a clock");
        time.sleep(self.takes).await;
        self.running.fetch_sub(1, Ordering::Relaxed);
        if self.down.load(Ordering::Relaxed) {
            return Err(LedgerError::Unavailable("connection refused".into()));
        }
        let id = |raw: &str| raw.parse().unwrap();
        let line = |unit: String| ExistingLine {
            item: ItemRef { id: id("10"), external_id: None, name: None },
            source_line: None,
            quantity: Some(1.into()),
            amount: Amount::cents(2000),
            units: vec![unit.parse().unwrap()],
        };
        let lines: Vec<_> = units(&query.order).into_iter().map(line).collect();
        let memo = ExistingMemo {
            id: id("800"),
            external_id: None,
            number: None,
            entity: None,
            standing: domain::Standing::Valid,
            created_from: Some(id("700")),
            applied_to: Vec::new(),
            total: Amount::cents(2000),
            shipping_cost: Amount::ZERO,
            lines,
        };
        Ok(Billing { memos: vec![memo], ..Billing::default() })
    }

    async fn post(&self, memo: &CreditMemo, _: Sending) -> Result<Posted, LedgerError> {
        panic!("everything is credited already: {memo:?}")
    }

    async fn close_lines(&self, lines: &LinesToClose) -> Result<(), LedgerError> {
        panic!("nothing is to be closed: {lines:?}")
    }

    async fn confirm(&self, _: &[RecordId]) -> Result<Vec<Confirmed>, LedgerError> {
        Ok(Vec::new())
    }

    async fn memos(&self, _: Timestamp, _: &Cursor) -> Result<MemoPage, LedgerError> {
        panic!("nobody compares")
    }
}

#[async_trait]
impl ReadPermissions for Erp {
    async fn verify(&self) -> Result<(), LedgerError> {
        if self.down.load(Ordering::Relaxed) {
            return Err(LedgerError::Unavailable("connection refused".into()));
        }
        Ok(())
    }
}

/// What the storefront shows of every order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Complete,
    Nothing,
}

struct Shop(Arc<Mutex<Shown>>);

#[async_trait]
impl Storefront for Shop {
    async fn order(&self, id: &OrderId) -> Result<Option<OrderSnapshot>, StorefrontError> {
        let shown = *self.0.lock().unwrap();
        Ok((shown == Shown::Complete).then(|| complete(id)))
    }

    async fn cancelled(&self, _: Window, _: &Cursor) -> Result<CancelledPage, StorefrontError> {
        panic!("nobody compares")
    }
}

/// An order of one unit, cancelled and refunded.
fn complete(id: &OrderId) -> OrderSnapshot {
    let count = i64::try_from(units(id).len()).unwrap();
    let price = ReportedAmount::Value(Amount::cents(2000 * count));
    let moved = |kind: &str| TransactionSnapshot {
        kind: Some(kind.to_owned()),
        amount: price.clone(),
        currency: None,
    };
    OrderSnapshot {
        id: id.clone(),
        external_id: Some("TEST-1".to_owned()),
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
        grand_total: price.clone(),
        coupon: None,
        units: units(id).into_iter().map(unit).collect(),
        payments: Some(vec![InstrumentSnapshot {
            method: Some("credit_card".to_owned()),
            transactions: vec![moved("capture"), moved("refund")],
            ..InstrumentSnapshot::default()
        }]),
    }
}

fn unit(id: String) -> UnitSnapshot {
    UnitSnapshot {
        id,
        product: Some("10".to_owned()),
        quantity: ReportedAmount::of("1"),
        price: ReportedAmount::Value(Amount::cents(2000)),
        status: Some("cancelled".to_owned()),
        ..UnitSnapshot::default()
    }
}

/// The queue, and how often it was asked.
struct Counted {
    inner: adapters_queue::Memory,
    deliveries: AtomicUsize,
    most_attempts: AtomicU32,
}

#[async_trait]
impl Jobs for Counted {
    async fn push(&self, job: &Job, delay: Duration) -> Result<(), JobsError> {
        self.inner.push(job, delay).await
    }

    async fn receive(
        &self,
        max: usize,
        lease: Duration,
        wait: Duration,
    ) -> Result<Vec<Delivery>, JobsError> {
        let received = self.inner.receive(max, lease, wait).await?;
        self.deliveries.fetch_add(received.len(), Ordering::Relaxed);
        Ok(received)
    }

    async fn extend(&self, held: &Lease, lease: Duration) -> Result<(), JobsError> {
        self.inner.extend(held, lease).await
    }

    async fn ack(&self, held: &Lease) -> Result<(), JobsError> {
        self.inner.ack(held).await
    }

    async fn defer(&self, held: &Lease, delay: Duration, attempts: u32) -> Result<(), JobsError> {
        self.most_attempts.fetch_max(attempts, Ordering::Relaxed);
        self.inner.defer(held, delay, attempts).await
    }

    async fn check(&self) -> Result<(), JobsError> {
        self.inner.check().await
    }
}

/// The service with everything around it.
pub(super) struct Firm {
    pub(super) service: Service,
    pub(super) erps: Vec<Arc<Erp>>,
    pub(super) jobs: Arc<dyn Jobs>,
    time: Time,
    counted: Arc<Counted>,
    shown: Arc<Mutex<Shown>>,
    pushed: Mutex<Vec<Cancellation>>,
}

impl Firm {
    /// A customer for each ERP.
    pub(super) fn new(erps: &[Arc<Erp>]) -> Self {
        let time = Time::new(Timestamp::from_millis(1_790_000_000_000), Rng::of(1));
        let clock: Arc<dyn Clock> = Arc::new(time.clone());
        let shown = Arc::new(Mutex::new(Shown::Complete));
        let member = |(nth, erp): (usize, &Arc<Erp>)| {
            *erp.time.lock().unwrap() = Some(time.clone());
            let tenant = tenant(nth).parse().unwrap();
            let (ledger, access) = (Arc::clone(erp), Arc::clone(erp));
            let ledger = CircuitBreakerLedger::new(&tenant, ledger, access, Arc::clone(&clock));
            let customer = Customer {
                tenant,
                storefront: Arc::new(Shop(Arc::clone(&shown))),
                ledger: Arc::new(ledger),
                policy: Policy::default(),
                maps: Maps::default(),
                time_zone: TimeZone::UTC,
            };
            (
                customer.tenant.clone(),
                Arc::new(CustomerEntry { customer, keys: Keys::new(Vec::new()) }),
            )
        };
        let customers: BTreeMap<_, _> = erps.iter().enumerate().map(member).collect();
        let counted = Arc::new(Counted {
            inner: adapters_queue::Memory::new(Arc::clone(&clock)),
            deliveries: AtomicUsize::new(0),
            most_attempts: AtomicU32::new(0),
        });
        let jobs: Arc<dyn Jobs> = Arc::clone(&counted) as _;
        let context = Context {
            journal: Arc::new(adapters_journal::Memory::default()),
            clock,
            random: Random::seeded(1),
            give_up_after: GIVE_UP_AFTER,
            elapsed: Elapsed::new(GIVE_UP_AFTER),
        };
        let service = Service {
            customers: Arc::new(customers),
            context,
            jobs: Arc::clone(&jobs),
            first_delay: LIMITS.first_delay,
            running: TaskTracker::default(),
            draining: CancellationToken::new(),
        };
        let erps = erps.to_vec();
        Self { service, erps, jobs, time, counted, shown, pushed: Mutex::default() }
    }

    pub(super) fn play(self, story: impl AsyncFnOnce(&Self)) {
        self.time.clone().run(story(&self));
    }

    /// Starts the worker with so many jobs of each customer at once.
    pub(super) fn work(&self, concurrency: usize) {
        tokio::spawn(worker::run(self.service.clone(), concurrency, LIMITS));
    }

    pub(super) async fn sleep(&self, time: Duration) {
        self.time.sleep(time).await;
    }

    pub(super) fn shows(&self, shown: Shown) {
        *self.shown.lock().unwrap() = shown;
    }

    /// So many jobs that were never tried.
    pub(super) async fn push_new(&self, customer: usize, count: usize) {
        self.push(customer, count, 0).await;
    }

    /// So many jobs that were tried before.
    pub(super) async fn push_retried(&self, customer: usize, count: usize) {
        self.push(customer, count, 3).await;
    }

    async fn push(&self, customer: usize, count: usize, attempts: u32) {
        for _ in 0..count {
            let nth = self.pushed.lock().unwrap().len();
            let order = format!("0c1f2e3d-0000-4000-8000-{nth:012}").parse().unwrap();
            self.push_one(customer, order, UNIT, attempts).await;
        }
    }

    async fn push_one(&self, customer: usize, order: OrderId, unit: &str, attempts: u32) {
        let cancellation = Cancellation {
            tenant: tenant(customer).parse().unwrap(),
            event: "order.items_cancelled".to_owned(),
            order,
            units: [(unit.parse().unwrap(), None)].into(),
            published_at: self.time.now(),
        };
        let context = &self.service.context;
        context.journal.open(&cancellation, self.time.now()).await.unwrap();
        let job = Job { attempts, ..job(&cancellation) };
        self.jobs.push(&job, Duration::ZERO).await.unwrap();
        self.pushed.lock().unwrap().push(cancellation);
    }

    /// A job for each unit of one order.
    pub(super) async fn push_long_order(&self) {
        let order: OrderId = LONG_ORDER.parse().unwrap();
        for unit in units(&order) {
            self.push_one(0, order.clone(), &unit, 0).await;
        }
    }

    /// The order of the job that was pushed last.
    pub(super) fn newest(&self) -> OrderId {
        self.pushed.lock().unwrap().last().unwrap().order.clone()
    }

    pub(super) async fn records(&self, customer: usize) -> Vec<CancellationRecord> {
        let tenant = Some(tenant(customer).parse().unwrap());
        let query = Query { tenant, limit: 10_000, ..Query::default() };
        self.service.context.journal.find(&query).await.unwrap()
    }

    pub(super) async fn count(&self, customer: usize, state: CancellationState) -> usize {
        self.records(customer).await.iter().filter(|it| it.state == state).count()
    }

    pub(super) async fn settled(&self, customer: usize) -> usize {
        self.count(customer, CancellationState::Posted).await
    }

    /// How many of the jobs that were pushed first are settled.
    pub(super) async fn settled_of_first(&self, count: usize) -> usize {
        let first: BTreeSet<OrderId> =
            self.pushed.lock().unwrap().iter().take(count).map(|it| it.order.clone()).collect();
        let posted = |it: &&CancellationRecord| it.state == CancellationState::Posted;
        let records = self.records(0).await;
        records
            .iter()
            .filter(posted)
            .filter(|record| first.contains(&record.cancellation.order))
            .count()
    }

    pub(super) fn deliveries(&self) -> usize {
        self.counted.deliveries.load(Ordering::Relaxed)
    }

    pub(super) fn most_attempts(&self) -> u32 {
        self.counted.most_attempts.load(Ordering::Relaxed)
    }
}

fn tenant(customer: usize) -> &'static str {
    ["dodici", "seconda"][customer]
}
