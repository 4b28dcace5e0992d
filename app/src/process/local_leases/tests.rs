//! One lease per order while the date steps.

use ports::contract::FakeClock;

use super::*;

const LEASE: Duration = Duration::from_secs(10);
const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";

#[tokio::test]
async fn a_stepping_date_never_gives_a_lease_to_two_runs() {
    // token, seconds that the date steps, seconds that pass, answer
    let table = [
        ("one", 0_i64, 0, OrderLease::Held),
        ("two", 0, 0, OrderLease::HeldByOther),
        ("two", 3599, 1, OrderLease::HeldByOther),
        ("one", 1, 2, OrderLease::Held),
        ("two", -7204, 1, OrderLease::HeldByOther),
        ("one", 0, 2, OrderLease::Held),
        // It no longer renews.
        ("two", 0, 9, OrderLease::HeldByOther),
        ("two", 0, 1, OrderLease::Held),
        ("one", 7187, 1, OrderLease::HeldByOther),
    ];
    let clock = Arc::new(FakeClock::default());
    let folder = tempfile::tempdir().unwrap();
    let file = crate::config::JournalConfig::Embedded { path: folder.path().join("journal.db") };
    let journal = crate::wiring::journal(&file).await.unwrap();
    let held = LocalLeases::new(journal, clock.clone());
    let (tenant, order) = ("dodici".parse().unwrap(), ORDER.parse().unwrap());
    for (name, step, passed, expected) in table {
        clock.advance(Duration::from_secs(passed));
        let by = Duration::from_secs(step.unsigned_abs());
        if step < 0 {
            clock.set_back(by);
        } else {
            clock.set_ahead(by);
        }
        let token = LeaseToken(name.to_owned());
        let answer = held.acquire(&tenant, &order, &token, clock.now(), LEASE).await;
        assert_eq!(answer.unwrap(), expected, "{name} after a step of {step} s and {passed} s");
    }
}
