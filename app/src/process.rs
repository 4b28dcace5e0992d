//! The use case and its service: one attempt at one cancellation, for webhook and worker.

pub mod credit;
pub mod elapsed;
pub mod job_codec;
pub mod local_leases;
pub mod outcome;
pub mod service;
