//! Waiting, timing out and being dropped.

use std::future::Future;

use super::*;
use crate::fixtures::clock;

fn slots(ceiling: u32) -> Arc<Slots> {
    Arc::new(Slots::new("1234567", ceiling, clock()))
}

fn state(slots: &Slots) -> (u32, u32) {
    slots.change(|state| (state.limiter.in_use(), state.limiter.waiting()))
}

#[tokio::test(start_paused = true)]
async fn a_call_waits_for_a_slot_until_its_timeout() {
    let slots = slots(1);
    let one = slots.wait(Priority::Live, Duration::ZERO).await;
    assert!(one.is_some());
    assert!(slots.wait(Priority::Live, Duration::from_mins(1)).await.is_none());
    assert_eq!(state(&slots), (1, 0));
    let other = tokio::spawn({
        let slots = Arc::clone(&slots);
        async move { slots.wait(Priority::Live, Duration::from_mins(1)).await }
    });
    tokio::task::yield_now().await;
    drop(one);
    assert!(other.await.unwrap().is_some());
    assert_eq!(state(&slots), (0, 0));
}

#[tokio::test]
async fn a_dropped_waiter_leaves_nothing_behind() {
    let slots = slots(1);
    let one = slots.wait(Priority::Live, Duration::MAX).await;
    let mut other = Box::pin(slots.wait(Priority::Live, Duration::from_mins(1)));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(other.as_mut().poll(&mut context).is_pending());
    assert_eq!(state(&slots), (1, 1));
    drop(other);
    assert_eq!(state(&slots), (1, 0));
    // It got a slot, and was dropped before it knew.
    let mut other = Box::pin(slots.wait(Priority::Live, Duration::from_mins(1)));
    assert!(other.as_mut().poll(&mut context).is_pending());
    drop(one);
    assert_eq!(state(&slots), (1, 0));
    drop(other);
    assert_eq!(state(&slots), (0, 0));
}

#[test]
fn an_accounts_slots_are_shared() {
    let of = |account, address, ceiling| Slots::of(account, address, ceiling, clock());
    let one = of("1", "http://slots.test", 5);
    let shared = of("1", "http://slots.test", 3);
    assert!(Arc::ptr_eq(&one, &shared));
    assert_eq!(one.change(|state| state.limiter.allowed()), 3);
    for (account, address) in [("2", "http://slots.test"), ("1", "http://other.test")] {
        assert!(!Arc::ptr_eq(&one, &of(account, address, 5)), "{account} {address}");
    }
    drop((one, shared));
    assert_eq!(of("1", "http://slots.test", 5).change(|state| state.limiter.allowed()), 5);
}
