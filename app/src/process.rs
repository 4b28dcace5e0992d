//! The use case and what runs it: one attempt at one cancellation, under the webhook or the worker.

pub mod credit;
pub mod elapsed;
pub mod job_codec;
pub mod local_leases;
pub mod outcome;
pub mod service;
