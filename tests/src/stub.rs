//! Both systems, as fast as a server can be: what the sandbox answered once, in which nothing
//! but an order's number changes. For benchmarks, where the sandbox would be what is measured.
//!
//! [`Script::record`] has the service do its work on one order between the sandbox's two
//! systems, and keeps what went over the wire. [`run`] answers from that, in a process of its
//! own. What the service does not read of an answer, such as a memo's key, stays as recorded.

mod call;
mod client;
mod floor;
mod recording;
mod script;
mod serving;
mod template;

pub use call::Call;
pub use client::{Counts, Stub};
pub use floor::floor;
pub use script::Script;
pub use serving::{run, serve};
pub use template::Template;
