//! The `Jobs` port: a queue in a file, one in Amazon SQS, and one in memory.
//!
//! [`Embedded`] is for one machine, [`Sqs`] for several. [`Memory`] is the reference: the same
//! promises in the fewest lines, for tests and simulations.

mod embedded;
#[doc(hidden)]
pub mod fuzzing;
mod job_notifier;
mod memory;
mod sqs;
#[cfg(test)]
mod testing;

pub use embedded::Embedded;
pub use memory::Memory;
pub use sqs::{Sqs, SqsOptions, aws};

use ports::{Job, JobsError};

/// The longest body of a job, in bytes; no queue accepts more.
const MAX_BODY: usize = 1024 * 1024;

/// The most jobs that one call leases.
const MAX_LEASED: usize = 256;

fn accept(job: &Job) -> Result<(), JobsError> {
    if job.body.len() <= MAX_BODY {
        return Ok(());
    }
    let problem = format!("job {} has {} bytes, the limit is {MAX_BODY}", job.id, job.body.len());
    Err(JobsError::Unavailable(problem.into()))
}
