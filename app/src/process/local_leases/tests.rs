//! One lease per order while the date steps.

use std::sync::atomic::{AtomicI64, Ordering};

use super::*;

const LEASE: Duration = Duration::from_secs(10);
const ORDER: &str = "9f4e8ffc-c79c-5839-b1b7-d65a26e60ef6";

/// Seconds of the date, and seconds elapsed.
#[derive(Default)]
struct Steps {
    date: AtomicI64,
    passed: AtomicI64,
}

#[async_trait]
impl Clock for Steps {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.date.load(Ordering::Relaxed) * 1000)
    }

    fn instant(&self) -> Instant {
        let passed = self.passed.load(Ordering::Relaxed).unsigned_abs();
        Instant::new(Timestamp::from_millis(0), Duration::from_secs(passed))
    }

    async fn sleep(&self, _: Duration) {}
}

#[tokio::test]
async fn a_stepping_date_never_gives_a_lease_to_two_runs() {
    // token, date, elapsed, answer
    let table = [
        ("one", 0, 0, OrderLease::Held),
        ("two", 0, 0, OrderLease::HeldByOther),
        ("two", 3600, 1, OrderLease::HeldByOther),
        ("one", 3603, 3, OrderLease::Held),
        ("two", -3600, 4, OrderLease::HeldByOther),
        ("one", -3598, 6, OrderLease::Held),
        // It no longer renews.
        ("two", -3589, 15, OrderLease::HeldByOther),
        ("two", -3588, 16, OrderLease::Held),
        ("one", 3600, 17, OrderLease::HeldByOther),
    ];
    let clock = Arc::new(Steps::default());
    let folder = tempfile::tempdir().unwrap();
    let file = crate::config::JournalConfig::Embedded { path: folder.path().join("journal.db") };
    let journal = crate::wiring::journal(&file).await.unwrap();
    let held = LocalLeases::new(journal, clock.clone());
    let (tenant, order) = ("dodici".parse().unwrap(), ORDER.parse().unwrap());
    for (name, date, passed, expected) in table {
        clock.date.store(date, Ordering::Relaxed);
        clock.passed.store(passed, Ordering::Relaxed);
        let token = LeaseToken(name.to_owned());
        let answer = held.acquire(&tenant, &order, &token, clock.now(), LEASE).await;
        assert_eq!(answer.unwrap(), expected, "{name} at {date} after {passed} s");
    }
}
