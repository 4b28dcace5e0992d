//! The wrappers around each ledger.

pub mod circuit_breaker;
