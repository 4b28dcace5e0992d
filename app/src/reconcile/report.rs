//! The result of a comparison: sums in memory, findings in the memo index.

use std::{collections::BTreeMap, fmt, mem, sync::Arc};

use domain::{
    Amount, CancellationId, Currency, Discrepancy, MemoRef, MissingCause, Order, OrderId,
    OrderSnapshot, Reason, ReconcileFinding, Tenant,
};
use ports::{
    Basis, FindingPage, FindingPosition, MemoIndex, MemoIndexError, RankedFinding, Window,
};
use serde_json::{Map, Value, json};

/// An order that cannot be judged.
const UNCLEAR: &str = "unclear";

/// Every kind of finding, in the order of the report. The first four kinds mean that the systems do
/// not agree.
pub const KINDS: [&str; 7] =
    ["missing", "doubled", "different", UNCLEAR, "waiting", "parked", "unexplained"];

/// The first kinds, which make the command fail.
pub const WRONG: usize = 4;

/// The result of a comparison for one customer.
pub struct Report {
    /// The customer.
    pub tenant: Tenant,
    /// The window.
    pub window: Window,
    /// How the storefront selected the window's orders.
    pub basis: Basis,
    /// Orders with cancelled units.
    pub orders: u64,
    /// Their cancelled units.
    pub units: u64,
    /// Memos that the ledger showed, manual ones included.
    pub memos: u64,
    /// Findings that were queued.
    pub queued: u64,
    tallies: BTreeMap<&'static str, FindingTally>,
    /// Findings that are not in the index yet.
    pending: Vec<RankedFinding>,
    pub(super) index: Arc<dyn MemoIndex>,
}

/// The sum of all findings of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FindingTally {
    /// Their number.
    pub count: u64,
    /// The units they concern.
    pub units: u64,
    /// Their value, by currency.
    pub amounts: BTreeMap<&'static str, Amount>,
}

/// The amounts: `140.00 USD, 5.00 EUR`.
impl fmt::Display for FindingTally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let amounts = self.amounts.iter().map(|(code, amount)| format!("{amount} {code}"));
        f.write_str(&amounts.collect::<Vec<_>>().join(", "))
    }
}

/// The order that a finding concerns.
pub(super) struct FindingSubject {
    order: OrderId,
    number: Option<String>,
    currency: Option<Currency>,
}

impl FindingSubject {
    pub(super) fn of(order: &Order) -> Self {
        let (id, number) = (order.id.clone(), Some(order.reference.clone()));
        Self { order: id, number, currency: Some(order.currency) }
    }

    /// An order whose data, the currency included, did not pass the check.
    pub(super) fn unchecked(order: &OrderSnapshot) -> Self {
        Self { order: order.id.clone(), number: order.external_id.clone(), currency: None }
    }

    /// The same amount, written with the decimals of its currency.
    fn scaled(&self, amount: Amount) -> Amount {
        match self.currency {
            Some(currency) if currency.is_exact(amount) => currency.round(amount),
            _ => amount,
        }
    }

