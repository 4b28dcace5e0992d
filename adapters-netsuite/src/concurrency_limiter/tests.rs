//! The rules of the limiter, second by second.

use super::*;

fn at(millis: u64) -> Instant {
    Instant::new(domain::Timestamp::from_millis(0), Duration::from_millis(millis))
}

/// Asks this many times, and gives out the free slots.
fn take(limiter: &mut ConcurrencyLimiter, calls: u32) {
    for _ in 0..calls {
        limiter.ask(Priority::Live);
        limiter.call_next().expect("a slot is free");
    }
}

#[test]
fn no_more_slots_than_the_ceiling_are_given_out() {
    let mut limiter = ConcurrencyLimiter::new(2);
    let tickets = [0; 4].map(|_| limiter.ask(Priority::Live));
    assert_eq!(
        [limiter.call_next(), limiter.call_next(), limiter.call_next()],
        [Some(tickets[0]), Some(tickets[1]), None]
    );
    assert_eq!((limiter.in_use(), limiter.waiting()), (2, 2));
    limiter.done(CallResult::Answered, at(0));
    assert_eq!(limiter.call_next(), Some(tickets[2]));
    assert_eq!(limiter.call_next(), None);
}

#[test]
fn a_ceiling_of_zero_counts_as_one() {
    assert_eq!(ConcurrencyLimiter::new(0).allowed(), 1);
}

#[test]
fn live_calls_come_before_backfill_each_in_order() {
    let mut limiter = ConcurrencyLimiter::new(4);
    let late = limiter.ask(Priority::Backfill);
    let later = limiter.ask(Priority::Backfill);
    let first = limiter.ask(Priority::Live);
    let second = limiter.ask(Priority::Live);
    let order: Vec<_> = std::iter::from_fn(|| limiter.call_next()).collect();
    assert_eq!(order, [first, second, late, later]);
}

#[test]
fn backfill_is_not_overtaken_for_ever() {
    let mut limiter = ConcurrencyLimiter::new(1);
    let backfill = limiter.ask(Priority::Backfill);
    let mut overtakers = 0;
    loop {
        limiter.ask(Priority::Live);
        let next = limiter.call_next().expect("a slot is free");
        limiter.done(CallResult::Answered, at(0));
        if next == backfill {
            break;
        }
        overtakers += 1;
    }
    assert_eq!(overtakers, OVERTAKERS);
    // The next one has to wait as long.
    let backfill = limiter.ask(Priority::Backfill);
    assert_ne!(limiter.call_next(), Some(backfill));
}

#[test]
fn a_refusal_halves_the_limit_once_a_second_down_to_one() {
    let table = [
        // when each call was rejected, and the limit then
        (0, 8),
        (1, 8),
        (999, 8),
        (1000, 4),
        (1001, 4),
        (2000, 2),
        (3500, 1),
        (9000, 1),
    ];
    let mut limiter = ConcurrencyLimiter::new(16);
    take(&mut limiter, 16);
    for (millis, allowed) in table {
        limiter.done(CallResult::Throttled, at(millis));
        assert_eq!(limiter.allowed(), allowed, "after {millis} ms");
    }
}

#[test]
fn a_run_of_answers_adds_one_slot_up_to_the_ceiling() {
    let mut limiter = ConcurrencyLimiter::new(4);
    take(&mut limiter, 1);
    limiter.done(CallResult::Throttled, at(0));
    assert_eq!(limiter.allowed(), 2);
    for answer in 1..=3 * RUN {
        take(&mut limiter, 1);
        limiter.done(CallResult::Answered, at(0));
        let expected = (2 + answer / RUN).min(4);
        assert_eq!(limiter.allowed(), expected, "after {answer} answers");
    }
}

#[test]
fn a_missing_answer_changes_nothing_and_a_refusal_ends_a_run() {
    let mut limiter = ConcurrencyLimiter::new(2);
    take(&mut limiter, 1);
    limiter.done(CallResult::Throttled, at(0));
    for verdict in
        [CallResult::Answered, CallResult::Silent, CallResult::Throttled, CallResult::Answered]
    {
        for _ in 1..RUN {
            take(&mut limiter, 1);
            limiter.done(verdict, at(1));
        }
        assert_eq!(limiter.allowed(), 1, "{verdict:?}");
    }
}

#[test]
fn calls_in_flight_continue_when_the_limit_shrinks() {
    let mut limiter = ConcurrencyLimiter::new(4);
    take(&mut limiter, 4);
    let waiting = limiter.ask(Priority::Live);
    limiter.done(CallResult::Throttled, at(0));
    assert_eq!((limiter.allowed(), limiter.in_use()), (2, 3));
    assert_eq!(limiter.call_next(), None);
    limiter.done(CallResult::Answered, at(0));
    assert_eq!(limiter.call_next(), None);
    limiter.done(CallResult::Answered, at(0));
    assert_eq!(limiter.call_next(), Some(waiting));
}

#[test]
fn a_call_that_leaves_is_skipped_and_one_with_a_slot_cannot_leave() {
    let mut limiter = ConcurrencyLimiter::new(1);
    let tickets = [0; 3].map(|_| limiter.ask(Priority::Live));
    assert_eq!(limiter.call_next(), Some(tickets[0]));
    assert!(limiter.leave(tickets[1]));
    assert!(!limiter.leave(tickets[0]));
    limiter.done(CallResult::Silent, at(0));
    assert_eq!(limiter.call_next(), Some(tickets[2]));
}

#[test]
fn the_lower_ceiling_applies() {
    let mut limiter = ConcurrencyLimiter::new(4);
    limiter.lower(8);
    assert_eq!(limiter.allowed(), 4);
    limiter.lower(2);
    assert_eq!(limiter.allowed(), 2);
    limiter.lower(0);
    assert_eq!(limiter.allowed(), 1);
}
