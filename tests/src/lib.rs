//! What the outside tests share: the systems around the service, and the service itself.
//!
//! A [`World`] is one retailer's NewStore and NetSuite, simulated over real
//! HTTP, with a configuration file as the retailer would write it. The service
//! runs in it as a [`Service`] (in this process, its time in the test's hands)
//! or as a [`Process`] (on its own, so that it can be killed).

mod answer;
mod clock;
mod orders;
mod process;
mod records;
pub mod reference;
mod secrets;
mod service;
mod settings;
pub mod simulation;
mod world;

pub use answer::{Answer, post};
pub use clock::FakeClock;
pub use orders::{A, B, C, ITEMS, ORDER, PUBLISHED, WHOLE, event, paid, pair};
pub use process::{Process, run};
pub use records::Book;
pub use service::Service;
pub use settings::{KEY, OTHER_KEY, Settings};
pub use world::World;
