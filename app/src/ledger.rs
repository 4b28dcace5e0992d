//! What stands in front of each ledger.

pub mod circuit_breaker;
