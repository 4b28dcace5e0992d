//! Compares one order in three systems: its cancelled units in the storefront, the cancellations in
//! the journal, and the memos on record in the ledger.
//!
//! Existing credits are read by the same code as in a decision, so that a unit reported as missing
//! is exactly a unit that would be credited if the event came again.

mod amounts;
mod missing;
mod overlap;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    DecisionInput,
    credited::{Credited, Open, Products},
};
use crate::{
    Amount, Billing, Cancellation, CancellationId, CivilDate, Claim, Deadline, Entry, ExistingMemo,
    Maps, MemoKey, Order, OrderIdentity, Policy, RecordId, RecordedMemo, Standing, Tenant,
    Timestamp, UnitId, UnitStatus,
};

/// One order as storefront, journal and ledger show it.
#[derive(Debug, Clone, Copy)]
pub struct ReconcileInput<'a> {
    /// Whose order it is.
    pub tenant: &'a Tenant,
    /// The order as the storefront reports it now; its payments are not used.
    pub order: &'a Order,
    /// The journal's records of its cancellations.
    pub known: &'a [KnownCancellation],
    /// The memos on record that are tied to the order, as far as the search found them.
    pub memos: &'a [RecordedMemo],
    /// The totals of claimed records that are not among these memos and were read separately.
    pub totals: &'a BTreeMap<RecordId, Amount>,
    /// How much of the ledger was read.
    pub pass: Pass<'a>,
    /// The customer's choices.
    pub policy: &'a Policy,
    /// The customer's tables.
    pub maps: &'a Maps,
}

/// How much of the ledger was read for this order.
#[derive(Debug, Clone, Copy)]
pub enum Pass<'a> {
    /// Only the memos that changed lately. What they do not explain needs a full pass.
    Quick,
    /// All sales documents and memos of the order.
    Full(&'a Billing),
}

/// The journal's record of one cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownCancellation {
    /// The cancellation.
    pub id: CancellationId,
    /// The units it names.
    pub units: Vec<UnitId>,
    /// How far it got.
    pub progress: Progress,
    /// The name of the reason for its progress.
    pub reason: Option<String>,
    /// Its memos.
    pub claims: Vec<Claim>,
}

/// How far a cancellation got; where several name a unit, the first of these variants counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// It is in work, or will be.
    Waiting,
    /// It needs a person.
    Parked,
    /// A rule says that there is nothing to credit.
    Skipped,
    /// It is done.
    Posted,
    /// It was received long ago, and no attempt is planned.
    Abandoned,
}

/// A difference between the systems, or units whose cancellation is still in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReconcileFinding {
    /// The kind of difference.
    pub discrepancy: Discrepancy,
    /// The units it concerns.
    pub units: Vec<UnitId>,
    /// Its value in the order's currency; not negative.
    pub amount: Amount,
}

/// The kinds of differences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Discrepancy {
    /// Cancelled, and on no memo.
    Missing(MissingCause),
    /// On this memo, and also on another one.
    Doubled(MemoRef),
    /// The total of the memo is not the expected one.
    Different {
        /// The memo.
        memo: MemoRef,
        /// The expected total.
        expected: Amount,
        /// The total on record in the order's currency: zero where the memo was voided or is in
        /// another currency.
        on_record: Amount,
    },
    /// Not credited yet: a cancellation is in work.
    Waiting(CancellationId, Option<String>),
    /// Not credited: a cancellation needs a person.
    Parked(CancellationId, Option<String>),
    /// The memo credits units that are not cancelled.
    Unexplained(MemoRef),
}

/// Why units are on no memo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MissingCause {
    /// The ledger no longer has the record of a settled memo.
    RecordDeleted {
        /// The cancellation that made it.
        cancellation: CancellationId,
        /// The memo.
        key: MemoKey,
        /// The deleted record.
        record: RecordId,
    },
    /// A cancellation is done, or was given up, and no memo is on record.
    NotRecorded(CancellationId),
    /// No event about them was ever received.
    NoEvent,
}

/// A memo with the names that people search for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemoRef {
    /// Its record.
    pub record: RecordId,
    /// The number people see, where it is known.
    pub number: Option<String>,
}

