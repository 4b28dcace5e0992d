//! Every ledger against every promise of its port.

use std::{sync::Arc, time::Duration};

use adapters_netsuite::{NetSuite, Options};
use async_trait::async_trait;
use domain::{
    Amount, BillingLine, Classes, ExistingLine, ExistingMemo, ExistingMemos, Invoice, ItemRef,
    MemoKey, OrderIdentity, OrderLine, RecordId, SalesOrder, Standing,
};
use jiff::Timestamp;
use ports::{BillingQuery, Clock, Ledger, contract::ledger::LedgerSubject, contract_tests};
use rust_decimal::Decimal;
use sandbox::{
    netsuite::{
        Access, Account, Credentials, Denial, Fault, Kind, Line, Operation, Record,
        Standing as Counts,
    },
    sale::{Billing, KeyColumn, Sale, Unit},
};
use tests::{
    FakeClock,
    reference::{Folder, MemoryLedger, Recorded, ReferenceFault},
};

const INVOICED: (&str, &str) = ("9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6", "TEST-1821");
const NOT_INVOICED: (&str, &str) = ("0c1f2e3d-0000-4000-8000-00000000000a", "TEST-1822");

struct InASandbox {
    ledger: NetSuite,
    account: Account,
    clock: Arc<FakeClock>,
}

