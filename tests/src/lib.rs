//! Shared code of the outside tests: the systems around the service, and the service itself.
//!
//! A [`TestWorld`] is one customer's NewStore and NetSuite, simulated over real HTTP, with a
//! configuration file as the customer would write it. The service runs in it as a [`Service`] (in
//! this process, with a clock that the test controls) or as a [`Process`] (a separate process, so
//! that it can be killed).

mod admin;
mod answer;
mod chaos;
mod child_process;
mod clock;
mod cpu_profile;
mod disk;
mod document;
pub mod expected_memos;
mod exposition;
pub mod load;
mod orders;
mod postgres;
mod process;
mod records;
pub mod reference;
mod sample;
pub mod secrets;
mod service;
mod settings;
pub mod simulation;
mod sqs;
pub mod stub;
mod usage;
pub mod wire;
mod world;

pub use admin::Reply;
pub use answer::{Answer, deliver, post};
pub use chaos::{Chaos, Figures};
pub use child_process::ChildProcess;
pub use cpu_profile::CpuProfile;
pub use disk::syncs_per_second;
pub use document::{Described, document};
pub use exposition::{Exposition, Sample};
pub use orders::{A, B, C, ITEMS, ORDER, PUBLISHED, WHOLE, another, event, paid, pair};
pub use ports::contract::FakeClock;
pub use postgres::{PASSWORD as DATABASE_PASSWORD, Postgres};
pub use process::{Process, program_under_test, run};
pub use records::JournalReader;
pub use sample::Rate;
pub use secrets::assert_none as assert_no_secret;
pub use service::Service;
pub use settings::{ADMIN_TOKEN, KEY, OTHER_KEY, Settings};
pub use sqs::{SqsKind, SqsQueue, aws};
pub use usage::Usage;
pub use world::TestWorld;
