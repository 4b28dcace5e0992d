//! The port contracts, executable.
//!
//! Each promise is one async function that takes a fresh subject and panics when the promise is
//! broken. [`crate::contract_tests`] turns them into one named test per promise and adapter, so a
//! failure reads `netsuite::a_lost_reply_does_not_duplicate`.

#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod clock;
mod golden;
pub mod jobs;
pub mod journal;
pub mod ledger;
pub mod storefront;

pub use clock::FakeClock;
pub use golden::assert_golden;

/// Expands to one test per named promise of a suite; `$fresh` is an async
/// expression that makes a subject. An attribute in front is put on every test,
/// as `#[ignore = "needs a server"]` is.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    (#[$meta:meta] $adapter:ident, $fresh:expr, $suite:ident: $($promise:ident),+ $(,)?) => {
        mod $adapter {
            use super::*;

            $(
                #[tokio::test(flavor = "multi_thread")]
                #[$meta]
                async fn $promise() {
                    let subject = $fresh.await;
                    $crate::contract::$suite::$promise(&subject).await;
                }
            )+
        }
    };
    ($adapter:ident, $fresh:expr, $suite:ident: $($promise:ident),+ $(,)?) => {
        $crate::contract_tests!(#[cfg(test)] $adapter, $fresh, $suite: $($promise),+);
    };
}
