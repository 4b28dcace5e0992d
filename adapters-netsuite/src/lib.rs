//! The ledger port over NetSuite's SuiteTalk SOAP web services.
//!
//! | module | content |
//! |---|---|
//! | `auth` | signs a request |
//! | `request` | the requests, as XML that validates against NetSuite's schema |
//! | `reply` | the replies, read by local names, independent of prefixes and of the order of elements |
//! | `fault` | the meaning of NetSuite's codes for the caller |
//! | `concurrency_limiter`, `slots` | limit the requests in flight |
//! | `client` | one HTTP exchange |
//! | `billing`, `post`, `memos` | the conversations behind the port's methods |
//! | `examine` | checks whether an account is set up correctly |
//! | `read_permissions` | verifies permissions, so that "nothing found" can be trusted |
//!
//! Only a false "Invalid login" is retried here; all other retries are the worker's.

mod account_conventions;
mod auth;
mod billing;
mod client;
pub mod concurrency_limiter;
mod examine;
mod fault;
#[cfg(test)]
mod fixtures;
#[doc(hidden)]
pub mod fuzzing;
mod ledger;
mod memos;
mod options;
mod post;
mod read_permissions;
mod reply;
mod request;
mod slots;

pub use ledger::NetSuite;
pub use options::{Options, OptionsError};
