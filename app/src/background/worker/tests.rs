use domain::Reason;

use super::*;

const LIMITS: BackoffLimits =
    BackoffLimits { first_delay: Duration::from_secs(5), max_delay: Duration::from_mins(15) };

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn waiting(not_before: Option<Duration>) -> Outcome {
    Outcome::Waiting { reason: Reason::OrderBusy, posted: Vec::new(), not_before }
}

fn down(not_before: Option<Duration>) -> Outcome {
    Outcome::Unavailable { reason: Reason::ErpUnavailable { problem: "x".into() }, not_before }
}

#[test]
fn every_outcome_has_a_verdict() {
    let long = secs(1_000_000);
    let after = |from, to, attempts| (Some((secs(from), secs(to))), attempts);
    let ack = (None, 0);
    // outcome, attempts, left, expected: between these two, with that many attempts
    let table = [
        (Outcome::Posted(Vec::new()), 1, long, ack),
        (Outcome::AlreadyPosted(Reason::AlreadyCredited), 9, long, ack),
        (Outcome::Skipped(Reason::NothingToCredit), 0, long, ack),
        (Outcome::Parked { reason: Reason::OrderBusy, posted: Vec::new() }, 0, long, ack),
        (waiting(None), 0, long, after(5, 7, 1)),
        (waiting(None), 3, long, after(37, 50, 4)),
        (waiting(None), 60, long, after(675, 900, 61)),
        (waiting(None), 8, secs(7), after(7, 7, 9)),
        (waiting(None), 1, secs(0), after(9, 13, 2)),
        (waiting(Some(secs(300))), 0, long, after(300, 300, 1)),
        (Outcome::Busy, 0, long, after(1, 1, 0)),
        (Outcome::Busy, 60, secs(0), after(1, 1, 60)),
        (down(None), 7, long, after(5, 7, 7)),
        (down(Some(secs(30))), 7, long, after(30, 30, 7)),
    ];
    for (outcome, attempts, left, (expected, written)) in table {
        for seed in 0..50 {
            let found = verdict(&outcome, attempts, left, LIMITS, &Random::seeded(seed));
            let fits = match (found, expected) {
                (JobVerdict::Ack, None) => true,
                (JobVerdict::Defer(delay, attempts), Some((least, most))) => {
                    (least..=most).contains(&delay) && attempts == written
                }
                _ => false,
            };
            assert!(fits, "{outcome:?} on attempt {attempts} with {left:?} left: {found:?}");
        }
    }
}

#[test]
fn jobs_that_failed_together_are_retried_at_different_times() {
    let random = Random::seeded(7);
    let mut delays: Vec<_> = (0..100).map(|_| backoff(9, LIMITS, &random)).collect();
    delays.sort();
    delays.dedup();
    assert!(delays.len() > 90, "{delays:?}");
}
