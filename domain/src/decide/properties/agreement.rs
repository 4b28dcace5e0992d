//! A decision and a reconciliation read the same memos in the same way.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestCaseError};

use super::super::*;
use crate::{Standing, testing::*};

const STATUSES: [&str; 4] = ["cancelled", "cancelled", "returned", "opened"];

/// A manual credit of a unit: its size in per cent, and its ties to the unit.
type ManualCredit = (usize, i64, (bool, bool, bool, bool), u8);

/// Units, their manual credits, and the unit that was billed again.
type RandomBilling = (Vec<(u8, i64, usize)>, Vec<ManualCredit>, Option<usize>);

fn random_billing() -> impl Strategy<Value = RandomBilling> {
    let unit = (0..2_u8, select(vec![1500_i64, 2000]), 0..4_usize);
    let ties = any::<(bool, bool, bool, bool)>();
    let booking = (0..5_usize, select(vec![25_i64, 100, 100, 100]), ties, 0..6_u8);
    (vec(unit, 1..6), vec(booking, 0..4), prop::option::weighted(0.2, 0..5_usize))
}

fn story(units: &[(u8, i64, usize)], credits: &[ManualCredit]) -> Story {
    let mut story = Story::new();
    for (nth, (product, price, status)) in units.iter().enumerate() {
        let price = Amount::cents(*price).to_string();
        story = story.unit(&format!("u{nth}"), &price).product(&format!("p{product}"));
        story.order.units[nth].status = Some(STATUSES[*status].to_owned());
    }
    for (nth, (unit, part, (named, on_line, from_invoice, bears_id), kind)) in
        credits.iter().enumerate()
    {
        let place = unit % units.len();
        let (product, price, _) = units[place];
        let (item, name) = (format!("item-p{product}"), format!("u{place}"));
        let sum = Amount::cents(price * part / 100).to_string();
        let ids: &[&str] = if *named { &[&name] } else { &[] };
        let mut memo = by_hand(&[(&item, 1, &sum, ids)]);
        memo.id = id(&format!("8{nth}"));
        if *on_line {
            memo.lines[0].source_line = u32::try_from(place + 1).ok();
        }
        if !from_invoice {
            memo.created_from = bears_id.then(|| id("66001"));
        }
        match kind {
            0 => memo.standing = Standing::Voided,
            1 => memo.entity = Some(id("56")),
            _ => {}
        }
        story.memos.push(memo);
    }
    story
}

fn missing(story: &Story, order: &Order, billing: &Billing) -> BTreeSet<UnitId> {
    let known: Vec<KnownCancellation> = story
        .claims
        .iter()
        .enumerate()
        .map(|(nth, claim)| KnownCancellation {
            id: format!("can-{nth}").parse().unwrap(),
            units: claim.memo.units.clone(),
            progress: Progress::Posted,
            reason: None,
            claims: vec![claim.clone()],
        })
        .collect();
    let totals =
        story.claims.iter().map(|claim| (claim.record().unwrap().clone(), claim.memo.total));
    let findings = reconcile(&ReconcileInput {
        tenant: &"dodici".parse().unwrap(),
        order,
        known: &known,
        memos: &[],
        totals: &totals.collect::<BTreeMap<_, _>>(),
        pass: Pass::Full(billing),
        policy: &story.policy,
        maps: &story.maps,
    });
    let missing = findings.into_iter().filter(|finding| finding.discrepancy.name() == "missing");
    missing.flat_map(|it| it.units).collect()
}

proptest! {
    #![proptest_config(super::config())]

    #[test]
    fn missing_units_are_the_units_a_decision_would_credit(
        (units, credits, rebilled) in random_billing(),
    ) {
        let mut story = story(&units, &credits);
        let order = Order::check(&story.order).unwrap();
        let mut billing = story.billing(&order);
        if let Some(nth) = rebilled {
            let mut invoice = billing.invoices[0].clone();
            invoice.id = id("701");
            invoice.lines = vec![invoice.lines.swap_remove(nth % units.len())];
            billing.invoices.push(invoice);
        }
        let is_cancelled = |unit: &&crate::Unit| unit.status == crate::UnitStatus::Cancelled;
        let cancelled = order.units.iter().filter(is_cancelled);
        let event: Vec<&str> = cancelled.map(|it| it.id.as_str()).collect();
        let expected = missing(&story, &order, &billing);
        match story.decide_on(&event, &order, &billing) {
            Decision::Act(plan) => {
                let credited: BTreeSet<UnitId> =
                    plan.memos.iter().flat_map(|memo| memo.units.iter().cloned()).collect();
                prop_assert_eq!(&credited, &expected);
                // A unit that was on two invoices remains on the later one.
                let twice = rebilled.map(|nth| unit(&format!("u{}", nth % units.len())));
                if twice.is_some_and(|it| credited.contains(&it)) {
                    return Ok(());
                }
                // It is credited now, and never missing again.
                story.settle(&plan);
                prop_assert_eq!(missing(&story, &order, &billing), BTreeSet::new());
                billing.memos.extend(plan.memos.iter().map(|memo| on_record(memo, Column::Filled)));
                prop_assert_eq!(missing(&story, &order, &billing), BTreeSet::new());
                let again = story.decide_on(&event, &order, &billing);
                prop_assert!(matches!(again, Decision::Stop(Stop::Done(_))), "{again:?}");
            }
            Decision::Stop(Stop::Done(_)) => prop_assert_eq!(expected, BTreeSet::new()),
            // A person must check it: the unit is not credited, and both results show that.
            Decision::Stop(Stop::Park(Reason::OverCredit { .. } | Reason::BilledAgain { .. })) => {
                prop_assert!(!expected.is_empty());
            }
            Decision::Stop(stop) => return Err(TestCaseError::fail(format!("{stop:?}"))),
        }
    }
}
