//! The ledger port over NetSuite's SuiteTalk SOAP web services.
//!
//! | module | knows |
//! |---|---|
//! | `auth` | how a request is signed |
//! | `request` | what is asked, as XML that validates against NetSuite's schema |
//! | `reply` | what is answered, read by local names, whatever the prefixes and the order |
//! | `fault` | what NetSuite's codes mean for the caller |
//! | `limiter`, `slots` | how much may be in flight |
//! | `client` | one HTTP exchange |
//! | `billing`, `post`, `memos` | the conversations behind the port's methods |
//! | `examine` | whether an account is fit for all this |
//! | `permissions` | when "nothing found" may be believed, and the proof of it |
//!
//! Nothing here retries, but for one false "Invalid login": the worker does.

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
