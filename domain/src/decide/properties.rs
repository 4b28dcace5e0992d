//! Properties that hold for any order, in any sequence of events and after any loss of memory.

mod agreement;
mod arbitrary_input;
mod sale;
mod world;

use std::collections::BTreeSet;

use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, FileFailurePersistence},
};

use self::{
    sale::{RandomSale, sales},
    world::SaleHistory,
};
use super::*;
use crate::{MemoKey, OrderId, Tenant, digest::digest};

/// A thousand cases of each property; `PROPTEST_CASES` can raise the number.
fn config() -> Config {
    let persistence = FileFailurePersistence::WithSource("proptest-regressions");
    let failure_persistence = Some(Box::new(persistence) as Box<_>);
    let cases = Config::default().cases.max(1000);
    Config { cases, failure_persistence, ..Config::default() }
}

/// Events as sets of positions, and an order in which they are repeated.
fn histories() -> impl Strategy<Value = (Vec<Vec<usize>>, Vec<usize>)> {
    let event = vec(0..6_usize, 1..6);
    (vec(event, 1..5), vec(0..16_usize, 1..10))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn each_unit_is_credited_once_and_each_memo_adds_up(
        sale in sales(),
        (events, again) in histories(),
    ) {
        let mut world = SaleHistory::new(&sale, &events);
        for event in &events {
            world.run(event)?;
        }
        for nth in again {
            world.run(&events[nth % events.len()])?;
        }
        world.credits_are_exactly_what_was_cancelled()?;
    }

    #[test]
    fn any_order_and_repetition_of_events_gives_the_same_credits(
        sale in sales(),
        (events, again) in histories(),
    ) {
        let mut forwards = SaleHistory::new(&sale, &events);
        for event in &events {
            forwards.run(event)?;
        }
        let mut shuffled = SaleHistory::new(&sale, &events);
        for nth in again {
            shuffled.run(&events[nth % events.len()])?;
        }
        for event in events.iter().rev() {
            shuffled.run(event)?;
        }
        prop_assert_eq!(forwards.credited_units(), shuffled.credited_units());
        prop_assert_eq!(forwards.total(), shuffled.total());
    }

    #[test]
    fn after_full_cancellation_the_memos_equal_what_was_owed(
        sale in sales(),
        (mut events, _) in histories(),
    ) {
        events.push((0..sale.units.len()).collect());
        let mut world = SaleHistory::new(&sale, &events);
        for event in &events {
            world.run(event)?;
        }
        world.memos_come_to_what_was_owed()?;
    }

    #[test]
    fn credited_orders_agree_and_a_deleted_memo_is_missing(
        sale in sales(),
        (events, _) in histories(),
        nth in 0..16_usize,
    ) {
        let mut world = SaleHistory::new(&sale, &events);
        for event in &events {
            world.run(event)?;
        }
        world.agrees()?;
        world.misses_a_memo_that_goes(nth)?;
    }

    #[test]
    fn no_input_causes_a_panic_or_a_double_credit(wild in arbitrary_input::arbitrary_inputs()) {
        wild.decide()?;
    }

    #[test]
    fn the_key_depends_on_tenant_order_and_units_alone(
        names in vec("[a-z0-9-]{1,12}", 1..6),
        turn in 0..6_usize,
        tenant in "[a-z]{1,8}",
    ) {
        let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
        let names: Vec<&str> = names.into_iter().filter(|name| *name != UnitId::SHIPPING).collect();
        let order: OrderId = crate::testing::ORDER.parse().unwrap();
        let tenant: Tenant = tenant.parse().unwrap();
        let key = |units: &[UnitId]| MemoKey::of(&tenant, &order, units).to_string();
        let expected = |last: &[&str]| {
            let head = [tenant.as_str(), order.as_str()];
            let parts = [&head, names.as_slice(), last].concat();
            format!("nst-cm-{}", digest(&parts))
        };
        let mut units: Vec<UnitId> = names.iter().map(|name| name.parse().unwrap()).collect();
        prop_assert_eq!(key(&units), expected(&[]));
        units.push(UnitId::shipping());
        let middle = turn % units.len();
        units.rotate_left(middle);
        units.extend(units.clone());
        prop_assert_eq!(key(&units), expected(&[UnitId::SHIPPING]));
    }
}
