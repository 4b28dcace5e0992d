//! What becomes of a claim when a memo is sent twice and answered differently.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use app::{
    ledger::circuit_breaker::CircuitBreakerLedger,
    process::{
        credit::{Attempt, AttemptProgress, Context, Customer, credit},
        elapsed::Elapsed,
        outcome::Outcome,
    },
    random::Random,
};
use async_trait::async_trait;
use domain::{
    Billing, Cancellation, Claim, CreditMemo, LinesToClose, Maps, Policy, RecordId, Timestamp,
};
use jiff::tz::TimeZone;
use ports::{
    BillingQuery, Clock, Confirmed, Cursor, Ledger, LedgerError, MemoPage, Posted, Rejection,
    Sending,
    Sending::{First, Resend},
};
use tests::{
    reference::{AllVisible, Column, MemoryStorefront},
    simulation::{
        Rng, Time,
        sale::{Capture, Fate, Group, Inclusion, Layout, Reach, SaleItem, SimulatedSale, Story},
    },
};

const NOW: Timestamp = Timestamp::from_millis(1_795_428_000_000);

/// A ledger with scripted answers to a memo.
struct Scripted {
    sale: SimulatedSale,
    answers: Mutex<VecDeque<LedgerError>>,
    sendings: Mutex<Vec<Sending>>,
}

#[async_trait]
impl Ledger for Scripted {
    async fn billing(&self, _: &BillingQuery) -> Result<Billing, LedgerError> {
        Ok(Billing {
            sales_order: Some(self.sale.sales_order(NOW, Column::Present)),
            invoices: vec![self.sale.invoice(0, Column::Present)],
            ..Billing::default()
        })
    }

