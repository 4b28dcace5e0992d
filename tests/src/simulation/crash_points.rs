//! The life of one process, which may end between any two steps.

use std::{
    future::{Future, pending, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
};

use tokio::sync::Notify;

/// Whether a process still runs.
///
/// One that was killed does nothing any more: its tasks are never polled beyond
/// their next call to the outside, and nothing is cleaned up.
#[derive(Debug, Clone, Default)]
pub struct CrashPoint(Arc<State>);

#[derive(Debug, Default)]
struct State {
    over: AtomicBool,
    ended: Notify,
}

impl CrashPoint {
    /// Kills the process.
    pub fn end(&self) {
        self.0.over.store(true, Ordering::Relaxed);
        self.0.ended.notify_waiters();
    }

    /// Whether it was killed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.over.load(Ordering::Relaxed)
    }

    /// Waits until it is killed.
    pub async fn ended(&self) {
        let ended = self.0.ended.notified();
        if !self.is_over() {
            ended.await;
        }
    }

    /// Runs something for as long as the process lives, and never returns after that.
    pub async fn within<F: Future>(&self, work: F) -> F::Output {
        let mut work = pin!(work);
        let alive = poll_fn(|context| {
            if self.is_over() {
                return Poll::Pending;
            }
            // What ends the life itself is not to go on either.
            work.as_mut().poll(context).map(|it| (!self.is_over()).then_some(it))
        });
        match alive.await {
            Some(result) => result,
            None => pending().await,
        }
    }
}
