//! The outside tests, in one binary: architecture, contracts, and the service over the wire.
#![expect(clippy::unwrap_used, reason = "panicking is how a test fails")]

mod admin;
mod architecture;
mod claims;
mod clock;
mod commands;
mod contract;
mod crash;
mod damaged;
mod doctor;
mod existing_memos;
mod files;
mod http;
mod journal_lost;
mod machine;
mod memo;
mod netsuite;
mod observability;
mod one_bad_order;
mod openapi;
mod operations;
mod our_records;
mod postgres;
mod reconcile;
mod recover;
mod simulation;
mod sqs;
mod stream;
mod stub;
mod wire;
mod worked_examples;
mod worker;
