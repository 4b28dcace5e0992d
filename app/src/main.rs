//! `memobridge`: order cancellations in NewStore become credit memos in the ERP.

use std::process::ExitCode;

fn main() -> ExitCode {
    app::cli::run()
}
