//! The service: configuration, wiring, webhook, use case, worker and commands.
//!
//! Only `wiring` knows which adapters exist. `credit` is the use case; webhook and worker run it
//! and turn its outcome into an answer or a verdict.

pub mod background;
pub mod cli;
pub mod clock;
pub mod config;
pub mod inbound;
pub mod ledger;
pub mod observability;
pub mod operator;
pub mod process;
pub mod random;
pub mod reconcile;
pub mod serve;
pub mod wiring;
