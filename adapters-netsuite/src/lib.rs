//! The ledger port over NetSuite's SuiteTalk SOAP web services.
//!
//! | module | knows |
//! |---|---|
//! | `auth` | how a request is signed |
//! | `request` | what is asked, as XML that validates against NetSuite's schema |
//! | `reply` | what is answered, read by local names, whatever the prefixes and the order |
//! | `fault` | what NetSuite's codes mean for the caller |
//! | `governor`, `slots` | how much may be in flight |
//! | `client` | one HTTP exchange |
//! | `billing`, `post`, `memos` | the conversations behind the port's methods |
//! | `examine` | whether an account is fit for all this |
//! | `rights` | when "nothing found" may be believed, and the proof of it |
//!
//! Nothing here retries, but for one false "Invalid login": the worker does.

mod auth;
mod billing;
mod books;
mod client;
mod examine;
mod fault;
#[cfg(test)]
mod fixtures;
pub mod governor;
mod ledger;
mod memos;
mod options;
mod post;
mod reply;
mod request;
mod rights;
mod slots;
#[doc(hidden)]
pub mod wire;

pub use ledger::NetSuite;
pub use options::{InvalidOptions, Options};
