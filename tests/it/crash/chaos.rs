//! Replicas under load, killed at random; `cargo run --release -p tests --bin storm` is the long form.

use tests::Chaos;

use super::PROGRAM;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_under_load_nothing_is_lost_and_nothing_is_doubled() {
    for (replicas, intake) in [(1, "inline"), (2, "queued")] {
        let settings = tests::Settings { intake: intake.to_owned(), ..Chaos::settings() };
        let storm = Chaos { orders: 120, kills: 12, replicas, settings, seed: 5 };
        let figures = storm.run(PROGRAM).await;
        assert!(storm.kills <= figures.kills, "{figures:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs fauxqs and PostgreSQL"]
async fn replicas_on_shared_stores_may_die_at_any_time() {
    let settings = Chaos::shared_settings().await;
    let storm = Chaos { orders: 120, kills: 12, replicas: 2, settings, seed: 6 };
    let figures = storm.run(PROGRAM).await;
    assert!(storm.kills <= figures.kills, "{figures:?}");
}
