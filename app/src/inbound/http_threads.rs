//! The threads that serve HTTP, and do nothing else.
//!
//! An order of thousands of units is a second of reckoning, and an answer about it megabytes to
//! read. None of that waits for anything, so it keeps the thread it runs on to itself: were it one
//! of those that also serve HTTP, `/health/live` would be silent as soon as there are as many such
//! orders as cores, and `respond_within` would not be kept. So connections, heads, bodies and the
//! time for an answer are looked after here, and attempts run on the threads of everything else.
//! What is reckoned with, in this crate and in adapters, needs to know nothing of it; the system
//! shares the cores among threads fairly.

use std::io;

use tokio::runtime::{Builder, Handle, Runtime};

/// As the system shows them.
pub const NAME: &str = "http";
const COUNT: usize = 2;

/// A runtime of these threads. Dropping it ends them where they are.
pub struct Threads(Option<Runtime>);

impl Threads {
    /// Starts them; each of them begins with `first`.
    pub fn start(first: impl Fn() + Send + Sync + 'static) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(COUNT).thread_name(NAME).enable_all().on_thread_start(first);
        Ok(Self(Some(builder.build()?)))
    }

    /// To spawn on them.
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
        // Dropped as it is, a runtime waits, and on a thread of another one it must not.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