    async fn post(&self, _: &CreditMemo, sending: Sending) -> Result<Posted, LedgerError> {
        self.sendings.lock().unwrap().push(sending);
        match self.answers.lock().unwrap().pop_front() {
            Some(error) => Err(error),
            None => Ok(Posted::Already("90001".parse().unwrap())),
        }
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

/// One unit for 20.00, cancelled, refunded and billed.
fn sale() -> SimulatedSale {
    SimulatedSale {
        customer: 0,
        order: "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6".parse().unwrap(),
        number: "TEST-1821".to_owned(),
        currency: ("USD", 2),
        tax: Inclusion::Outside,
        units: vec![SaleItem {
            id: "dc333267-856c-421a-ac7a-e08291642d76".parse().unwrap(),
            product: "10000".to_owned(),
            price: 2000,
            quantity: 1,
            discounts: (0, 0),
            tax: 0,
            invoice: Some(0),
            reached: Reach::Open,
        }],
        shipping: (0, 0),
        off: 0,
        instruments: vec![100],
        capture: Capture::AtOrder,
        layout: Layout::LinePerUnit,
        invoices: 1,
        fate: Fate::Fine,
        oddity: tests::simulation::oddity::Oddity::None,
        groups: vec![Group { units: vec![0], cancelled_at: NOW, refunded_at: NOW }],
        story: Story { visible_at: NOW, paid_at: NOW, exported_at: NOW, invoiced_at: vec![NOW] },
    }
}

fn refused(kind: Rejection) -> LedgerError {
    LedgerError::Rejected { kind, code: "NO".to_owned(), message: "no".to_owned() }
}

fn unknown() -> LedgerError {
    LedgerError::Unknown("timed out".into())
}

/// Runs an attempt for each answer, that long after the attempt before. How each ended, what
/// was known at each sending, and whether the units are still claimed then.
fn attempts(answers: Vec<(u64, LedgerError)>) -> (Vec<&'static str>, Vec<Sending>, bool) {
    let time = Time::new(NOW, Rng::of(1));
    let clock: Arc<dyn Clock> = Arc::new(time.clone());
    let sale = sale();
    let (pauses, answers): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    let storefront = MemoryStorefront::new(Arc::clone(&clock), Duration::ZERO);
    storefront.show(sale.snapshot(NOW).unwrap());
    let cancellation = Cancellation {
        tenant: "dodici".parse().unwrap(),
        event: "order.items_cancelled".to_owned(),
        order: sale.order.clone(),
        units: [(sale.units[0].id.clone(), None)].into(),
        published_at: NOW,
    };
    let currencies = [("USD".to_owned(), domain::Entry::Id("1".parse().unwrap()))];
    let ledger = Arc::new(Scripted {
        sale,
        answers: Mutex::new(answers.into()),
        sendings: Mutex::default(),
    });
    let customer = Customer {
        tenant: cancellation.tenant.clone(),
        storefront: Arc::new(storefront),
        ledger: Arc::new(CircuitBreakerLedger::new(
            &cancellation.tenant,
            Arc::clone(&ledger) as _,
            Arc::new(AllVisible),
            Arc::clone(&clock),
        )),
        policy: Policy::default(),
        maps: Maps {
            channels: [("web".to_owned(), domain::Entry::None)].into_iter().collect(),
            currencies: currencies.into_iter().collect(),
            ..Maps::default()
        },
        time_zone: TimeZone::UTC,
    };
    let context = Context {
        journal: Arc::new(adapters_journal::Memory::default()),
        clock,
        random: Random::seeded(1),
        give_up_after: Duration::from_hours(72),
        elapsed: Elapsed::new(Duration::from_hours(72)),
    };
    let mut endings = Vec::new();
    let claims = time.run(async {
        let opened = context.journal.open(&cancellation, NOW).await.unwrap();
        for pause in &pauses {
            context.clock.sleep(Duration::from_mins(*pause)).await;
            let Attempt { outcome, last } =
                credit(&context, &customer, &opened, &AttemptProgress::default()).await;
            context.journal.record(&cancellation.id(), context.clock.now(), &last).await.unwrap();
            endings.push(match outcome {
                Outcome::Unavailable { .. } => "unavailable",
                Outcome::Waiting { .. } => "waiting",
                Outcome::Parked { .. } => "parked",
                Outcome::Posted(_) => "posted",
                other => panic!("{other:?}"),
            });
        }
        context.journal.claims(&cancellation.tenant, &cancellation.order).await.unwrap()
    });
    let sendings = ledger.sendings.lock().unwrap().clone();
    (endings, sendings, claims.iter().any(Claim::is_open))
}

#[test]
fn a_memo_refused_on_its_first_send_is_decided_again() {
    for (kind, ending) in [
        (Rejection::Data, "parked"),
        (Rejection::Period, "parked"),
        (Rejection::Stale, "unavailable"),
    ] {
        let result = attempts(vec![(0, refused(kind))]);
        assert_eq!(result, (vec![ending], vec![First], false), "{kind:?}");
    }
}

#[test]
fn bad_data_frees_the_units_at_once() {
    let result = attempts(vec![(0, unknown()), (5, refused(Rejection::Data))]);
    assert_eq!(result, (vec!["unavailable", "posted"], vec![First, Resend, First], false));
}

#[test]
fn a_temporary_refusal_frees_no_units_while_an_earlier_send_may_arrive() {
    for kind in [Rejection::Period, Rejection::Stale] {
        let result = attempts(vec![(0, unknown()), (5, refused(kind))]);
        let endings = vec!["unavailable", "waiting"];
        assert_eq!(result, (endings, vec![First, Resend], true), "{kind:?}");
    }
}

#[test]
fn a_refusal_does_not_prolong_the_wait() {
    let refused = || refused(Rejection::Period);
    let result = attempts(vec![(0, unknown()), (8, refused()), (8, refused()), (8, refused())]);
    let endings = vec!["unavailable", "waiting", "waiting", "posted"];
    assert_eq!(result, (endings, vec![First, Resend, Resend, Resend, First], false));
}

#[test]
fn a_missing_answer_prolongs_the_wait() {
    let answers = vec![(0, unknown()), (15, unknown()), (8, refused(Rejection::Period))];
    let endings = vec!["unavailable", "unavailable", "waiting"];
    assert_eq!(attempts(answers), (endings, vec![First, Resend, Resend], true));
}
