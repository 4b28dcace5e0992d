//! `memobridge sandbox`: an end-to-end demo against simulated systems.
//!
//! Simulated NewStore tenants and NetSuite accounts answer over real HTTP; the service runs with
//! a configuration as a customer would write it, with its queue and journal in a
//! temporary folder.

mod environment;
mod run;
mod samples;
mod table;

use std::{
    io::{IsTerminal, Write},
    time::Instant,
};

use anyhow::Context;

use {
    self::table::Style,
    crate::cli::{
        output::stdout,
        sandbox::{environment::Environment, run::run_samples},
    },
};

/// Whether the sandbox keeps running after the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Afterwards {
    /// It ends.
    Stop,
    /// It runs until it receives a signal.
    Keep,
}

/// Runs all samples.
///
/// # Errors
///
/// A sample without the expected result, or a sandbox that cannot start.
pub(super) async fn run(afterwards: Afterwards) -> anyhow::Result<()> {
    let style = if std::io::stdout().is_terminal() { Style::Colour } else { Style::Plain };
    let environment = Environment::start().await.context("the sandbox cannot start")?;
    print(&format!(
        "A simulated NewStore and NetSuite are up, and memobridge serves at {}\n\
         between them. Each sample is an event sent to its webhook.\n\n",
        environment.webhook()
    ))?;
    let began = Instant::now();
    let results = run_samples(&environment, style).await?;
    let wrong = results.iter().filter(|it| !it.is_right()).count();
    print(&table::summary(results.len(), wrong, began.elapsed(), style))?;
    if afterwards == Afterwards::Keep {
        print(&environment.hints())?;
        environment.until_stopped().await?;
    }
    environment.shut_down().await?;
    anyhow::ensure!(wrong == 0, "a sample failed");
    Ok(())
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = stdout();
    out.write_all(text.as_bytes())?;
    out.flush()
}
