//! The box's own time, which a test may take over.

use std::sync::Arc;

use jiff::Timestamp;

/// Tells the time inside the box.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The machine's time.
#[expect(
    clippy::disallowed_methods,
    reason = "the box is the other side of the network: it has a clock of its own"
)]
pub(crate) fn machine() -> Now {
    Arc::new(Timestamp::now)
}
