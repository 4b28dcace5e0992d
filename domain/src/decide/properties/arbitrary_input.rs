//! Arbitrary input from both systems: garbage, extremes, repetitions and gaps.

use std::collections::BTreeSet;

use proptest::{collection::vec, option, prelude::*, sample::select, test_runner::TestCaseError};

use super::super::*;
use crate::{
    Discounts, Entry, ExistingLine, ExistingMemo, Invoice, ItemPolicy, OrderSnapshot, RefundRule,
    ReportedAmount, Settlement, ShippingAs, Tax, TransactionSnapshot, UnitSnapshot, testing::*,
};

/// A number, a text that is no number, or nothing.
fn odd() -> impl Strategy<Value = ReportedAmount> {
    let texts = select(vec![
        "0",
        "-0",
        "1",
        "-1",
        "0.005",
        "19.99",
        "33.33",
        "NaN",
        "inf",
        "",
        "1e12",
        "-1e12",
        "1e-28",
        "999999999999.999999999999999",
        "1e400",
        "4294967295",
        "4294967296",
        "０",
        "1,5",
        "0x10",
    ]);
    prop_oneof![
        1 => Just(ReportedAmount::Absent),
        5 => texts.prop_map(ReportedAmount::of),
        1 => any::<i64>().prop_map(|it| ReportedAmount::of(&it.to_string())),
    ]
}

fn cents() -> impl Strategy<Value = ReportedAmount> {
    (0..10_000_i64).prop_map(|it| ReportedAmount::Value(Amount::cents(it)))
}

/// The expected value, and sometimes any other.
fn mostly(
    expected: impl Strategy<Value = ReportedAmount>,
) -> impl Strategy<Value = ReportedAmount> {
    prop_oneof![40 => expected, 1 => odd()]
}

fn texts(known: &'static [&'static str]) -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        40 => select(known).prop_map(|it| Some(it.to_owned())),
        1 => option::of(".{0,80}"),
    ]
}

fn units() -> impl Strategy<Value = UnitSnapshot> {
    let id = prop_oneof![40 => Just(String::new()), 1 => ".{0,70}"];
    let whole = prop_oneof![
        20 => Just("1"),
        4 => Just("2"),
        1 => select(vec!["1000000", "4294967295"]),
    ];
    let quantity = mostly(whole.prop_map(ReportedAmount::of));
    let small =
        || mostly(prop_oneof![Just(ReportedAmount::Absent), Just(ReportedAmount::of("0.01"))]);
    let words = (
        prop_oneof![30 => texts(&["p", "q"]), 1 => texts(&["91291"])],
        prop_oneof![
            6 => texts(&["cancelled"]),
            1 => texts(&["canceled", "opened", "returned", "completed"]),
        ],
        texts(&["insufficient_stock"]),
        texts(&["GROUND"]),
    );
    (id, quantity, mostly(cents()), small(), small(), small(), words).prop_map(
        |(id, quantity, price, item_discounts, order_discounts, tax, words)| {
            let (product, status, reason, service_level) = words;
            UnitSnapshot {
                id,
                product,
                quantity,
                price,
                item_discounts,
                order_discounts,
                tax,
                status,
                reason,
                service_level,
            }
        },
    )
}

fn transactions() -> impl Strategy<Value = TransactionSnapshot> {
    let kind = texts(&[
        "authorize",
        "capture",
        "refund",
        "issue",
        "void",
        "chargeback",
        "refund_failed",
        "adjustment",
    ]);
    let currency = prop_oneof![60 => Just(None), 1 => texts(&["USD", "EUR"])];
    (kind, mostly(cents()), currency).prop_map(|(kind, amount, currency)| TransactionSnapshot {
        kind,
        amount,
        currency,
    })
}

/// An order and its billing with arbitrary oddities.
#[derive(Debug, Clone)]
pub(super) struct ArbitraryInput {
    story: Story,
    event: Vec<String>,
    /// The changes that a faulty ledger makes to its records: kind, position and value.
    edits: Vec<(u8, usize, Decimal)>,
}

