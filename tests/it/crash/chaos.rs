//! Replicas under load, killed at random; `cargo run --release -p tests --bin storm` is the long form.

use tests::Chaos;

use super::PROGRAM;

#[tokio::test(flavor = "multi_thread")]
async fn random_kills_under_load_lose_and_double_nothing() {
    for (replicas, intake) in [(1, "inline"), (2, "queued")] {
        let settings = tests::Settings { intake: intake.to_owned(), ..Chaos::settings() };
        let storm = Chaos { orders: 120, kills: 12, replicas, settings, seed: 5 };
        let figures = storm.run(PROGRAM).await;
        assert!(storm.kills <= figures.kills, "{figures:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs fauxqs and PostgreSQL"]
async fn replicas_on_shared_stores_survive_random_kills() {
    let settings = Chaos::shared_settings().await;
    let storm = Chaos { orders: 120, kills: 12, replicas: 2, settings, seed: 6 };
    let figures = storm.run(PROGRAM).await;
    assert!(storm.kills <= figures.kills, "{figures:?}");
}
