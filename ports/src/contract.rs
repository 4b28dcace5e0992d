//! The port contracts, executable.
//!
//! One async function per promise, taking a fresh subject and panicking when
//! the promise is broken. [`crate::contract_tests`] turns them into one named
//! test per promise and adapter, so a failure reads
//! `netsuite::a_lost_reply_does_not_duplicate`.

#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

pub mod jobs;
pub mod journal;
pub mod ledger;
pub mod storefront;

/// Expands to one test per named promise of a suite; `$fresh` is an async
/// expression that makes a subject. An attribute in front goes to every test, for
/// example `#[ignore = "needs a server"]`.
#[doc(hidden)]
#[macro_export]
macro_rules! contract_tests {
    (#[$attribute:meta] $adapter:ident, $fresh:expr, $suite:ident: $($promise:ident),+ $(,)?) => {
        mod $adapter {
            use super::*;

            $(
                #[$attribute]
                #[tokio::test(flavor = "multi_thread")]
                async fn $promise() {
                    let subject = $fresh.await;
                    $crate::contract::$suite::$promise(&subject).await;
                }
            )+
        }
    };
    ($adapter:ident, $($rest:tt)+) => {
        $crate::contract_tests!(#[cfg(test)] $adapter, $($rest)+);
    };
}
