//! Writes log lines to stderr through a bounded queue and a dedicated thread.
//!
//! A reader of stderr that stalls, such as a log driver that waits for its server, blocks only that
//! thread. Lines that find the queue full are dropped and counted.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TryRecvError, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use tracing_subscriber::fmt::MakeWriter;

/// The most lines that wait. A line has some hundred bytes.
const ROOM: usize = 10_000;
/// How long the process waits at its end for unwritten lines.
const TIMEOUT: Duration = Duration::from_secs(1);
/// The time between two tries to enter a full queue, at the end.
const PAUSE: Duration = Duration::from_millis(5);

/// Accepts lines without blocking.
#[derive(Debug, Clone)]
pub struct Lines {
    queue: SyncSender<Entry>,
    dropped: Arc<AtomicU64>,
}

#[derive(Debug)]
enum Entry {
    Line(Vec<u8>),
    /// A request for an answer once everything before it is written.
    Written(SyncSender<()>),
}

/// Waits, when it is dropped, until the lines so far are written, but not for a reader that stalls.
#[derive(Debug)]
#[must_use]
pub struct Flush(Lines);

impl Lines {
    /// Starts the thread that writes to `out`.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_room(ROOM, out)
    }

    fn with_room(room: usize, out: impl Write + Send + 'static) -> io::Result<Self> {
        let (queue, entries) = sync_channel(room);
        let dropped = Arc::new(AtomicU64::new(0));
        let dropped_ = Arc::clone(&dropped);
        let writer = thread::Builder::new().name("log".to_owned());
        writer.spawn(move || write_all(&entries, out, &dropped_))?;
        Ok(Self { queue, dropped })
    }

    /// The value that must be dropped at the end of the process.
    pub fn flush_at_the_end(&self) -> Flush {
        Flush(self.clone())
    }

    /// Writes everything so far; returns whether that took at most `timeout`.
    fn flush(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let (written, is_written) = sync_channel(1);
        let mut entry = Entry::Written(written);
        while let Err(error) = self.queue.try_send(entry) {
            match error {
                TrySendError::Full(back) if Instant::now() < until => entry = back,
                TrySendError::Full(_) | TrySendError::Disconnected(_) => return false,
            }
            thread::sleep(PAUSE);
        }
        is_written.recv_timeout(until.saturating_duration_since(Instant::now())).is_ok()
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        // A failed write cannot be reported: the log is where it would be reported.
        self.0.flush(TIMEOUT);
    }
}

/// The formatter writes each event in one call.
impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.queue.try_send(Entry::Line(line.to_owned())).is_err() {
            note_dropped(&self.dropped);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

fn note_dropped(dropped: &AtomicU64) {
    dropped.fetch_add(1, Ordering::Relaxed);
    metrics::counter!("memobridge_log_lines_dropped_total").increment(1);
}

/// Writes until every sender was dropped.
fn write_all(entries: &Receiver<Entry>, mut out: impl Write, dropped: &AtomicU64) {
    loop {
        let entry = match entries.try_recv() {
            Ok(entry) => entry,
            Err(TryRecvError::Empty) => {
                tell(dropped.swap(0, Ordering::Relaxed));
                let Ok(entry) = entries.recv() else { return };
                entry
            }
            Err(TryRecvError::Disconnected) => return,
        };
        match entry {
            Entry::Line(line) => {
                if out.write_all(&line).and_then(|()| out.flush()).is_err() {
                    // The reader is closed: a line about it would be dropped as well.
                    metrics::counter!("memobridge_log_lines_dropped_total").increment(1);
                }
            }
            // The sender of the request may have timed out.
            Entry::Written(asked) => drop(asked.try_send(())),
        }
    }
}

/// Logs how many lines a stalled reader missed, once it reads again.
fn tell(dropped: u64) {
    if dropped != 0 {
        tracing::warn!(dropped, "Dropped {dropped} log lines that were not read in time");
    }
}

#[cfg(test)]
mod tests;
