//! The deterministic simulation: whole lives of the service, played from a seed.
//!
//! The product's own code (webhook, use case, worker, recovery, breaker, read-back,
//! concurrency limiter) runs on reference adapters, in virtual time, on one thread. Around
//! it everything goes wrong that can: see [`SimulatedFault`]. When the world has come to
//! rest, [`run`] says whether each unit was credited once, to the cent, and no
//! event was lost.

pub mod audit;
pub mod backends;
pub mod context;
pub mod crash_points;
pub mod customer;
pub mod draw;
pub mod events;
pub mod fault_schedule;
pub mod lease_checks;
pub mod machine_clock;
pub mod manual_memos;
pub mod mutation;
pub mod oddity;
pub mod operators;
pub mod replica;
pub mod replicas;
pub mod rng;
pub mod sale;
pub mod slots;
pub mod stores;
pub mod stream;
pub mod systems;
pub mod time;
pub mod views;
pub mod wire;
pub mod world;

pub use context::Tracing;
pub use fault_schedule::SimulatedFault;
pub use mutation::Mutation;
pub use rng::Rng;
pub use time::Time;
pub use world::{Report, run};
