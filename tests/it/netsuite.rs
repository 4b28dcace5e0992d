//! The NetSuite adapter against an account that fails: what it does, and how often it asks.

mod call_budget;
mod matrix;
mod timeouts;

use std::{sync::Arc, time::Duration};

use adapters_netsuite::{NetSuite, Options};
use domain::{
    Application, BillingLine, CreditMemo, ExistingMemos, Invoice, LineKind, LineTarget,
    LinesToClose, MemoKey, MemoLine, OrderIdentity, Source, TaxBasis, UnitId,
};
use jiff::Timestamp;
use ports::{BillingQuery, Clock, Ledger, LedgerError};
use sandbox::{
    netsuite::{Account, Credentials},
    sale::{Billing, KeyColumn, Sale, Unit},
};
use tests::FakeClock;

/// An account, and the adapter to it.
struct Bench {
    account: Account,
    ledger: Arc<NetSuite>,
    clock: Arc<FakeClock>,
}

impl Bench {
    async fn new() -> Self {
        Self::with(3, Duration::from_secs(10)).await
    }

    async fn with(concurrency: usize, timeout: Duration) -> Self {
        let credentials = Credentials::example();
        let account = Account::start(credentials.clone()).await.unwrap();
        let clock = Arc::new(FakeClock::default());
        let time = Arc::clone(&clock);
        account
            .clock(Arc::new(move || Timestamp::from_millisecond(time.now().as_millis()).unwrap()));
        let options = Options {
            account: credentials.account,
            version: "2025_2".to_owned(),
            endpoint: Some(account.endpoint()),
            consumer_key: credentials.consumer_key,
            consumer_secret: credentials.consumer_secret.into(),
            token_id: credentials.token_id,
            token_secret: credentials.token_secret.into(),
            concurrency,
            timeout,
            time_zone: "America/New_York".to_owned(),
            line_key_field: "custcol_nws_item_id".to_owned(),
        };
        let ledger = NetSuite::new(options, Arc::clone(&clock) as Arc<dyn Clock>).unwrap();
        Self { account, ledger: Arc::new(ledger), clock }
    }

    /// Puts the order with this number on record.
    fn install(&self, order: u32, billing: &Billing) {
        let Order { id, number, unit } = Order::new(order);
        let _ = Sale::new(&id, &number)
            .unit(Unit::new(unit.as_str(), "10000", "20.00"))
            .install_netsuite(&self.account, billing, KeyColumn::Present);
    }

    /// The memo over the only unit of an order.
    async fn memo(&self, order: u32) -> CreditMemo {
        let billing = self.ledger.billing(&query(order)).await.unwrap();
        from_invoice(&query(order), &billing.invoices[0])
    }

    /// The only line of an order, to be closed.
    async fn lines(&self, order: u32) -> LinesToClose {
        let found = self.ledger.billing(&query(order)).await.unwrap().sales_order.unwrap();
        let line = found.lines[0].line.line;
        let target = LineTarget { line, quantity: Some(0.into()), amount: None, closed: true };
        LinesToClose { sales_order: found.id, targets: vec![target] }
    }
}

/// One of many orders, each of one unit.
struct Order {
    id: String,
    number: String,
    unit: UnitId,
}

impl Order {
    fn new(order: u32) -> Self {
        Self {
            id: format!("9f4e8ffc-c79c-5839-b1b7-{order:012}"),
            number: format!("TEST-{order}"),
            unit: format!("dc333267-856c-421a-ac7a-{order:012}").parse().unwrap(),
        }
    }
}

fn query(order: u32) -> BillingQuery {
    let Order { id, number, unit } = Order::new(order);
    BillingQuery {
        reference: number,
        order: id.parse().unwrap(),
        existing_memos: ExistingMemos::Invoice,
        own_memos: Vec::new(),
        identity: OrderIdentity { units: [unit.clone()].into(), ..OrderIdentity::default() },
        money: "USD".parse().unwrap(),
        units: vec![unit],
    }
}

fn from_invoice(query: &BillingQuery, invoice: &Invoice) -> CreditMemo {
    let line = &invoice.lines[0];
    let tenant = "dodici".parse().unwrap();
    CreditMemo {
        key: MemoKey::of(&tenant, &query.order, &line.units),
        order: query.order.clone(),
        units: line.units.clone(),
        source: Source::Invoice(invoice.id.clone()),
        entity: invoice.entity.clone(),
        currency: invoice.currency.clone(),
        money: "USD".parse().unwrap(),
        account: invoice.account.clone(),
        location: None,
        department: None,
        class: None,
        subsidiary: None,
        custom_form: None,
        date: invoice.date,
        reference: query.reference.clone(),
        text: "a memo of the tests".to_owned(),
        tax_item: None,
        tax_basis: TaxBasis::Codes,
        lines: vec![credited(line)],
        shipping: None,
        application: Some(Application { invoice: invoice.id.clone(), amount: line.amount }),
        fields: Vec::new(),
        cleared: Vec::new(),
        credit: line.amount,
        total: line.amount,
    }
}

fn credited(line: &BillingLine) -> MemoLine {
    MemoLine {
        kind: LineKind::Item,
        item: line.item.id.clone(),
        source_line: Some(line.line),
        quantity: Some(1),
        rate: Some(line.amount),
        amount: line.amount,
        tax_code: line.tax_code.clone(),
        taxable: line.taxable,
        location: line.location.clone(),
        units: line.units.clone(),
        taxes: Vec::new(),
        fields: Vec::new(),
    }
}

/// An error by its name, with its distinguishing details.
fn name(error: &LedgerError) -> String {
    match error {
        LedgerError::Throttled(_) => "throttled".to_owned(),
        LedgerError::Unavailable(_) => "unavailable".to_owned(),
        LedgerError::Unknown(_) => "unknown".to_owned(),
        LedgerError::Failed { .. } => "failed".to_owned(),
        LedgerError::Unreadable(_) => "unreadable".to_owned(),
        LedgerError::Unauthorized(_) => "unauthorized".to_owned(),
        LedgerError::Forbidden(_) => "forbidden".to_owned(),
        LedgerError::Conflict { .. } => "conflict".to_owned(),
        LedgerError::Rejected { kind, .. } => format!("refused {kind:?}"),
    }
}
