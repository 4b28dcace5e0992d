//! The long-running tasks beside the webhook.

pub mod gauges;
pub mod order_queue;
pub mod permission_probe;
pub mod read_back;
pub mod recovery;
pub mod retention;
pub mod scheduler;
pub mod stores;
pub mod stream;
pub mod supervisor;
pub mod worker;
