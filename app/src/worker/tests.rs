use domain::Reason;

use super::*;

const PATIENCE: Patience =
    Patience { first_delay: Duration::from_secs(5), max_delay: Duration::from_mins(15) };

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
    // outcome, attempts, left, expected
    let table = [
        (Outcome::Posted(Vec::new()), 1, long, Verdict::Ack),
        (Outcome::AlreadyPosted(Reason::AlreadyCredited), 9, long, Verdict::Ack),
        (Outcome::Skipped(Reason::NothingToCredit), 0, long, Verdict::Ack),
        (Outcome::Parked { reason: Reason::OrderBusy, posted: Vec::new() }, 0, long, Verdict::Ack),
        (waiting(None), 0, long, Verdict::Defer(secs(5), 1)),
        (waiting(None), 3, long, Verdict::Defer(secs(40), 4)),
        (waiting(None), 60, long, Verdict::Defer(secs(900), 61)),
        (waiting(None), 8, secs(7), Verdict::Defer(secs(7), 9)),
        (waiting(None), 1, secs(0), Verdict::Defer(secs(10), 2)),
        (waiting(Some(secs(300))), 0, long, Verdict::Defer(secs(300), 1)),
        (down(None), 7, long, Verdict::Defer(secs(5), 7)),
        (down(Some(secs(30))), 7, long, Verdict::Defer(secs(30), 7)),
    ];
    for (outcome, attempts, left, expected) in table {
        let found = verdict(&outcome, attempts, left, PATIENCE);
        assert_eq!(found, expected, "{outcome:?} on attempt {attempts} with {left:?} left");
    }
}
