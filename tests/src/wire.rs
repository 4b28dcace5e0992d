//! The wire-level simulation: lives of the service over real HTTP, played from a seed.
//!
//! The real service, with its adapters and its queue and journal on files, runs between a
//! simulated NewStore and NetSuite. A seed draws a [`Plan`]: orders, events, and who fails
//! when, in the kinds of [`crate::simulation::SimulatedFault`]. The plan is the same for the same
//! seed; what the network makes of it is not. When everything has come to rest, [`run_each`]
//! says from the account's records and the journal whether each unit was credited once, to
//! the cent, and no event was lost.

mod audit;
mod context;
mod delivery;
mod draw;
mod erp;
mod fault;
mod manual_memos;
mod mutation;
mod order;
mod plan;
mod proxy;
mod run;
mod storefront;

pub use mutation::Mutation;
pub use plan::Plan;
pub use run::run_each;