impl Discrepancy {
    /// The stable name, for example `missing`.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Missing(_) => "missing",
            Self::Doubled(_) => "doubled",
            Self::Different { .. } => "different",
            Self::Waiting(..) => "waiting",
            Self::Parked(..) => "parked",
            Self::Unexplained(_) => "unexplained",
        }
    }

    /// Whether only a full pass can confirm it: a quick pass sees only some of the memos.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        matches!(self, Self::Missing(_) | Self::Doubled(_) | Self::Unexplained(_))
    }
}

/// Compares storefront, journal and ledger for one order.
#[must_use]
pub fn reconcile(input: &ReconcileInput<'_>) -> Vec<ReconcileFinding> {
    let reported = ReportedMemos::of(input);
    let claims = Claims::of(&reported);
    let billing = reported.billing();
    let cancellation = input.cancellation();
    let settled: Vec<Claim> = claims.standing.iter().map(|it| it.claim.clone()).collect();
    let decision_input = DecisionInput {
        cancellation: &cancellation,
        order: input.order,
        billing: &billing,
        claims: &settled,
        policy: input.policy,
        maps: input.maps,
        published: CivilDate::EPOCH,
        not_before: None,
        deadline: Deadline::Passed,
        storefront: "",
    };
    let products = Products::of(&decision_input);
    let credited = Credited::by(&products);
    let open = credited.open(&decision_input);
    let view = View {
        input,
        decision_input: &decision_input,
        reported: &reported,
        claims: &claims,
        credited: &credited,
        open: &open,
        products: &products,
    };
    let mut findings = view.missing();
    let overlap = view.overlap();
    findings.extend(view.differing(&overlap));
    findings.extend(overlap);
    findings
}

/// The input, prepared for the comparison.
struct View<'a> {
    input: &'a ReconcileInput<'a>,
    decision_input: &'a DecisionInput<'a>,
    reported: &'a ReportedMemos<'a>,
    claims: &'a Claims<'a>,
    credited: &'a Credited,
    open: &'a Open<'a>,
    products: &'a Products<'a>,
}

/// The memos of an order by record and by key.
struct ReportedMemos<'a> {
    input: &'a ReconcileInput<'a>,
    by_record: BTreeMap<&'a RecordId, &'a RecordedMemo>,
    by_key: BTreeMap<MemoKey, &'a RecordedMemo>,
    /// Memos that only the full pass shows.
    by_full_pass: BTreeMap<&'a RecordId, &'a ExistingMemo>,
    by_full_pass_and_key: BTreeMap<MemoKey, &'a ExistingMemo>,
}

/// The settled claims of memobridge, by whether their records still exist.
#[derive(Default)]
struct Claims<'a> {
    standing: Vec<OnRecord<'a>>,
    deleted: Vec<DeletedMemo<'a>>,
}

/// A claim whose record exists.
struct OnRecord<'a> {
    claim: &'a Claim,
    memo: MemoRef,
    worth: Worth,
}

/// What a record is worth to the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Worth {
    /// It counts, with this total.
    Total(Amount),
    /// It does not count in the order's currency.
    Foreign,
    /// It does not count.
    Voided,
}

/// A claim whose record was deleted.
struct DeletedMemo<'a> {
    known: &'a KnownCancellation,
    claim: &'a Claim,
    record: &'a RecordId,
}

impl<'a> Claims<'a> {
    fn of(reported: &ReportedMemos<'a>) -> Self {
        let mut claims = Self::default();
        for known in reported.input.known {
            for claim in &known.claims {
                let Some(record) = claim.record() else { continue };
                match reported.find(record, &claim.memo.key) {
                    Some((memo, worth)) => {
                        claims.standing.push(OnRecord { claim, memo, worth });
                    }
                    None => claims.deleted.push(DeletedMemo { known, claim, record }),
                }
            }
        }
        claims
    }
}

