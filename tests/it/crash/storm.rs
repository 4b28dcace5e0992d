//! Replicas under load, killed at random; `cargo run --release -p tests --bin storm` is the long form.

use tests::Storm;

use super::PROGRAM;

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_random_under_load_nothing_is_lost_and_nothing_is_doubled() {
    for (replicas, intake) in [(1, "inline"), (2, "queued")] {
        let settings = tests::Settings { intake: intake.to_owned(), ..Storm::settings() };
        let storm = Storm { orders: 120, kills: 12, replicas, settings, seed: 5 };
        let figures = storm.rage(PROGRAM).await;
        assert!(storm.kills <= figures.kills, "{figures:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs fauxqs and PostgreSQL"]
async fn replicas_on_shared_stores_may_die_at_any_time() {
    let settings = Storm::shared_settings().await;
    let storm = Storm { orders: 120, kills: 12, replicas: 2, settings, seed: 6 };
    let figures = storm.rage(PROGRAM).await;
    assert!(storm.kills <= figures.kills, "{figures:?}");
}
