//! A NewStore tenant and a NetSuite account in a box, over real HTTP on the loopback.
//!
//! For the first run, the tests and the benchmarks. Both read and write the
//! wire on their own and share nothing with the adapters that talk to them;
//! they are strict where the real systems are known to be, so that an adapter
//! that is wrong fails here first. Faults are scripted, time can be owned, and
//! nothing sleeps unless it was asked to.

mod clock;
pub mod netsuite;
pub mod newstore;
pub mod sale;
pub mod serve;

pub use clock::Now;
