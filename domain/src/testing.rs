//! Stories for tests: an order, its payments and its billing, in a compact form.

mod ledger;
mod words;

pub(crate) use ledger::{Column, by_hand, on_record};

use crate::{
    Amount, Billing, Cancellation, CivilDate, Claim, ClaimState, CreditMemo, Deadline, Decision,
    DecisionInput, Entry, ExistingMemo, Maps, Order, OrderSnapshot, PaymentNode, Plan, Policy,
    RecordId, ReportedAmount, Stop, Timestamp, UnitId, decide, readiness,
};

pub(crate) const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";

pub(crate) fn amount(raw: &str) -> Amount {
    raw.parse().unwrap()
}

pub(crate) fn id(raw: &str) -> RecordId {
    raw.parse().unwrap()
}

pub(crate) fn unit(raw: &str) -> UnitId {
    raw.parse().unwrap()
}

pub(crate) fn date(raw: &str) -> CivilDate {
    raw.parse().unwrap()
}

/// One order in both systems; units are on invoice 700 by default.
#[derive(Debug, Clone)]
pub(crate) struct Story {
    pub(crate) order: OrderSnapshot,
    pub(crate) policy: Policy,
    pub(crate) maps: Maps,
    pub(crate) claims: Vec<Claim>,
    pub(crate) memos: Vec<ExistingMemo>,
    invoices: Vec<(RecordId, Vec<String>)>,
    uninvoiced: Vec<String>,
    column: Column,
    lines: Lines,
    owed: Option<Amount>,
    deadline: Deadline,
    published: CivilDate,
    not_before: Option<CivilDate>,
    edits: Vec<fn(&mut Billing)>,
}

/// How the ledger's records lay out an order's units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lines {
    OnePerUnit,
    OnePerProduct,
}

impl Story {
    pub(crate) fn new() -> Self {
        let order = OrderSnapshot {
            id: ORDER.parse().unwrap(),
            external_id: Some("TEST-1".into()),
            currency: Some("USD".into()),
            channel: Some("USC".into()),
            channel_type: Some("web".into()),
            demand_location: None,
            tax_strategy: Some("tax_excluded".into()),
            price_method: None,
            is_exchange: false,
            is_historical: false,
            shipping_total: ReportedAmount::of("0.00"),
            shipping_tax: ReportedAmount::of("0.00"),
            grand_total: ReportedAmount::Absent,
            coupon: None,
            units: Vec::new(),
            payments: Some(Vec::new()),
        };
        let policy = Policy {
            discount_item: Some(id("8494")),
            rounding_item: Some(id("12777")),
            tax_item: Some(id("10")),
            untaxed_code: Some(id("-8")),
            ..Policy::default()
        };
        let leaf = |raw: &str| PaymentNode::Leaf(Entry::Id(id(raw)));
        let table = |key: &str, raw: &str| [(key.to_owned(), Entry::Id(id(raw)))];
        let adyen = PaymentNode::branch([("USD".to_owned(), leaf("91291"))]);
        let maps = Maps {
            channels: table("web", "1").into_iter().collect(),
            currencies: table("USD", "1").into_iter().collect(),
            shipping_methods: table("GROUND", "4").into_iter().collect(),
            payment_items: [
                ("credit_card".to_owned(), PaymentNode::branch([("adyen".to_owned(), adyen)])),
                ("gift_card".to_owned(), PaymentNode::branch([("usd".to_owned(), leaf("91254"))])),
            ]
            .into(),
            ..Maps::default()
        };
        Self {
            order,
            policy,
            maps,
            claims: Vec::new(),
            memos: Vec::new(),
            invoices: vec![(id("700"), Vec::new())],
            uninvoiced: Vec::new(),
            column: Column::Filled,
            lines: Lines::OnePerUnit,
            owed: None,
            deadline: Deadline::Pending,
            published: date("2020-02-19"),
            not_before: None,
            edits: Vec::new(),
        }
    }

    /// The memos of a plan are recorded, and their claims are settled.
    pub(crate) fn settle(&mut self, plan: &Plan) {
        for (nth, memo) in plan.memos.iter().enumerate() {
            let record = id(&format!("9{nth}{}", self.claims.len()));
            self.claims.push(Claim { memo: memo.clone(), state: ClaimState::Settled(record) });
        }
    }

    /// The memos of a plan are recorded, but the journal is lost.
    pub(crate) fn record(&mut self, plan: &Plan) {
        self.memos.extend(plan.memos.iter().map(|memo| on_record(memo, self.column)));
    }

