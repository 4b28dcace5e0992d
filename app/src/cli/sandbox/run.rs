//! Sends the samples to the webhook and checks their results.

use std::time::{Duration, Instant};

use ports::{CancellationRecord, CancellationState, Query};
use sandbox::{
    netsuite::{self, Fault, Operation},
    sale::KeyColumn,
};
use serde_json::Value;

use super::{
    environment::{Environment, SandboxCustomer},
    print,
    samples::{Sample, Scenario, Which, all, event},
    table::{self, Style},
};

/// The delay of the payment details of one sample.
const LATE: Duration = Duration::from_secs(3);
/// A sample without a result after this time has failed.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The result of a sample.
pub(super) struct SampleResult {
    pub(super) title: &'static str,
    /// Each answer's outcome and HTTP status.
    pub(super) answers: Vec<(String, u16)>,
    pub(super) state: String,
    pub(super) reason: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) memos: Vec<netsuite::Record>,
    /// Names of the items on the memos, by id.
    pub(super) items: Vec<(String, String)>,
    pub(super) paid: String,
    pub(super) took: Duration,
    /// The differences from the expected result.
    pub(super) faults: Vec<String>,
}

impl SampleResult {
    pub(super) fn is_right(&self) -> bool {
        self.faults.is_empty()
    }
}

/// Sends the events of every sample; deferred samples are finished last.
pub(super) async fn run_samples(
    environment: &Environment,
    style: Style,
) -> anyhow::Result<Vec<SampleResult>> {
    let samples = all();
    let mut results = Vec::new();
    let mut open = Vec::new();
    for sample in &samples {
        let began = Instant::now();
        let answers = send(environment, sample).await?;
        if answers.last().is_some_and(|(outcome, _)| outcome == "deferred") {
            print(&format!("… {}: deferred, continues in the background\n\n", sample.title))?;
            open.push((sample, answers, began));
            continue;
        }
        let result = finish(environment, sample, answers, began).await?;
        print(&table::sample(&result, style))?;
        results.push(result);
    }
    for (sample, answers, began) in open {
        print(&format!("… waiting for: {}\n", sample.title))?;
        let result = finish(environment, sample, answers, began).await?;
        print(&table::sample(&result, style))?;
        results.push(result);
    }
    Ok(results)
}

/// Records the order in both systems and sends its events.
async fn send(environment: &Environment, sample: &Sample) -> anyhow::Result<Vec<(String, u16)>> {
    let customer = customer_of(environment, sample);
    sample.sale.install_netsuite(&customer.account, &sample.billing, KeyColumn::Present);
    sample.sale.install_newstore(&customer.tenant);
    match sample.scenario {
        Scenario::Nothing => {}
        Scenario::LatePayments => {
            let order = &sample.sale.order;
            customer.tenant.edit(order, |order| order["paymentAccount"] = Value::Null);
            let (tenant, sale) = (customer.tenant.clone(), sample.sale.clone());
            tokio::spawn(async move {
                tokio::time::sleep(LATE).await;
                sale.install_newstore(&tenant);
            });
        }
        Scenario::Outage => customer.account.refuse_connections().await,
        Scenario::LostReply => {
            customer.account.fault(Fault::LoseReply.on(Operation::Add).times(1));
        }
    }
    let mut answers = Vec::new();
    for (name, units, _) in &sample.events {
        let body = event(&sample.sale, name, units).to_string();
        let call =
            environment.http.post(environment.webhook()).bearer_auth(customer.key).body(body);
        let response = call.send().await?;
        let status = response.status().as_u16();
        let answer: Value = response.json().await?;
        answers.push((answer["outcome"].as_str().unwrap_or("?").to_owned(), status));
        if sample.scenario == Scenario::Outage {
            customer.account.accept_connections().await;
        }
    }
    Ok(answers)
}

/// Waits for the end of the sample and checks the result.
async fn finish(
    environment: &Environment,
    sample: &Sample,
    answers: Vec<(String, u16)>,
    began: Instant,
) -> anyhow::Result<SampleResult> {
    let record = loop {
        let query = Query { order: Some(sample.sale.order.parse()?), limit: 1, ..Query::default() };
        let record = environment.journal.find(&query).await?.pop();
        let open = |it: &CancellationRecord| {
            matches!(it.state, CancellationState::Working | CancellationState::Deferred)
        };
        if !record.as_ref().is_some_and(open) || began.elapsed() > TIMEOUT {
            break record;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let took = began.elapsed();
    let account = &customer_of(environment, sample).account;
    let mut memos = account.memos();
    memos.retain(|memo| memo.other_ref_num.as_ref() == Some(&sample.sale.reference));
    let paid = sample.sale.payments.iter().map(|payment| {
        let captured = payment.transactions.iter().filter(|(kind, _)| kind == "capture");
        let sum: rust_decimal::Decimal = captured.map(|(_, amount)| *amount).sum();
        format!("{sum:.2} by {}", payment.method)
    });
    let products = sample.sale.units.iter();
    let items = products.map(|it| (account.item_for(&it.product), it.product.clone())).collect();
    let mut result = SampleResult {
        title: sample.title,
        answers,
        state: record.as_ref().map_or("unknown", |it| it.state.name()).to_owned(),
        reason: record.as_ref().and_then(|it| it.reason.clone()),
        detail: record.and_then(|it| it.detail),
        memos,
        items,
        paid: paid.collect::<Vec<_>>().join(", "),
        took,
        faults: Vec::new(),
    };
    result.faults = faults(sample, &result);
    Ok(result)
}

fn faults(sample: &Sample, result: &SampleResult) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |what: &str, found: String, expected: String| {
        if found != expected {
            faults.push(format!("{what}: {found}, expected {expected}"));
        }
    };
    let expected: Vec<_> = sample.events.iter().map(|(_, _, answer)| *answer).collect();
    let found: Vec<_> = result.answers.iter().map(|(outcome, _)| outcome.as_str()).collect();
    compare("answers", found.join(", "), expected.join(", "));
    let status = |outcome: &str| if outcome == "unavailable" { "500" } else { "200" };
    let expected: Vec<_> = expected.into_iter().map(status).collect();
    let found: Vec<_> = result.answers.iter().map(|(_, status)| status.to_string()).collect();
    compare("status", found.join(", "), expected.join(", "));
    compare("state", result.state.clone(), sample.state.name().to_owned());
    if let Some(reason) = sample.reason {
        compare("reason", result.reason.clone().unwrap_or_default(), reason.to_owned());
    }
    let totals: Vec<_> = result.memos.iter().map(|memo| format!("{:.2}", memo.total)).collect();
    compare("memos", totals.join(", "), sample.totals.join(", "));
    faults
}

fn customer_of<'a>(environment: &'a Environment, sample: &Sample) -> &'a SandboxCustomer {
    match sample.customer {
        Which::Dodici => &environment.dodici,
        Which::Seconda => &environment.seconda,
    }
}
