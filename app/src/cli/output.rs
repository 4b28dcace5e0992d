//! The standard output of a command, whose reader may close it: `memobridge list | head -1`.

use std::io::{self, ErrorKind, StdoutLock, Write};

use thiserror::Error;

/// The exit code when the reader closed the output: that of a program that SIGPIPE ends.
pub(super) const CLOSED: u8 = 128 + 13;

/// The reader closed the output.
#[derive(Debug, Error)]
#[error("the output is closed")]
struct ClosedOutputError;

/// Standard output, whose errors can be distinguished from those of other pipes.
pub(super) struct Output(StdoutLock<'static>);

/// Standard output, locked for this thread until it is dropped.
pub(super) fn stdout() -> Output {
    Output(io::stdout().lock())
}

/// Whether a command failed only because the reader closed its output.
pub(super) fn is_closed(error: &anyhow::Error) -> bool {
    let causes = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    let mut inner = causes.filter_map(io::Error::get_ref);
    inner.any(|error| error.downcast_ref::<ClosedOutputError>().is_some())
}

fn named(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::BrokenPipe => io::Error::new(ErrorKind::BrokenPipe, ClosedOutputError),
        _ => error,
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(named)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(named)
    }
}
