//! The kill test at length: `cargo run --release -p tests --bin chaos -- --help`.

use std::process::ExitCode;

use clap::Parser;
use tests::{Chaos, Settings, program_under_test};

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
    /// On SQS and PostgreSQL instead of embedded files.
    #[arg(long)]
    shared: bool,
    /// Draws everything.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

#[expect(clippy::print_stdout, reason = "a report for people")]
fn main() -> anyhow::Result<ExitCode> {
    let Arguments { orders, kills, replicas, intake, shared, seed } = Arguments::parse();
    let runtime = tokio::runtime::Runtime::new()?;
    let figures = runtime.block_on(async {
        let stores = if shared { Chaos::shared_settings().await } else { Chaos::settings() };
        let settings = Settings { intake, ..stores };
        Chaos { orders, kills, replicas, settings, seed }.run(&program_under_test()).await
    });
    println!("{figures:#?}");
    Ok(ExitCode::SUCCESS)
}
