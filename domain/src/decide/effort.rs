//! The work of a decision is at most n log n in the units of an order.

use super::*;
use crate::{
    BillingLine, InstrumentSnapshot, Invoice, ItemPolicy, OrderLine, OrderSnapshot, ReportedAmount,
    Settlement, Tax, TransactionSnapshot, UnitSnapshot, id::counted::comparisons, readiness,
    testing::*,
};

/// How an order of very many units is billed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Layout {
    /// A line for each unit, with its id.
    Named,
    /// A line for each unit, without ids.
    Nameless,
    /// The same, all of one product.
    Alike,
    /// One line that names all of them.
    OneLine,
    /// An invoice for each unit.
    Invoices,
    /// A sales order only.
    Unbilled,
}

const ALL: [Layout; 6] = [
    Layout::Named,
    Layout::Nameless,
    Layout::Alike,
    Layout::OneLine,
    Layout::Invoices,
    Layout::Unbilled,
];

/// An order of this many units, all cancelled by one event.
struct Large {
    story: Story,
    snapshot: OrderSnapshot,
    cancellation: Cancellation,
    billing: Billing,
}

impl Large {
    fn new(count: usize, layout: Layout) -> Self {
        let mut story = Story::new();
        let product =
            |nth| if layout == Layout::Alike { "p".to_owned() } else { format!("p{nth}") };
        let sold = |nth| UnitSnapshot {
            id: format!("unit-{nth:06}"),
            product: Some(product(nth)),
            quantity: ReportedAmount::of("1"),
            price: ReportedAmount::of("20.00"),
            status: Some("cancelled".to_owned()),
            reason: Some(format!("reason {nth}")),
            ..UnitSnapshot::default()
        };
        story.order.units = (0..count).map(sold).collect();
        let total = (20 * count).to_string();
        let moved = |kind: &str| TransactionSnapshot {
            kind: Some(kind.to_owned()),
            amount: ReportedAmount::of(&total),
            currency: None,
        };
        story.order.payments = Some(vec![InstrumentSnapshot {
            method: Some("credit_card".to_owned()),
            provider: Some("adyen".to_owned()),
            last_four: None,
            transactions: vec![moved("capture"), moved("refund")],
        }]);
        if layout == Layout::Unbilled {
            story = story.with(|policy| policy.not_invoiced = NotInvoiced::CloseLines);
        }
        if layout == Layout::Invoices {
            story = story.with(|policy| {
                policy.item = ItemPolicy::Fixed(id("777"));
                (policy.settlement, policy.tax) = (Settlement::PaymentItems, Tax::Item);
            });
        }
        // The ledger of `Story` is written for readability, not for speed.
        let small = Story::new().unit("a", "20.00").paid("20.00").refunded("20.00");
        let mut billing = small.billing(&small.ready(&["a"]).unwrap());
        let first = billing.invoices[0].lines[0].clone();
        let lines = (0..count).map(|nth| {
            let number = u32::try_from(nth + 1).unwrap();
            let mut line = BillingLine { line: number, ..first.clone() };
            line.item.external_id = Some(product(nth));
            line.item.name = Some(format!("Goods : {}", product(nth)));
            let named = !matches!(layout, Layout::Nameless | Layout::Alike);
            line.units = if named { vec![unit(&format!("unit-{nth:06}"))] } else { Vec::new() };
            line
        });
        let mut lines: Vec<BillingLine> = lines.collect();
        let sales_order = billing.sales_order.as_mut().unwrap();
        let ordered = sales_order.lines[0].clone();
        let ordered = lines.iter().map(|line| OrderLine { line: line.clone(), ..ordered.clone() });
        sales_order.lines = ordered.collect();
        if layout == Layout::OneLine {
            let units = lines.iter().flat_map(|line| line.units.clone()).collect();
            lines.truncate(1);
            lines[0].quantity = Some(count.into());
            lines[0].amount = amount(&total);
            lines[0].units = units;
        }
        let like = billing.invoices[0].clone();
        billing.invoices = match layout {
            Layout::Unbilled => {
                sales_order.lines.iter_mut().for_each(|line| line.billed = Decimal::ZERO);
                Vec::new()
            }
            Layout::Invoices => {
                let each = lines.into_iter().enumerate();
                each.map(|(nth, line)| Invoice {
                    id: id(&format!("{}", 1000 + nth)),
                    lines: vec![line],
                    ..like.clone()
                })
                .collect()
            }
            _ => vec![Invoice { lines, total: amount(&total), remaining: amount(&total), ..like }],
        };
        let snapshot = story.order.clone();
        let ids: Vec<String> = snapshot.units.iter().map(|unit| unit.id.clone()).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        Self { story, snapshot, cancellation: Story::cancellation(&ids), billing }
    }

    /// The decision, from the data of both systems to the plan.
    fn decide(&self) -> Plan {
        let Story { policy, maps, .. } = &self.story;
        let order = readiness(&self.cancellation, Some(&self.snapshot), policy, Deadline::Pending);
        let order = order.unwrap();
        let input = DecisionInput {
            cancellation: &self.cancellation,
            order: &order,
            billing: &self.billing,
            claims: &[],
            policy,
            maps,
            published: date("2020-02-19"),
            not_before: None,
            deadline: Deadline::Pending,
            storefront: "",
        };
        match decide(&input) {
            Decision::Act(plan) => {
                drop(sources(&input, &plan.memos));
                plan
            }
            Decision::Stop(stop) => panic!("{stop:?}"),
        }
    }
}

#[test]
fn the_work_of_a_decision_grows_no_faster_than_n_log_n() {
    for layout in ALL {
        let [small, large] = [400, 1600].map(|count| {
            let large = Large::new(count, layout);
            comparisons(|| {
                let plan = large.decide();
                let credited: usize = plan.memos.iter().map(|memo| memo.units.len()).sum();
                let closed = plan.close.map_or(0, |close| close.targets.len());
                assert_eq!(credited + closed, count, "{layout:?}");
            })
        });
        // Four times the units: 4 x log 1600 / log 400 = 4.9 times the work; its square is 16.
        assert!(large < 6 * small, "{layout:?}: {small} comparisons, then {large}");
    }
}
