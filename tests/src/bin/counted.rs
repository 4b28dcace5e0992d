//! The program itself, counting what it takes from its allocator: at its end it says on stderr
//! how many allocations that were, and how many bytes.

use std::{alloc::System, process::ExitCode, sync::Arc};

use app::clock::SystemClock;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

#[expect(clippy::print_stderr, reason = "whoever started it reads it there")]
fn main() -> ExitCode {
    let code = app::cli::run(Arc::new(SystemClock));
    let all = COUNTED.stats();
    let (allocations, bytes) = (all.allocations + all.reallocations, all.bytes_allocated);
    eprintln!("{{\"allocations\":{allocations},\"bytes\":{bytes}}}");
    code
}