pub(super) fn arbitrary_inputs() -> impl Strategy<Value = ArbitraryInput> {
    let payments = option::of(vec(
        (texts(&["credit_card", "gift_card"]), texts(&["adyen"]), vec(transactions(), 0..4)),
        0..3,
    ));
    let head = (
        texts(&["USD", "usd", "JPY", "KWD"]),
        texts(&["tax_excluded", "vat_included"]),
        mostly(prop_oneof![Just(ReportedAmount::Absent), cents()]),
        mostly(Just(ReportedAmount::Absent)),
        mostly(Just(ReportedAmount::Absent)),
        any::<(bool, bool)>(),
    );
    let number = prop_oneof![
        4 => (-5..5_i64).prop_map(Decimal::from),
        1 => select(vec![Decimal::MAX, Decimal::MIN, Decimal::new(1, 28), Decimal::new(-5, 1)]),
        2 => (0..10_000_i64).prop_map(|it| Decimal::new(it, 2)),
    ];
    let edits = vec((0..16_u8, 0..8_usize, number), 0..4);
    let event = vec("[a-f]", 1..5);
    let choices = (any::<[bool; 10]>(), 0..4_u8, 0..3_u8);
    (head, vec(units(), 1..6), payments, event, edits, choices).prop_map(
        |(head, units, payments, event, edits, (flags, not_invoiced, tax))| {
            let (currency, strategy, shipping, shipping_tax, total, (exchange, historical)) = head;
            let mut story = Story::new();
            let payments = payments.map(|all| {
                let all = all.into_iter().map(|(method, provider, transactions)| {
                    let last_four = None;
                    crate::InstrumentSnapshot { method, provider, last_four, transactions }
                });
                all.collect()
            });
            story.order = OrderSnapshot {
                currency,
                tax_strategy: strategy,
                shipping_total: shipping,
                shipping_tax,
                grand_total: total,
                is_exchange: exchange,
                is_historical: historical && exchange,
                units,
                payments,
                ..story.order
            };
            for (unit, name) in story.order.units.iter_mut().zip('a'..) {
                if unit.id.is_empty() {
                    unit.id = name.to_string();
                }
            }
            let codes = ["USD", "JPY", "KWD"].map(|it| (it.to_owned(), Entry::Id(id("1"))));
            story.maps.currencies = codes.into_iter().collect();
            let Story { policy, .. } = &mut story;
            policy.not_invoiced = [
                NotInvoiced::Wait,
                NotInvoiced::CloseLines,
                NotInvoiced::StandaloneMemo,
                NotInvoiced::Park,
            ][usize::from(not_invoiced)];
            policy.tax = [Tax::FromInvoice, Tax::SuiteTax, Tax::Item][usize::from(tax)];
            let choose = |nth: usize| flags[nth];
            if choose(0) {
                policy.settlement = Settlement::PaymentItems;
            }
            if choose(1) {
                policy.discounts = Discounts::Net;
            }
            if choose(2) {
                policy.shipping_as = ShippingAs::Line;
            }
            if choose(3) {
                policy.item = ItemPolicy::Fixed(id("777"));
            }
            if choose(4) {
                policy.refund = RefundRule::NotRequired;
            }
            if choose(5) {
                story = story.nameless();
            }
            if choose(6) {
                story = story.merged();
            }
            if choose(7) {
                story = story.deadline_passed();
            }
            if choose(8) {
                story = story.not_invoiced("a").not_invoiced("b");
            }
            if choose(8) && choose(9) {
                story = story.unbilled();
            }
            ArbitraryInput { story, event, edits }
        },
    )
}

impl ArbitraryInput {
    /// Decides on the order as it is, and on the part of it that passes the check.
    pub(super) fn decide(&self) -> Result<(), TestCaseError> {
        let event: Vec<&str> = self.event.iter().map(String::as_str).collect();
        let order = match self.story.ready(&event) {
            Ok(order) => order,
            Err(_) => match Order::check(&self.story.order) {
                Ok(order) => order,
                Err(_) => return Ok(()),
            },
        };
        let mut billing = self.story.billing(&order);
        self.edits.iter().for_each(|(what, place, number)| {
            edit(&mut billing, *what, *place, *number);
        });
        if let Decision::Act(plan) = self.story.decide_on(&event, &order, &billing) {
            let mut seen = BTreeSet::new();
            for id in plan.memos.iter().flat_map(|memo| &memo.units) {
                prop_assert!(seen.insert(id), "{} twice: {:#?}", id, plan);
            }
            let mut story = self.story.clone();
            story.settle(&plan);
            let again = story.decide_on(&event, &order, &billing);
            let credited = match &again {
                Decision::Act(again) => again.memos.iter().flat_map(|memo| &memo.units).collect(),
                Decision::Stop(_) => Vec::new(),
            };
            prop_assert!(credited.iter().all(|it| !seen.contains(it)), "{:#?}", again);
        }
        Ok(())
    }
}

fn edit(billing: &mut Billing, what: u8, place: usize, number: Decimal) {
    let money = Amount::new(number).unwrap_or(Amount::cents(-1));
    let Billing { sales_order, invoices, memos, cash_sales } = billing;
    let lines = |invoices: &mut Vec<Invoice>| {
        invoices.iter_mut().flat_map(|invoice| invoice.lines.iter_mut()).collect::<Vec<_>>().len()
    };
    let count = lines(invoices).max(1);
    let line = invoices.iter_mut().flat_map(|invoice| invoice.lines.iter_mut()).nth(place % count);
    match (what, line) {
        (0, Some(line)) => line.quantity = Some(number),
        (1, Some(line)) => line.amount = money,
        (2, Some(line)) => line.quantity = None,
        (3, Some(line)) => line.units.clear(),
        (4, Some(line)) => line.units.push(unit("a")),
        (5, Some(line)) => line.line = 1,
        (6, _) => *sales_order = None,
        (7, _) => cash_sales.push(id("500")),
        (8, _) => invoices.iter_mut().for_each(|invoice| invoice.total = money),
        (9, _) => invoices.iter_mut().for_each(|invoice| invoice.remaining = money),
        (10, _) => invoices.extend(invoices.first().cloned()),
        (11, _) => {
            for line in sales_order.iter_mut().flat_map(|it| &mut it.lines) {
                (line.billed, line.line.quantity) = (number, Some(number));
            }
        }
        (12, _) => {
            for line in sales_order.iter_mut().flat_map(|it| &mut it.lines) {
                (line.fulfilled, line.closed) = (number, true);
            }
        }
        _ => memos.push(ExistingMemo {
            lines: vec![
                ExistingLine { quantity: Some(number), amount: money, ..existing_credit(place) },
                ExistingLine { quantity: Some(number), ..existing_credit(place + 1) },
            ],
            total: money,
            ..by_hand(&[])
        }),
    }
}

fn existing_credit(place: usize) -> ExistingLine {
    let (record, source_line) = match place % 4 {
        0 => ("item-p", Some(1)),
        1 => ("item-p", None),
        2 => ("8494", None),
        _ => ("91291", None),
    };
    let mut memo = by_hand(&[(record, 1, "1.00", &[])]);
    ExistingLine { source_line, ..memo.lines.remove(0) }
}
