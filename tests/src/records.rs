//! The service's queue and journal, looked at and disturbed from outside.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use app::{config::Config, wiring};
use ports::{CancellationRecord, CancellationState, Journal, Query};

/// The configuration's name in the folder of a world.
pub(crate) const CONFIG: &str = "memobridge.toml";

/// Real time after which a wait has failed: leases of what was killed end before.
const TIMEOUT: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(25);

/// Where the queue and the journal are.
#[derive(Debug, Clone)]
pub struct JournalReader {
    /// The journal's file, unless it is in a database.
    pub journal: PathBuf,
    /// The queue's file.
    pub queue: PathBuf,
    config: PathBuf,
}

impl JournalReader {
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            journal: folder.join("data/journal.db"),
            queue: folder.join("data/queue.db"),
            config: folder.join(CONFIG),
        }
    }

    /// A second handle on the journal, as `memobridge list` has it.
    #[must_use]
    pub async fn open(&self) -> Arc<dyn Journal> {
        let (_, journal) = Config::stores(&self.config).expect("the configuration is ours");
        wiring::journal(&journal).await.expect("the journal can be opened beside the service")
    }

    /// What became of the only cancellation with this id.
    pub async fn record(&self, id: &str) -> Option<CancellationRecord> {
        let id = Some(id.parse().expect("an answer's id is an id"));
        self.find(&Query { id, ..Query::default() }).await.pop()
    }

    /// Whether the cancellation with this id is posted.
    pub async fn is_posted(&self, id: &str) -> bool {
        self.record(id).await.is_some_and(|record| record.state == CancellationState::Posted)
    }

    /// All cancellations, oldest first.
    pub async fn all(&self) -> Vec<CancellationRecord> {
        let mut found = self.find(&Query { limit: 1000, ..Query::default() }).await;
        found.reverse();
        found
    }

    /// The state of each cancellation with its reason, oldest first.
    pub async fn states(&self) -> Vec<(CancellationState, Option<String>)> {
        self.all().await.into_iter().map(|it| (it.state, it.reason)).collect()
    }

    /// How many cancellations are in this state.
    pub async fn count(&self, state: CancellationState) -> usize {
        let mut query = Query { state: Some(state), limit: 10_000, ..Query::default() };
        let journal = self.open().await;
        let mut count = 0;
        loop {
            let page = journal.find(&query).await.expect("the journal can be read");
            let Some(last) = page.last() else { return count };
            query.after = Some(last.sequence);
            count += page.len();
        }
    }

    /// The newest cancellations in this state, with their lives.
    pub async fn in_state(&self, state: CancellationState) -> Vec<CancellationRecord> {
        self.find(&Query { state: Some(state), with_history: true, ..Query::default() }).await
    }

    /// Waits, in the machine's time, until every cancellation is in this state.
    pub async fn becomes(&self, state: CancellationState, when: &str) {
        let mut last = Vec::new();
        let wanted = async {
            loop {
                last = self.all().await;
                if !last.is_empty() && last.iter().all(|it| it.state == state) {
                    return;
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let became = tokio::time::timeout(TIMEOUT, wanted).await;
        assert!(became.is_ok(), "{when}: not all became {state:?}: {last:?}");
    }

    async fn find(&self, query: &Query) -> Vec<CancellationRecord> {
        self.open().await.find(query).await.expect("the journal can be read beside the service")
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
