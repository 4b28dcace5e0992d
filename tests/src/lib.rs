//! What the outside tests share: the systems around the service, and the service itself.
//!
//! A [`World`] is one retailer's NewStore and NetSuite, simulated over real
//! HTTP, with a configuration file as the retailer would write it. The service
//! runs in it as a [`Service`] (in this process, its time in the test's hands)
//! or as a [`Process`] (on its own, so that it can be killed).

mod admin;
mod answer;
mod clock;
mod disk;
mod document;
mod exposition;
pub mod load;
mod orders;
pub mod owed;
mod postgres;
mod process;
mod records;
pub mod reference;
pub mod secrets;
mod service;
mod settings;
mod shares;
pub mod simulation;
mod spell;
mod sqs;
mod storm;
pub mod stub;
mod twin;
mod usage;
pub mod wire;
mod world;

pub use admin::Reply;
pub use answer::{Answer, post};
pub use clock::FakeClock;
pub use disk::syncs_per_second;
pub use document::{Described, document};
pub use exposition::{Exposition, Sample};
pub use orders::{A, B, C, ITEMS, ORDER, PUBLISHED, WHOLE, another, event, paid, pair};
pub use postgres::{PASSWORD as DATABASE_PASSWORD, Postgres};
pub use process::{Process, run};
pub use records::Book;
pub use secrets::assert_none as assert_no_secret;
pub use service::Service;
pub use settings::{ADMIN_TOKEN, KEY, OTHER_KEY, Settings};
pub use shares::Shares;
pub use spell::Spell;
pub use sqs::{SqsKind, SqsQueue, aws};
pub use storm::{Figures, Storm};
pub use twin::Twin;
pub use usage::Usage;
pub use world::World;
