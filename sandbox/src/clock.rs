//! The time of the simulated systems, which a test may control.

use std::sync::Arc;

use jiff::Timestamp;

/// Returns the current time of a simulated system.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The time of this machine's clock.
#[expect(
    clippy::disallowed_methods,
    reason = "the box is the other side of the network: it has a clock of its own"
)]
pub(crate) fn machine() -> Now {
    Arc::new(Timestamp::now)
}
