use super::*;

fn at(millis: i64) -> Instant {
    Instant::new(domain::Timestamp::from_millis(millis), Duration::ZERO)
}

/// Fails every call that is allowed from `now` on, and returns when those were.
fn probes(breaker: &mut Breaker, cause: BreakerCause, until: i64) -> Vec<i64> {
    let mut made = Vec::new();
    for second in 0..=until {
        let now = at(second * 1000);
        if breaker.permit(now) == BreakerPermit::Go {
            made.push(second);
            breaker.failed(cause, now);
        }
    }
    made
}

#[test]
fn an_outage_is_probed_after_one_second_doubling_to_fifteen() {
    let mut breaker = Breaker::default();
    for _ in 0..FAILURES_TO_OPEN - 1 {
        breaker.failed(BreakerCause::Unavailable, at(0));
    }
    let made = probes(&mut breaker, BreakerCause::Unavailable, 65);
    assert_eq!(made, [0, 1, 3, 7, 15, 30, 45, 60]);
}

#[test]
fn a_missing_permission_is_probed_every_fifteen_seconds() {
    let made = probes(&mut Breaker::default(), BreakerCause::Permission, 50);
    assert_eq!(made, [0, 15, 30, 45]);
}

#[test]
fn refused_credentials_are_probed_after_a_minute_doubling_to_an_hour() {
    let made = probes(&mut Breaker::default(), BreakerCause::Credentials, 12_000);
    assert_eq!(made, [0, 60, 180, 420, 900, 1860, 3780, 7380, 10980]);
}

#[test]
fn one_failure_alone_does_not_open_it() {
    let mut breaker = Breaker::default();
    breaker.failed(BreakerCause::Unavailable, at(0));
    assert_eq!(breaker.permit(at(1)), BreakerPermit::Go);
}

#[test]
fn only_one_call_probes_at_a_time_and_its_answer_closes_it() {
    let mut breaker = Breaker::default();
    breaker.failed(BreakerCause::Permission, at(0));
    assert_eq!(breaker.permit(at(15_000)), BreakerPermit::Go);
    let wait = BreakerPermit::Wait(BreakerCause::Permission, Duration::from_secs(15));
    assert_eq!(breaker.permit(at(15_000)), wait);
    breaker.succeeded();
    assert_eq!(breaker.permit(at(15_001)), BreakerPermit::Go);
    assert_eq!(breaker.cause(), None);
}
