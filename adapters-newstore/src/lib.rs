//! NewStore: the orders behind cancellations over GraphQL, the webhook's wire shape, and the
//! event stream that calls it.
//!
//! Everything that is NewStore's own stays in here: its query, its token
//! server, its two kinds of 403, its event names. What leaves are `domain`'s
//! words and [`ports::StorefrontError`].

mod alike;
mod api;
mod cancelled;
mod examine;
mod http;
mod instant;
mod integrations;
mod json;
mod options;
mod order;
#[cfg(test)]
mod simulator;
mod storefront;
mod text;
mod token;
pub mod webhook;
#[doc(hidden)]
pub mod wire;

pub use integrations::Integrations;
pub use options::{InvalidOptions, Options};
pub use storefront::NewStore;
