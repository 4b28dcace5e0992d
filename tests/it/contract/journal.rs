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
            a_late_attempt_does_not_undo_a_settled_state,
            a_redelivery_gets_the_known_outcome,
            an_orders_lease_has_one_owner_at_a_time,
            a_clock_set_back_neither_prolongs_nor_ends_a_lease,
            a_lease_is_released_by_its_token_only,
            a_unit_is_claimed_by_one_key,
            units_are_claimed_per_order,
            a_memo_of_another_order_is_not_claimed,
            claiming_again_replaces_an_unsettled_memo,
            claiming_a_settled_key_changes_nothing,
            freed_units_can_be_claimed_again,
            a_settled_claim_is_never_freed,
            a_deleted_record_frees_its_units,
            steps_are_written_all_or_none,
            an_unsettled_claim_records_when_it_was_last_sent,
            settling_and_confirming_are_idempotent,
            an_unclaimed_memo_cannot_be_settled,
            a_claim_belongs_to_the_cancellation_that_made_it,
            a_retry_restarts_the_deadline,
            consecutive_failed_tries_are_counted,
            memos_of_other_orders_are_found,
            history_is_append_only,
            a_note_only_adds_to_the_history,
            any_text_can_be_stored,
            an_outage_does_not_fill_the_history,
            a_flag_is_shown_once,
            an_outcome_can_be_queried,
            a_query_finds_exactly_the_matching_records,
            unfinished_memos_are_found,
            unfinished_cancellations_are_counted,
            expired_cancellations_are_deleted,
            pages_are_newest_first,
            a_step_of_an_unknown_cancellation_is_refused,
            a_journal_is_shared_by_processes,
            concurrent_deliveries_are_one_cancellation,
            an_orders_lease_never_has_two_owners,
            concurrent_claims_never_overlap,
            concurrent_outcomes_leave_it_settled,
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
