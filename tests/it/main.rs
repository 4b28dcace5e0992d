//! The outside tests, in one binary: architecture, contracts, and the service over the wire.
#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod architecture;
mod claims;
mod commands;
mod contract;
mod crash;
mod doctor;
mod http;
mod journal_lost;
mod memo;
mod netsuite;
mod operations;
mod simulation;
mod worked_examples;
mod worker;
