//! The service: configuration, wiring, webhook, use case, worker and commands.
//!
//! `wiring` alone knows which adapters exist. `credit` is the use case; webhook
//! and worker run it and turn its outcome into an answer or a verdict.

pub mod access;
pub mod audit;
pub mod breaker;
pub mod cli;
pub mod clock;
pub mod config;
pub mod confirm;
pub mod credit;
pub mod demo;
pub mod dice;
pub mod guarded;
pub mod held;
pub mod http;
pub mod measure;
pub mod observed;
pub mod orders;
pub mod pages;
pub mod reconcile;
pub mod recover;
pub mod retention;
pub mod retry;
pub mod serve;
pub mod service;
pub mod stream;
pub mod telemetry;
pub mod trace;
pub mod turns;
pub mod view;
pub mod wants;
pub mod wiring;
pub mod words;
pub mod worker;
