//! Every journal against every promise of its port.

use adapters_journal::{DatabaseUrl, Embedded, Memory, Postgres};
use async_trait::async_trait;
use ports::{Journal, OpenCounts, Retention, contract::journal::JournalSubject, contract_tests};
use tempfile::TempDir;

struct InMemory(Memory);

struct InAFile {
    journal: Embedded,
    folder: TempDir,
}

struct InPostgres {
    journal: Postgres,
    url: DatabaseUrl,
}

fn embedded() -> InAFile {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    InAFile { journal: open(&folder), folder }
}

fn open(folder: &TempDir) -> Embedded {
    Embedded::open(&folder.path().join("journal.db")).expect("a new file opens")
}

async fn postgres() -> InPostgres {
    let url = tests::Postgres::shared().await.database().await;
    let url = url.parse().expect("a URL of the tests is a URL");
    InPostgres { journal: connect(&url).await, url }
}

async fn connect(url: &DatabaseUrl) -> Postgres {
    Postgres::open(url).await.expect("a new database opens")
}

#[async_trait]
impl JournalSubject for InMemory {
    fn journal(&self) -> &dyn Journal {
        &self.0
    }

    fn open_counts(&self) -> &dyn OpenCounts {
        &self.0
    }

    fn retention(&self) -> &dyn Retention {
        &self.0
    }

    async fn reopen(&self) -> Box<dyn Journal> {
        Box::new(self.0.clone())
    }
}

#[async_trait]
impl JournalSubject for InAFile {
    fn journal(&self) -> &dyn Journal {
        &self.journal
    }

    fn open_counts(&self) -> &dyn OpenCounts {
        &self.journal
    }

    fn retention(&self) -> &dyn Retention {
        &self.journal
    }

    async fn reopen(&self) -> Box<dyn Journal> {
        Box::new(open(&self.folder))
    }
}

#[async_trait]
impl JournalSubject for InPostgres {
    fn journal(&self) -> &dyn Journal {
        &self.journal
    }

    fn open_counts(&self) -> &dyn OpenCounts {
        &self.journal
    }

    fn retention(&self) -> &dyn Retention {
        &self.journal
    }

    async fn reopen(&self) -> Box<dyn Journal> {
        Box::new(connect(&self.url).await)
    }
}

/// Every promise, so that no journal can leave one out.
macro_rules! journal_tests {
    ($(#[$meta:meta])? $adapter:ident, $fresh:expr) => {
        contract_tests!($(#[$meta])? $adapter, $fresh, journal:
            a_cancellation_opened_twice_is_one,
            a_late_ending_does_not_unsettle,
            an_ending_is_known_to_a_redelivery,
            an_order_is_held_by_one_runner_at_a_time,
            a_clock_that_is_set_back_neither_prolongs_nor_ends_a_lease,
            a_hold_is_released_by_its_token_only,
            a_unit_is_claimed_by_one_key,
            units_are_claimed_per_order,
            a_memo_of_another_order_is_not_claimed,
            claiming_again_replaces_an_unsettled_memo,
            claiming_a_settled_key_changes_nothing,
            freed_units_can_be_claimed_again,
            a_settled_claim_is_never_freed,
            a_vanished_record_frees_its_units,
            steps_are_written_all_or_none,
            an_unsettled_claim_tells_when_it_was_last_sent,
            settling_and_confirming_twice_is_doing_it_once,
            nothing_is_settled_that_was_not_claimed,
            a_claim_belongs_to_the_cancellation_that_made_it,
            a_retry_starts_the_deadline_anew,
            failed_tries_are_counted_in_a_row,
            what_was_written_beside_an_order_is_found,
            history_is_append_only,
            what_is_noted_only_adds_to_the_history,
            any_text_can_be_written_down,
            an_outage_does_not_fill_the_history,
            a_flag_is_shown_once,
            an_ending_is_found,
            a_query_finds_what_meets_it,
            unfinished_memos_are_found,
            what_is_not_over_is_counted,
            what_is_long_over_is_forgotten,
            pages_are_newest_first,
            a_step_of_an_unknown_cancellation_is_refused,
            a_journal_is_shared_by_processes,
            deliveries_at_once_are_one,
            an_order_is_never_held_by_two,
            claims_at_once_never_overlap,
            endings_at_once_leave_it_settled,
        );
    };
}

journal_tests!(in_memory, async { InMemory(Memory::default()) });
journal_tests!(in_a_file, async { embedded() });
journal_tests!(
    #[ignore = "needs PostgreSQL"]
    in_postgres,
    async { postgres().await }
);
