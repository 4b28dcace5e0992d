//! Dedicated threads for HTTP.
//!
//! An order of thousands of units takes a second to decide, and the response about it has megabytes
//! to parse. Neither waits for I/O, so it keeps its thread busy. If that were a thread that also
//! serves HTTP, as many such orders as cores would block `/health/live`, and `respond_within` would
//! not be kept. So these threads handle connections, heads, bodies and response deadlines, and
//! attempts run on the other threads. The code that computes, in this crate and in adapters, does
//! not depend on this; the operating system shares the cores fairly among threads.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// Their name in the operating system.
pub const NAME: &str = "http";
const COUNT: usize = 2;

/// A runtime of these threads. Dropping it ends them without waiting.
pub struct Threads(Option<Runtime>);

impl Threads {
    /// Starts the threads; each of them calls `first` first.
    pub fn start(first: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(COUNT).thread_name(NAME).enable_all().on_thread_start(first);
        Ok(Self(Some(builder.build()?)))
    }

    /// The handle to spawn tasks on them.
    #[must_use]
    pub fn handle(&self) -> &Handle {
        self.0.as_ref().expect("it runs until it is dropped").handle()
    }

    /// The runtime, to wait until its threads have ended.
    #[must_use]
    pub fn into_runtime(mut self) -> Runtime {
        self.0.take().expect("it runs until it is dropped")
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Dropping a runtime waits for its threads, which is not allowed on a thread of another
        // runtime.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
