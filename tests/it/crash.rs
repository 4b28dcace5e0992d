//! The served program, killed and signalled: nothing is lost and nothing is doubled.

mod chaos;
mod ending;
mod killing;
mod starting;
mod supervised;

use ports::CancellationState;
use tests::{A, ITEMS, Settings, TestWorld, event, pair};

/// The program under test.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_memobridge-under-test");

/// Short delays: what is left to wait for are the leases of the dead.
pub(crate) fn quick() -> Settings {
    let worker = "first_delay = \"100ms\"\nmax_delay = \"500ms\"".to_owned();
    Settings { worker, ..Settings::default() }
}

/// What happens after the crash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Afterwards {
    /// NewStore, which got no answer, sends the event again.
    Redelivered,
    /// Nobody does anything.
    LeftAlone,
}

/// Starts the program on what the killed one left, and expects it to end well
/// with these memos.
pub(crate) async fn recovers(
    world: &TestWorld,
    memos: &[&str],
    step: &str,
    afterwards: Afterwards,
) {
    let when = format!("killed {step}, then {afterwards:?}");
    let process = world.spawn(PROGRAM).await;
    let sale = pair();
    if afterwards == Afterwards::Redelivered {
        let answer = tests::post(&world.http, process.address, &event(&sale, ITEMS, &[A])).await;
        assert_eq!(answer.unwrap().status, 200, "{when}");
    }
    world.book().becomes(CancellationState::Posted, &when).await;
    world.has_memos(memos, &when);
    let answer = tests::post(&world.http, process.address, &event(&sale, ITEMS, &[A])).await;
    let answer = answer.unwrap();
    assert_eq!((answer.status, answer.outcome.as_str()), (200, "already-posted"), "{when}");
    process.signal("TERM").await;
    let status = process.ended().await;
    assert_eq!(status.code(), Some(0), "{when}");
    world.has_memos(memos, &when);
}