    fn json(&self, kind: &str) -> Map<String, Value> {
        let Self { order, number, currency } = self;
        let currency = currency.map(Currency::code);
        let json = json!({
            "finding": kind, "order": order.as_str(), "number": number, "currency": currency,
        });
        match json {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }

    /// The details of a finding, with the field names of `list` and `show`.
    fn detail(&self, discrepancy: &Discrepancy) -> Map<String, Value> {
        let memo = |it: &MemoRef| json!({ "record": it.record.as_str(), "memo": it.number });
        let json = match discrepancy {
            Discrepancy::Missing(MissingCause::RecordDeleted { cancellation, key, record }) => {
                json!({
                    "cause": "vanished", "cancellation": cancellation.as_str(),
                    "external_id": key.as_str(), "record": record.as_str(),
                })
            }
            Discrepancy::Missing(MissingCause::NotRecorded(id)) => {
                json!({ "cause": "unrecorded", "cancellation": id.as_str() })
            }
            Discrepancy::Missing(MissingCause::NoEvent) => json!({ "cause": "unseen" }),
            Discrepancy::Doubled(it) | Discrepancy::Unexplained(it) => memo(it),
            Discrepancy::Different { memo: it, expected, on_record } => {
                let mut json = memo(it);
                json["expected"] = json!(self.scaled(*expected).to_string());
                json["on_record"] = json!(self.scaled(*on_record).to_string());
                json
            }
            Discrepancy::Waiting(id, reason) | Discrepancy::Parked(id, reason) => {
                json!({ "cancellation": id.as_str(), "reason": reason })
            }
        };
        match json {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

impl Report {
    pub(super) fn new(tenant: Tenant, window: Window, index: Arc<dyn MemoIndex>) -> Self {
        Self {
            tenant,
            window,
            basis: Basis::Changed,
            orders: 0,
            units: 0,
            memos: 0,
            queued: 0,
            tallies: BTreeMap::new(),
            pending: Vec::new(),
            index,
        }
    }

    /// Whether nothing is missing, doubled or different, as far as can be determined.
    #[must_use]
    pub fn agrees(&self) -> bool {
        KINDS.iter().take(WRONG).all(|kind| !self.tallies.contains_key(kind))
    }

    /// The sum of the findings of a kind.
    #[must_use]
    pub fn tally(&self, kind: &str) -> FindingTally {
        self.tallies.get(kind).cloned().unwrap_or_default()
    }

    /// The page of the findings after a position, kind by kind, each a JSON object.
    pub async fn findings(&self, after: FindingPosition) -> Result<FindingPage, MemoIndexError> {
        self.index.findings(after).await
    }

    pub(super) fn counts(&mut self, order: &OrderSnapshot) {
        self.orders += 1;
        self.units += order.units.iter().filter(|unit| unit.is_cancelled()).count() as u64;
    }

    /// Adds a finding, and the cancellation it was queued as.
    pub(super) fn found(
        &mut self,
        subject: &FindingSubject,
        finding: &ReconcileFinding,
        queued: Option<&CancellationId>,
    ) {
        let kind = finding.discrepancy.name();
        let amount = subject.scaled(finding.amount);
        let tally = self.tallies.entry(kind).or_default();
        tally.count += 1;
        tally.units += finding.units.len() as u64;
        if let Some(currency) = subject.currency {
            *tally.amounts.entry(currency.code()).or_default() += amount;
        }
        let mut json = subject.json(kind);
        json.insert("amount".to_owned(), json!(amount.to_string()));
        let units: Vec<_> = finding.units.iter().map(ToString::to_string).collect();
        json.insert("units".to_owned(), json!(units));
        json.extend(subject.detail(&finding.discrepancy));
        if let Some(id) = queued {
            self.queued += 1;
            json.insert("queued".to_owned(), json!(id.as_str()));
        }
        self.note(kind, json);
    }

    /// Adds an order that cannot be compared.
    pub(super) fn unclear(&mut self, subject: &FindingSubject, reason: &Reason) {
        self.tallies.entry(UNCLEAR).or_default().count += 1;
        let mut json = subject.json(UNCLEAR);
        json.insert("reason".to_owned(), json!(reason.name()));
        json.insert("detail".to_owned(), json!(reason.redacted()));
        self.note(UNCLEAR, json);
    }

    fn note(&mut self, kind: &str, finding: Map<String, Value>) {
        let rank = (0..).zip(KINDS).find_map(|(rank, it)| (it == kind).then_some(rank));
        let text = Value::Object(finding).to_string();
        self.pending.push(RankedFinding { rank: rank.unwrap_or(u32::MAX), text });
    }

    /// Puts the findings so far into the index.
    pub(super) async fn write_down(&mut self) -> Result<(), MemoIndexError> {
        let pending = mem::take(&mut self.pending);
        if pending.is_empty() { Ok(()) } else { self.index.note(pending).await }
    }
}
