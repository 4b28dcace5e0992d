//! `memobridge sandbox`: the whole way in a box, for the first look.
//!
//! Simulated NewStore tenants and NetSuite accounts answer over real HTTP; the
//! service runs beside them from a configuration as a retailer would write it,
//! with its queue and journal in a temporary folder.

mod play;
mod samples;
mod stage;
mod table;

use std::{
    io::{IsTerminal, Write},
    time::Instant,
};

use anyhow::Context;

use self::{play::play, stage::Stage, table::Style};

/// Whether the sandbox stays up after the samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// It ends.
    Stop,
    /// It stays until a signal comes.
    Keep,
}

/// Plays all samples; whether every one ended as it should.
pub async fn run(afterwards: Afterwards) -> anyhow::Result<Ending> {
    let style = if std::io::stdout().is_terminal() { Style::Colour } else { Style::Plain };
    let stage = Stage::set().await.context("the sandbox cannot start")?;
    print(&format!(
        "A simulated NewStore and NetSuite are up, and memobridge serves at {}\n\
         between them. Each sample is an event sent to its webhook.\n\n",
        stage.webhook()
    ))?;
    let began = Instant::now();
    let results = play(&stage, style).await?;
    let wrong = results.iter().filter(|it| !it.is_right()).count();
    print(&table::summary(results.len(), wrong, began.elapsed(), style))?;
    if afterwards == Afterwards::Keep {
        print(&stage.invitation())?;
        crate::serve::until_signal().await?;
    }
    stage.strike().await;
    Ok(if wrong == 0 { Ending::AsItShould } else { Ending::Wrong })
}

/// How the samples ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use]
pub enum Ending {
    /// Every one as it should.
    AsItShould,
    /// At least one did not.
    Wrong,
}

fn print(text: &str) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}
