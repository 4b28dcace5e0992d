//! The NewStore adapter: reads orders over GraphQL, defines the webhook's format, and manages the
//! event stream that calls it.
//!
//! Everything specific to NewStore stays in this crate: its query, its token server, its two kinds
//! of 403, its event names. It returns types of `domain` and [`ports::StorefrontError`].

mod api;
mod cancelled;
mod examine;
mod fragments;
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod instant;
mod integrations;
mod json;
mod options;
mod order;
mod quote;
#[cfg(test)]
mod simulator;
mod storefront;
mod token;
pub mod webhook;

pub use integrations::Integrations;
pub use options::{Options, OptionsError};
pub use storefront::NewStore;
