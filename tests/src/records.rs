//! The service's two files, looked at and disturbed from outside.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use app::{config, wiring};
use ports::{Journal, Query, Record, State};

/// The folder with the queue and the journal.
#[derive(Debug, Clone)]
pub struct Book {
    /// The journal's file.
    pub journal: PathBuf,
    /// The queue's file.
    pub queue: PathBuf,
}

impl Book {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self { journal: folder.join("data/journal.db"), queue: folder.join("data/queue.db") }
    }

    /// A second handle on the journal, as `memobridge list` has it.
    #[must_use]
    pub fn open(&self) -> Arc<dyn Journal> {
        let config = config::Journal::Embedded { path: self.journal.clone() };
        wiring::journal(&config).expect("the journal can be opened beside the service")
    }

    /// What became of the only cancellation with this id.
    pub async fn record(&self, id: &str) -> Option<Record> {
        let id = Some(id.parse().expect("an answer's id is an id"));
        self.find(&Query { id, ..Query::default() }).await.pop()
    }

    /// All cancellations, oldest first.
    pub async fn all(&self) -> Vec<Record> {
        let mut found = self.find(&Query { limit: 1000, ..Query::default() }).await;
        found.reverse();
        found
    }

    /// The state of each cancellation with its reason, oldest first.
    pub async fn states(&self) -> Vec<(State, Option<String>)> {
        self.all().await.into_iter().map(|it| (it.state, it.reason)).collect()
    }

    async fn find(&self, query: &Query) -> Vec<Record> {
        self.open().find(query).await.expect("the journal can be read beside the service")
    }

    /// Loses both files, as a machine does that is replaced.
    pub fn lose(&self) {
        for file in [&self.journal, &self.queue] {
            for suffix in ["", "-wal", "-shm"] {
                let mut name = file.clone().into_os_string();
                name.push(suffix);
                // What was never written is lost as well.
                drop(fs::remove_file(name));
            }
        }
    }
}
