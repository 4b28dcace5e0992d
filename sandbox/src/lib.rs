//! A simulated NewStore tenant and a simulated NetSuite account, over real HTTP on the loopback.
//!
//! For the demo (`memobridge sandbox`), the tests and the benchmarks. Both simulators have their
//! own wire code and share nothing with the adapters. They are as strict as the real systems are
//! known to be, so that a wrong adapter fails here first. Faults are scripted, a test can control
//! the time, and nothing sleeps unless a fault requires it.

mod clock;
pub mod netsuite;
pub mod newstore;
pub mod sale;
pub mod serve;

pub use clock::Now;
