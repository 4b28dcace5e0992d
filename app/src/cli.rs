//! The commands of the program.
//!
//! Exit codes: 0 success; 1 the command failed or found a problem; 2 wrong usage, or the
//! configuration cannot be used; 3 a background task of the service failed; 141 the reader closed
//! the output.

mod check;
mod doctor;
mod examples;
mod list;
mod output;
mod reconcile;
mod retry;
#[cfg(feature = "sandbox")]
mod sandbox;
mod serve;
mod show;
mod stream;
mod submit;
mod time_arg;

use std::{
    io::Write,
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
    thread::available_parallelism,
};

use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use ports::{Clock, Journal};

use crate::{
    background::supervisor::TaskError,
    cli::output::stdout,
    config::{Config, ConfigError, JournalConfig, QueueConfig},
    operator::retry::RetryError,
    wiring::{self, OlderJournalError},
};

/// Turns order cancellations in NewStore into credit memos in the ERP.
#[derive(Debug, Parser)]
#[command(name = "memobridge", version, max_term_width = 100, after_help = examples::all())]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[cfg(feature = "sandbox")]
    /// Runs an end-to-end demo: sample cancellations against a simulated NewStore and NetSuite.
    #[command(after_help = examples::SANDBOX)]
    Sandbox {
        /// Keeps the demo running afterwards and prints the addresses.
        #[arg(long)]
        keep: bool,
    },
    /// Runs the service.
    #[command(after_help = examples::SERVE)]
    Serve {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Lists cancellations from the journal, newest first; works while the service runs.
    #[command(after_help = examples::LIST)]
    List(list::List),
    /// Shows one cancellation with its history, attempts, memos and amounts.
    #[command(after_help = examples::SHOW)]
    Show(show::Show),
    /// Requeues cancellations with a new deadline.
    #[command(after_help = examples::RETRY)]
    Retry(retry::Retry),
    /// Processes an event from a file as if the webhook had received it.
    #[command(after_help = examples::SUBMIT)]
    Submit(submit::Submit),
    /// Manages NewStore's event stream: status, registration, replays.
    #[command(subcommand, after_help = "Example:\n  memobridge stream status")]
    Stream(stream::Stream),
    /// Compares NewStore's cancelled units, the journal and the ERP's memos.
    #[command(after_help = "Examples:\n  memobridge reconcile --since 48h\n  \
                      memobridge reconcile --since 2026-11-01 --until 2026-12-01 --repair")]
    Reconcile(reconcile::Reconcile),
    /// Reports every fault of the configuration, and queue or journal files that cannot be used;
    /// uses no network and changes nothing.
    #[command(after_help = examples::CHECK)]
    Check {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Checks the real systems: tokens, clock, permissions, and every configured record.
    #[command(after_help = examples::DOCTOR)]
    Doctor {
        #[command(flatten)]
        config: ConfigFile,
    },
    /// Prints the completion script of a shell.
    #[command(after_help = examples::COMPLETIONS)]
    Completions {
        /// The shell.
        shell: Shell,
    },
}

#[derive(Debug, clap::Args)]
struct ConfigFile {
    /// The configuration file.
    #[arg(id = "config", long, value_name = "FILE", env = "MEMOBRIDGE_CONFIG")]
    file: PathBuf,
}

/// Why a command failed.
enum CommandError {
    /// The command failed or found a problem.
    No(anyhow::Error),
    /// The configuration cannot be used.
    Configuration(ConfigError),
    /// The arguments, or the configuration as a whole, cannot be used.
    Usage(anyhow::Error),
    /// A background task of the service failed.
    Task(TaskError),
}

impl From<anyhow::Error> for CommandError {
    fn from(error: anyhow::Error) -> Self {
        Self::No(error)
    }
}

impl From<RetryError> for CommandError {
    fn from(refused: RetryError) -> Self {
        Self::No(refused.into())
    }
}

impl From<TaskError> for CommandError {
    fn from(error: TaskError) -> Self {
        Self::Task(error)
    }
}

impl From<std::io::Error> for CommandError {
    fn from(error: std::io::Error) -> Self {
        Self::No(error.into())
    }
}

/// Runs the command of this process; `clock` is the clock of the service.
#[must_use]
pub fn run(clock: Arc<dyn Clock>) -> ExitCode {
    let arguments = Arguments::parse();
    // Set explicitly: otherwise tokio reads an environment variable and panics if it is invalid.
    let threads = available_parallelism().map_or(1, NonZero::get);
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    let runtime = match builder.worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return exit_with(&format!("cannot start: {error}"), 1),
    };
    match runtime.block_on(execute(arguments.command, clock)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(CommandError::No(error)) if output::is_closed(&error) => output::CLOSED.into(),
        Err(CommandError::No(error)) => exit_with(&format!("memobridge: {error:#}"), 1),
        Err(CommandError::Usage(error)) => exit_with(&format!("memobridge: {error:#}"), 2),
        Err(CommandError::Configuration(error)) => exit_with(&format!("memobridge: {error}"), 2),
        Err(CommandError::Task(error)) => exit_with(&format!("memobridge: {error}"), 3),
    }
}

async fn execute(command: Command, clock: Arc<dyn Clock>) -> Result<(), CommandError> {
    match command {
        #[cfg(feature = "sandbox")]
        Command::Sandbox { keep } => {
            let afterwards =
                if keep { sandbox::Afterwards::Keep } else { sandbox::Afterwards::Stop };
            Ok(sandbox::run(afterwards).await?)
        }
        Command::Serve { config } => serve::serve(load(&config.file)?, clock).await,
        Command::List(arguments) => list::list(arguments).await,
        Command::Show(arguments) => show::show(arguments).await,
        Command::Retry(arguments) => retry::retry(arguments).await,
        Command::Submit(arguments) => submit::submit(arguments).await,
        Command::Stream(command) => stream::stream(command).await,
        Command::Reconcile(arguments) => reconcile::reconcile(arguments).await,
        Command::Check { config } => check::check(&config.file),
        Command::Doctor { config } => doctor::doctor(&config.file).await,
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Arguments::command(), "memobridge", &mut script);
            Ok(stdout().write_all(&script)?)
        }
    }
}

fn load(file: &Path) -> Result<Config, CommandError> {
    Config::load(file).map_err(CommandError::Configuration)
}

fn stores(file: &Path) -> Result<(QueueConfig, JournalConfig), CommandError> {
    Config::stores(file).map_err(CommandError::Configuration)
}

/// Opens the journal of a configuration for reading.
async fn journal_to_read(file: &Path) -> Result<Arc<dyn Journal>, CommandError> {
    let (_, journal) = stores(file)?;
    wiring::journal_to_read(&journal).await.map_err(unreadable)
}

fn unreadable(error: anyhow::Error) -> CommandError {
    if error.is::<OlderJournalError>() {
        CommandError::Usage(error)
    } else {
        CommandError::No(error)
    }
}

fn exit_with(text: &str, code: u8) -> ExitCode {
    // If stderr is closed, the error cannot be reported anywhere.
    writeln!(std::io::stderr(), "{text}").ok();
    ExitCode::from(code)
}

#[cfg(test)]
mod tests;
