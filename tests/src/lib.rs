//! What the outside tests share.

mod clock;

pub use clock::FakeClock;
