//! Supervises the long-running tasks.
//!
//! A task that panics, or ends before it is asked to stop, is a failure: it is logged,
//! `/health/ready` reports it, and the process drains and ends with exit code 3, so that the
//! platform restarts it. Without this the process would stay up and ready, without its worker.

use std::{any::Any, sync::Arc};

use ports::redact_emails;
use thiserror::Error;
use tokio::{sync::SetOnce, task::JoinHandle};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// Watches tasks; clones watch the same ones.
#[derive(Debug, Clone)]
pub struct Supervisor {
    stop: CancellationToken,
    watchers: TaskTracker,
    failure: Arc<SetOnce<TaskError>>,
}

/// How a supervised task failed. The panic message is only in the log: `/health/ready` needs no
/// token.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TaskError {
    /// It returned before it was asked to stop.
    #[error("task {0} ended early")]
    EndedEarly(String),
    /// It panicked.
    #[error("task {0} panicked")]
    Panicked(String),
}

impl Supervisor {
    /// A supervisor of tasks that end when `stop` is cancelled.
    #[must_use]
    pub fn new(stop: CancellationToken) -> Self {
        Self { stop, watchers: TaskTracker::new(), failure: Arc::default() }
    }

    /// Runs a task that returns only after `stop`.
    pub fn run(&self, task: impl Into<String>, work: impl Future<Output = ()> + Send + 'static) {
        self.run_until(task, self.stop.clone(), tokio::spawn(work));
    }

    /// Supervises a running task that returns only after a `stop` of its own.
    pub fn run_until(
        &self,
        task: impl Into<String>,
        stop: CancellationToken,
        work: JoinHandle<()>,
    ) {
        let task = task.into();
        let failure = Arc::clone(&self.failure);
        self.watchers.spawn(async move {
            let panic = work.await.err().and_then(|error| error.try_into_panic().ok());
            let error = if let Some(panic) = panic {
                let error = redact_emails(panic_message(&*panic));
                tracing::error!(task, error, "Background task panicked");
                TaskError::Panicked(task)
            } else if stop.is_cancelled() {
                return;
            } else {
                tracing::error!(task, "Background task ended early");
                TaskError::EndedEarly(task)
            };
            // The first failure is the reason for the shutdown; later ones are in the log.
            failure.set(error).ok();
        });
    }

    /// The first failure, if there is one.
    #[must_use]
    pub fn failure(&self) -> Option<TaskError> {
        self.failure.get().cloned()
    }

    /// Returns once a task has failed.
    pub async fn failed(&self) {
        self.failure.wait().await;
    }

    /// Returns once all tasks have ended.
    pub async fn join(&self) {
        self.watchers.close();
        self.watchers.wait().await;
    }
}

fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let formatted = panic.downcast_ref::<String>().map(String::as_str);
    formatted.or_else(|| panic.downcast_ref().copied()).unwrap_or("no message")
}

#[cfg(test)]
mod tests;