impl<'a> ReportedMemos<'a> {
    fn of(input: &'a ReconcileInput<'a>) -> Self {
        let full_pass = match input.pass {
            Pass::Quick => &[][..],
            Pass::Full(billing) => &billing.memos[..],
        };
        Self {
            input,
            by_record: input.memos.iter().map(|memo| (&memo.memo.id, memo)).collect(),
            by_key: input.memos.iter().filter_map(|memo| Some((memo.memo.key()?, memo))).collect(),
            by_full_pass: full_pass.iter().map(|memo| (&memo.id, memo)).collect(),
            by_full_pass_and_key: full_pass
                .iter()
                .filter_map(|memo| Some((memo.key()?, memo)))
                .collect(),
        }
    }

    /// The memo of a claim, by its record or by its key.
    fn find(&self, record: &RecordId, key: &MemoKey) -> Option<(MemoRef, Worth)> {
        if let Some(found) = self.by_record.get(record).or_else(|| self.by_key.get(key)) {
            return Some((self.name(&found.memo.id), self.worth(found)));
        }
        if let Some(found) =
            self.by_full_pass.get(record).or_else(|| self.by_full_pass_and_key.get(key))
        {
            let worth = match found.standing {
                Standing::Valid => Worth::Total(found.total),
                Standing::Voided => Worth::Voided,
            };
            return Some((self.name(&found.id), worth));
        }
        self.input.totals.get(record).map(|total| (self.name(record), Worth::Total(*total)))
    }

    fn worth(&self, memo: &RecordedMemo) -> Worth {
        let expected = self.input.maps.currency(self.input.order).ok().and_then(Entry::id);
        let is_foreign =
            expected.zip(memo.currency.as_ref()).is_some_and(|(it, found)| it != *found);
        match memo.memo.standing {
            Standing::Voided => Worth::Voided,
            Standing::Valid if is_foreign => Worth::Foreign,
            Standing::Valid => Worth::Total(memo.memo.total),
        }
    }

    fn name(&self, record: &RecordId) -> MemoRef {
        let memo = self.by_record.get(record).map(|it| &it.memo);
        let memo = memo.or_else(|| self.by_full_pass.get(record).copied());
        MemoRef { record: record.clone(), number: memo.and_then(|memo| memo.number.clone()) }
    }

    /// All memos on record; where the window shows a memo, the window's version.
    fn billing(&self) -> Billing {
        let with_window = |mut billing: Billing| {
            billing.memos.retain(|memo| !self.by_record.contains_key(&memo.id));
            billing.memos.extend(self.input.memos.iter().map(|reported| reported.memo.clone()));
            billing
        };
        match self.input.pass {
            Pass::Quick => with_window(Billing::default()),
            Pass::Full(billing) => OrderIdentity::of(self.input.order, self.input.maps)
                .own(&with_window(billing.clone()))
                .into_owned(),
        }
    }
}

impl ReconcileInput<'_> {
    /// Whether the quick pass is not enough. Whether a memo that memobridge did not create counts
    /// depends on the order's invoices and its customer record, which only the full pass reads.
    #[must_use]
    pub fn needs_full_pass(&self) -> bool {
        let claims = self.known.iter().flat_map(|known| &known.claims);
        let records: BTreeSet<&RecordId> = claims.filter_map(Claim::record).collect();
        let is_certain = |memo: &ExistingMemo| {
            let mut item_lines = memo.lines.iter().filter(|line| line.quantity.is_some());
            records.contains(&memo.id)
                || memo.is_own() && item_lines.all(|line| !line.units.is_empty())
        };
        let mut valid =
            self.memos.iter().map(|memo| &memo.memo).filter(|it| it.standing == Standing::Valid);
        valid.any(|memo| !is_certain(memo))
    }

    /// One cancellation of all cancelled units that have a price.
    fn cancellation(&self) -> Cancellation {
        let cancelled = self.order.units.iter().filter(|unit| unit.status == UnitStatus::Cancelled);
        let worth = cancelled.filter(|it| !it.credit(self.order.treatment).is_zero());
        Cancellation {
            tenant: self.tenant.clone(),
            event: String::new(),
            order: self.order.id.clone(),
            units: worth.map(|it| (it.id.clone(), None)).collect(),
            published_at: Timestamp::from_millis(0),
        }
    }
}

#[cfg(test)]
mod tests;
