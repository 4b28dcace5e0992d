//! The kill test at length: `cargo run --release -p tests --bin storm -- --help`.

use std::{path::PathBuf, process::ExitCode};

use clap::Parser;
use tests::{Settings, Storm};

/// Serves under load, kills at random moments, and checks what is left.
#[derive(Debug, Parser)]
struct Arguments {
    /// Orders with cancelled units.
    #[arg(long, default_value_t = 2000)]
    orders: usize,
    /// kill -9 so often at least.
    #[arg(long, default_value_t = 200)]
    kills: usize,
    /// Processes at once.
    #[arg(long, default_value_t = 1)]
    replicas: usize,
    /// inline or queued.
    #[arg(long, default_value = "inline")]
    intake: String,
    /// Draws everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[expect(clippy::print_stdout, reason = "a report for people")]
fn main() -> anyhow::Result<ExitCode> {
    let Arguments { orders, kills, replicas, intake, seed } = Arguments::parse();
    let settings = Settings { intake, ..Storm::settings() };
    let storm = Storm { orders, kills, replicas, settings, seed };
    let program: PathBuf = std::env::current_exe()?.with_file_name("memobridge-under-test");
    let program = program.display().to_string();
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(storm.rage(&program));
    println!("{figures:#?}");
    Ok(ExitCode::SUCCESS)
}
