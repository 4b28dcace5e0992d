//! Hooks for the fuzz targets. Not part of the public API.

pub use crate::{embedded::fuzzing::Rows, sqs::fuzzing::FuzzMessage};
