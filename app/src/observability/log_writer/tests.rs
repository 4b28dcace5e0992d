//! A reader that reads, one that stalls, and one that is closed.

use std::sync::{
    Mutex,
    mpsc::{Sender, channel},
};

use tracing_subscriber::{fmt, prelude::*};

use super::*;

const DROPPED: &str = "memobridge_log_lines_dropped_total";

/// A pipe: each line waits until the test reads it.
struct Pipe {
    lines: Arc<Mutex<Vec<String>>>,
    room: Receiver<()>,
}

impl Write for Pipe {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.room.recv().map_err(|_| io::ErrorKind::BrokenPipe)?;
        self.lines.lock().unwrap().push(String::from_utf8(line.to_owned()).unwrap());
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Lines with room for this many, the end of the pipe that lets lines through, and the lines
/// received.
fn lines(room: usize) -> (Lines, Sender<()>, Arc<Mutex<Vec<String>>>) {
    let (reader, room_in_pipe) = channel();
    let came = Arc::new(Mutex::new(Vec::new()));
    let pipe = Pipe { lines: Arc::clone(&came), room: room_in_pipe };
    (Lines::with_room(room, pipe).unwrap(), reader, came)
}

#[test]
fn a_stalled_reader_loses_lines_that_are_counted_and_reported_once() {
    let (lines, reader, came) = lines(4);
    let log = tracing_subscriber::registry()
        .with(fmt::layer().with_ansi(false).with_writer(lines.clone()));
    let log = tracing::Dispatch::new(log);
    let recorder = crate::observability::recorder();
    let handle = recorder.handle();
    metrics::with_local_recorder(&recorder, || {
        tracing::dispatcher::with_default(&log, || {
            for number in 0..100 {
                tracing::info!("line {number}");
            }
        });
    });
    let dropped = lines.dropped.load(Ordering::Relaxed);
    // Four in the queue, and perhaps one that is being written.
    assert!((95..=96).contains(&dropped), "{dropped}");
    let expected = format!("{DROPPED} {dropped}");
    assert!(handle.render().contains(&expected), "{}", handle.render());
    assert!(!lines.flush(Duration::from_millis(20)), "nothing is written while nobody reads");

    for _ in 0..100 {
        reader.send(()).unwrap();
    }
    assert!(lines.flush(Duration::from_secs(20)));
    let came = came.lock().unwrap().join("");
    assert!(came.contains("line 0") && !came.contains("line 99"), "{came}");
}

#[test]
fn lines_are_written_before_the_process_ends() {
    let (lines, reader, came) = lines(1000);
    for _ in 0..200 {
        (&lines).write_all(b"a line\n").unwrap();
        reader.send(()).unwrap();
    }
    drop(lines.flush_at_the_end());
    assert_eq!(came.lock().unwrap().len(), 200);
    assert_eq!(lines.dropped.load(Ordering::Relaxed), 0);
}

#[test]
fn a_closed_reader_does_not_block_the_service() {
    let (lines, reader, _) = lines(4);
    drop(reader);
    for _ in 0..100 {
        (&lines).write_all(b"a line\n").unwrap();
    }
    assert!(lines.flush(Duration::from_secs(20)));
}
