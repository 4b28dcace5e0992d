//! How time passes in tests of the whole service: in small steps, so that every task has its turn.

use std::time::Duration;

use ports::contract::FakeClock;

/// How far time is moved at once.
pub(crate) const STEP: Duration = Duration::from_millis(500);
/// How long every task then has, in the machine's time.
const PAUSE: Duration = Duration::from_millis(5);

/// Gives every task a moment of the machine's time, and moves the clock.
pub(crate) async fn pass(clock: &FakeClock, by: Duration) {
    tokio::time::sleep(PAUSE).await;
    clock.advance(by);
}
