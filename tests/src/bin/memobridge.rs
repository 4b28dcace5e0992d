//! The program itself, built beside the tests so that they can kill it.

use std::{process::ExitCode, sync::Arc};

use app::clock::SystemClock;

fn main() -> ExitCode {
    app::cli::run(Arc::new(SystemClock))
}