    /// The order after these units were cancelled, complete with its total.
    pub(crate) fn snapshot(&self, cancelled: &[&str]) -> OrderSnapshot {
        let mut order = self.order.clone();
        let before: Vec<UnitId> =
            self.claims.iter().flat_map(|claim| claim.memo.units.clone()).collect();
        for it in &mut order.units {
            let here = |id: &&str| it.id.eq_ignore_ascii_case(id);
            if cancelled.iter().any(here) || before.iter().any(|id| it.id == id.as_str()) {
                it.status = Some("cancelled".to_owned());
            }
        }
        if let Some(owed) = self.owed {
            order.grand_total = ReportedAmount::Value(owed);
        }
        order
    }

    pub(crate) fn cancellation(cancelled: &[&str]) -> Cancellation {
        Cancellation {
            tenant: "dodici".parse().unwrap(),
            event: "order.items_cancelled".to_owned(),
            order: ORDER.parse().unwrap(),
            units: cancelled.iter().map(|it| (unit(it), None)).collect(),
            published_at: Timestamp::from_millis(0),
        }
    }

    pub(crate) fn ready(&self, cancelled: &[&str]) -> Result<Order, Stop> {
        let cancellation = Self::cancellation(cancelled);
        let snapshot = self.snapshot(cancelled);
        readiness(&cancellation, Some(&snapshot), &self.policy, self.deadline)
    }

    pub(crate) fn decide(&self, cancelled: &[&str]) -> Decision {
        match self.ready(cancelled) {
            Ok(order) => self.decide_on(cancelled, &order, &self.billing(&order)),
            Err(stop) => Decision::Stop(stop),
        }
    }

    pub(crate) fn decide_on(
        &self,
        cancelled: &[&str],
        order: &Order,
        billing: &Billing,
    ) -> Decision {
        decide(&DecisionInput {
            cancellation: &Self::cancellation(cancelled),
            order,
            billing,
            claims: &self.claims,
            policy: &self.policy,
            maps: &self.maps,
            published: self.published,
            not_before: self.not_before,
            deadline: self.deadline,
            storefront: "NewStore",
        })
    }

    /// The plan; panics if the decision stops.
    #[track_caller]
    pub(crate) fn plan(&self, cancelled: &[&str]) -> Plan {
        match self.decide(cancelled) {
            Decision::Act(plan) => plan,
            Decision::Stop(stop) => panic!("{stop:?} for {cancelled:?} of {self:#?}"),
        }
    }

    /// The only memo of the plan.
    #[track_caller]
    pub(crate) fn memo(&self, cancelled: &[&str]) -> CreditMemo {
        let mut memos = self.plan(cancelled).memos;
        assert_eq!(memos.len(), 1, "memos for {cancelled:?} of {self:#?}");
        memos.remove(0)
    }
}

/// A memo in comparable form: lines as `item amount @line`, and its sums.
pub(crate) fn summary(memo: &CreditMemo) -> Vec<String> {
    let line = |it: &crate::MemoLine| match it.source_line {
        Some(number) => format!("{} {} @{number}", it.item, it.amount),
        None => format!("{} {}", it.item, it.amount),
    };
    let mut lines: Vec<String> = memo.lines.iter().map(line).collect();
    if let Some(shipping) = &memo.shipping {
        lines.push(format!("shipping {}", shipping.cost));
    }
    lines.push(format!("credit {}", memo.credit));
    lines.push(format!("total {}", memo.total));
    lines
}

#[track_caller]
pub(crate) fn check(story: &Story, cancelled: &[&str], expected: &[&[&str]]) -> Plan {
    let plan = story.plan(cancelled);
    let memos: Vec<_> = plan.memos.iter().map(summary).collect();
    assert_eq!(memos, expected, "{cancelled:?} of {story:#?}");
    plan
}

/// How the decision stops, completely or for the rest of the units: `kind` and `reason`.
#[track_caller]
pub(crate) fn stops(story: &Story, cancelled: &[&str]) -> (&'static str, &'static str) {
    match story.decide(cancelled) {
        Decision::Stop(stop) => name(&stop),
        Decision::Act(plan) => name(&plan.rest.expect("the plan stops short")),
    }
}

pub(crate) fn name(stop: &Stop) -> (&'static str, &'static str) {
    let kind = match stop {
        Stop::Wait(_) => "wait",
        Stop::Done(_) => "done",
        Stop::Skip(_) => "skip",
        Stop::Park(_) => "park",
    };
    (kind, stop.reason().name())
}
