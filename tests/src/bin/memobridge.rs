//! The program itself, built beside the tests so that they can kill it.

use std::process::ExitCode;

fn main() -> ExitCode {
    app::cli::run()
}
