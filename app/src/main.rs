//! `memobridge`: order cancellations in NewStore become credit memos in the ERP.

use std::{process::ExitCode, sync::Arc};

use app::clock::SystemClock;

fn main() -> ExitCode {
    app::cli::run(Arc::new(SystemClock))
}