async fn netsuite() -> InASandbox {
    let credentials = Credentials::example();
    let account = Account::start(credentials.clone()).await.unwrap();
    let clock = Arc::new(FakeClock::default());
    let time = Arc::clone(&clock);
    account.clock(Arc::new(move || Timestamp::from_millisecond(time.now().as_millis()).unwrap()));
    install(&account, INVOICED, &Billing::OneInvoice, "1");
    install(&account, NOT_INVOICED, &Billing::NotInvoiced, "2");
    let options = Options {
        account: credentials.account,
        version: "2025_2".to_owned(),
        endpoint: Some(account.endpoint()),
        consumer_key: credentials.consumer_key,
        consumer_secret: credentials.consumer_secret.into(),
        token_id: credentials.token_id,
        token_secret: credentials.token_secret.into(),
        concurrency: 3,
        timeout: Duration::from_secs(10),
        time_zone: "America/New_York".to_owned(),
        line_key_field: "custcol_nws_item_id".to_owned(),
    };
    let ledger = NetSuite::new(options, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
    InASandbox { ledger, account, clock }
}

fn install(account: &Account, (order, reference): (&str, &str), billing: &Billing, digit: &str) {
    let unit = |number: &str| format!("{digit}c333267-856c-421a-ac7a-00000000000{number}");
    let _ = Sale::new(order, reference)
        .unit(Unit::new(&unit("1"), "10000", "20.00"))
        .unit(Unit::new(&unit("2"), "10001", "30.00"))
        .install_netsuite(account, billing, KeyColumn::Present);
}

/// The units of both orders, in either ledger.
fn identity() -> OrderIdentity {
    let unit = |digit, number| format!("{digit}c333267-856c-421a-ac7a-00000000000{number}");
    let units = (0..3).flat_map(|digit| (1..3).map(move |number| unit(digit, number)));
    OrderIdentity { units: units.map(|it| it.parse().unwrap()).collect(), ..Default::default() }
}

fn query((order, reference): (&str, &str)) -> BillingQuery {
    BillingQuery {
        reference: reference.to_owned(),
        order: order.parse().unwrap(),
        existing_memos: ExistingMemos::Invoice,
        own_memos: Vec::new(),
        identity: identity(),
        money: "USD".parse().unwrap(),
        units: Vec::new(),
    }
}

#[async_trait]
impl LedgerSubject for InASandbox {
    fn ledger(&self) -> &dyn Ledger {
        &self.ledger
    }

    fn invoiced(&self) -> BillingQuery {
        query(INVOICED)
    }

    fn not_invoiced(&self) -> BillingQuery {
        query(NOT_INVOICED)
    }

    fn lose_next_reply(&self) {
        self.account.fault(Fault::LoseReply.on(Operation::Add).times(1));
    }

    fn throttle_next(&self) {
        self.account.fault(Fault::throttled().times(1));
    }

    fn fail_on_memos(&self) {
        self.account.fault(Fault::unexpected().on(Operation::Add).about(INVOICED.1));
    }

    fn garble(&self) {
        self.account.fault(Fault::Garbled.on(Operation::Search).about(INVOICED.1));
    }

    fn recover(&self) {
        self.account.clear_faults();
    }

    async fn go_down(&self) {
        self.account.refuse_connections().await;
    }

    async fn come_back(&self) {
        self.account.accept_connections().await;
    }

    fn occupy(&self, key: &MemoKey) {
        let mut record = Record::new(Kind::SalesOrder, "5521", "1");
        record.external_id = Some(key.to_string());
        let _ = self.account.add(record);
    }

    fn change_total(&self, memo: &RecordId) {
        self.account.edit(memo.as_str(), |it| it.total += Decimal::ONE);
    }

    fn close_period(&self) {
        self.account.close_books("2099-12-31".parse().unwrap());
    }

    fn forbid(&self) {
        for kind in [Kind::SalesOrder, Kind::CreditMemo] {
            self.account.deny(Denial { kind, access: Access::View });
        }
    }

    fn revoke(&self) {
        let token_secret = "another".to_owned();
        self.account.credentials(Credentials { token_secret, ..Credentials::example() });
    }

    fn credit_by_hand(&self) -> RecordId {
        let invoice = self.account.of_kind(Kind::Invoice).remove(0);
        let mut memo = Record::new(Kind::CreditMemo, &invoice.entity, &invoice.currency);
        memo.created_from = Some(invoice.id.clone());
        let line = &invoice.lines[0];
        memo.lines = vec![Line { fields: Vec::new(), order_line: Some(line.line), ..line.clone() }];
        self.account.add(memo).parse().unwrap()
    }

    fn credit_without_source(&self) -> RecordId {
        let memo = self.credit_by_hand();
        self.account.edit(memo.as_str(), |it| {
            it.created_from = None;
            it.other_ref_num = Some(INVOICED.1.to_owned());
        });
        memo
    }

    fn void(&self, memo: &RecordId) {
        self.account.edit(memo.as_str(), |it| it.standing = Counts::Voided);
    }

    fn limit_pages(&self, records: usize) {
        self.account.page_limit(records);
    }

    fn now(&self) -> domain::Timestamp {
        self.clock.now()
    }

    fn memos_on_record(&self) -> usize {
        self.account.memos().len()
    }
}

/// The reference, over the same two orders.
struct InMemory(MemoryLedger);

fn memory() -> InMemory {
    let ledger = MemoryLedger::default();
    for (nth, (number, invoiced)) in [(INVOICED, true), (NOT_INVOICED, false)].iter().enumerate() {
        let (order, reference) = *number;
        let folder = folder(nth, order, *invoiced);
        ledger.books(|it| it.folders.insert(reference.to_owned(), folder));
    }
    InMemory(ledger)
}

fn folder(nth: usize, order: &str, invoiced: bool) -> Folder {
    let id = |kind: &str| format!("{kind}{nth}").parse::<RecordId>().unwrap();
    let line = |line: u32, cents: i64| BillingLine {
        line,
        item: ItemRef { id: id("item"), external_id: Some(format!("1000{line}")), name: None },
        quantity: Some(Decimal::ONE),
        amount: Amount::cents(cents),
        tax_code: None,
        taxable: None,
        taxes: Vec::new(),
        location: None,
        units: vec![format!("{nth}c333267-856c-421a-ac7a-00000000000{line}").parse().unwrap()],
    };
    let lines = vec![line(1, 2000), line(2, 3000)];
    let invoice = Invoice {
        id: id("70"),
        entity: id("55"),
        currency: Some(id("1")),
        account: None,
        date: "2026-11-20".parse().unwrap(),
        total: Amount::cents(5000),
        remaining: Amount::cents(5000),
        classes: Classes::default(),
        tax_item: None,
        shipping_cost: Amount::ZERO,
        shipping_tax_code: None,
        shipping_taxes: Vec::new(),
        lines: lines.clone(),
    };
    let as_sold = |line| OrderLine {
        line,
        closed: false,
        billed: if invoiced { Decimal::ONE } else { Decimal::ZERO },
        fulfilled: Decimal::ZERO,
    };
    let sales_order = SalesOrder {
        id: id("60"),
        entity: id("55"),
        currency: Some(id("1")),
        classes: Classes::default(),
        tax_item: None,
        lines: lines.into_iter().map(as_sold).collect(),
    };
    Folder {
        order: order.parse().unwrap(),
        sales_order: Some(sales_order),
        invoices: if invoiced { vec![invoice] } else { Vec::new() },
        cash_sales: Vec::new(),
    }
}

#[async_trait]
impl LedgerSubject for InMemory {
    fn ledger(&self) -> &dyn Ledger {
        &self.0
    }

    fn invoiced(&self) -> BillingQuery {
        query(INVOICED)
    }

    fn not_invoiced(&self) -> BillingQuery {
        query(NOT_INVOICED)
    }

    fn lose_next_reply(&self) {
        self.0.befall_next(ReferenceFault::LostReply);
    }

    fn throttle_next(&self) {
        self.0.befall_next(ReferenceFault::Throttled);
    }

    fn fail_on_memos(&self) {
        self.0.be_in(Some(ReferenceFault::FailsOn(INVOICED.0.parse().unwrap())));
    }

    fn garble(&self) {
        self.0.be_in(Some(ReferenceFault::Garbles(INVOICED.0.parse().unwrap())));
    }

    fn recover(&self) {
        self.0.be_in(None);
    }

    async fn go_down(&self) {
        self.0.be_in(Some(ReferenceFault::Down));
    }

    async fn come_back(&self) {
        self.0.be_in(None);
    }

    fn occupy(&self, key: &MemoKey) {
        self.0.books(|it| it.others.insert(key.to_string(), "a sales order".to_owned()));
    }

    fn change_total(&self, memo: &RecordId) {
        self.0.books(|books| {
            let found = books.memos.iter_mut().find(|it| it.memo.id == *memo).unwrap();
            found.memo.total += Amount::cents(100);
        });
    }

    fn close_period(&self) {
        self.0.open_from(Some("2099-12-31".parse().unwrap()));
    }

    fn forbid(&self) {
        self.0.be_in(Some(ReferenceFault::Forbidden));
    }

    fn revoke(&self) {
        self.0.be_in(Some(ReferenceFault::Revoked));
    }

    fn credit_by_hand(&self) -> RecordId {
        let (_, reference) = INVOICED;
        self.0.books(|books| {
            let invoice = books.folders[reference].invoices[0].clone();
            let line = ExistingLine {
                item: invoice.lines[0].item.clone(),
                source_line: Some(invoice.lines[0].line),
                quantity: Some(Decimal::ONE),
                amount: invoice.lines[0].amount,
                units: Vec::new(),
            };
            let memo = ExistingMemo {
                id: (91_000 + books.memos.len()).to_string().parse().unwrap(),
                external_id: None,
                number: Some("CM-BY-HAND".to_owned()),
                entity: Some(invoice.entity),
                standing: Standing::Valid,
                created_from: Some(invoice.id),
                applied_to: Vec::new(),
                total: invoice.lines[0].amount,
                shipping_cost: Amount::ZERO,
                lines: vec![line],
            };
            let id = memo.id.clone();
            books.memos.push(Recorded {
                reference: reference.to_owned(),
                memo,
                sent: None,
                applied: None,
                deleted: false,
            });
            id
        })
    }

    fn credit_without_source(&self) -> RecordId {
        let memo = self.credit_by_hand();
        self.0.books(|books| {
            let found = books.memos.iter_mut().find(|it| it.memo.id == memo).unwrap();
            found.memo.created_from = None;
        });
        memo
    }

    fn void(&self, memo: &RecordId) {
        self.0.books(|books| {
            let found = books.memos.iter_mut().find(|it| it.memo.id == *memo).unwrap();
            found.memo.standing = Standing::Voided;
        });
    }

    /// It has no pages.
    fn limit_pages(&self, _: usize) {}

    fn now(&self) -> domain::Timestamp {
        domain::Timestamp::from_millis(0)
    }

    fn memos_on_record(&self) -> usize {
        self.0.books(|it| it.memos.len())
    }
}

/// The promises of every ledger, and those that need pages and times of change.
macro_rules! ledger_tests {
    ($adapter:ident, $fresh:expr $(, $more:ident)*) => {
        contract_tests!($adapter, $fresh, ledger:
            an_order_is_returned_with_its_invoices,
            an_order_without_an_invoice_is_returned,
            an_unknown_order_is_no_error,
            a_posted_memo_is_on_record,
            a_repeated_post_is_a_no_op,
            a_memo_that_never_arrived_is_recorded,
            a_lost_reply_does_not_duplicate,
            two_concurrent_posts_make_one_memo,
            another_record_under_the_key_is_a_conflict,
            other_units_under_the_key_are_a_conflict,
            a_differing_total_is_no_conflict,
            a_refusal_is_definite,
            a_closed_period_is_a_separate_rejection,
            a_missing_permission_is_never_not_found,
            refused_credentials_are_reported,
            throttling_leaves_nothing_on_record,
            an_outage_ends,
            a_failure_on_one_order_is_distinguished_from_an_outage,
            an_unreadable_answer_concerns_its_order,
            totals_are_read_back,
            memos_are_listed_with_their_ties_to_an_order,
            a_missing_permission_to_see_memos_is_an_error,
            a_memo_without_an_invoice_is_found_by_the_number,
            a_memo_without_a_source_is_found_by_the_number,
            a_voided_memo_is_listed_as_voided,
            a_voided_memo_is_returned_only_where_it_is_asked_for,
            a_voided_memo_under_the_key_is_reported_as_voided,
            closing_lines_is_idempotent,
            $($more,)*
        );
    };
}

ledger_tests!(
    netsuite_in_a_sandbox,
    netsuite(),
    all_memos_are_listed_for_every_page_size,
    unchanged_memos_are_not_listed
);
ledger_tests!(in_memory, async { memory() });
