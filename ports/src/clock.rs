//! The time, owned: a simulation moves it, the service reads the machine's.

use std::time::Duration;

use async_trait::async_trait;
use domain::Timestamp;

/// Tells the time and waits for it to pass.
///
/// # Contract
///
/// - `now` never goes back.
/// - `sleep` returns once `now` has advanced by at least `wait`; a clock for
///   tests returns as soon as the test moves it that far.
#[async_trait]
pub trait Clock: Send + Sync {
    /// This instant.
    fn now(&self) -> Timestamp;

    /// Waits.
    async fn sleep(&self, wait: Duration);
}
