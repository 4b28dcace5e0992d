//! The deterministic simulation: whole lives of the service, played from a seed.
//!
//! The product's own code (webhook, use case, worker, recovery, breaker, read-back,
//! governor) runs on reference adapters, in virtual time, on one thread. Around
//! it everything goes wrong that can: see [`Fault`]. When the world has come to
//! rest, [`play`] says whether each unit was credited once, to the cent, and no
//! event was lost.

pub mod audit;
pub mod chance;
pub mod dial;
pub mod draw;
pub mod events;
pub mod fleet;
pub mod handmade;
pub mod hands;
pub mod life;
pub mod mutation;
pub mod oddity;
pub mod people;
pub mod replica;
pub mod retailer;
pub mod sale;
pub mod shop;
pub mod shown;
pub mod slots;
pub mod stage;
pub mod stores;
pub mod stream;
pub mod systems;
pub mod time;
pub mod weather;
pub mod wire;
pub mod world;

pub use chance::Chance;
pub use mutation::Mutation;
pub use stage::Tracing;
pub use time::Time;
pub use weather::Fault;
pub use world::{Report, play};
