//! NewStore: the orders behind cancellations over GraphQL, the webhook's wire shape, and the
//! event stream that calls it.
//!
//! Everything that is NewStore's own stays in here: its query, its token
//! server, its two kinds of 403, its event names. What leaves are `domain`'s
//! words and [`ports::StorefrontError`].

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
