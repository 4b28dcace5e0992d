//! Every journal against every promise of its port.

use adapters_journal::Embedded;
use ports::{Journal, contract::journal::Subject, contract_tests};
use tempfile::TempDir;
use tests::reference::MemoryJournal;

struct InAFile {
    journal: Embedded,
    folder: TempDir,
}

fn embedded() -> InAFile {
    let folder = tempfile::tempdir().expect("a temporary folder can be made");
    InAFile { journal: open(&folder), folder }
}

fn open(folder: &TempDir) -> Embedded {
    Embedded::open(&folder.path().join("journal.db")).expect("a new file opens")
}

impl Subject for InAFile {
    fn journal(&self) -> &dyn Journal {
        &self.journal
    }

    fn reopen(&self) -> Box<dyn Journal> {
        Box::new(open(&self.folder))
    }
}

/// The reference, whose clones are what processes see of one store.
struct InMemory(MemoryJournal);

impl Subject for InMemory {
    fn journal(&self) -> &dyn Journal {
        &self.0
    }

    fn reopen(&self) -> Box<dyn Journal> {
        Box::new(self.0.clone())
    }
}

/// The promises of every journal.
macro_rules! journal_tests {
    ($adapter:ident, $fresh:expr) => {
        contract_tests!($adapter, $fresh, journal:
            a_cancellation_opened_twice_is_one,
            a_late_ending_does_not_unsettle,
            an_ending_is_known_to_a_redelivery,
            an_order_is_held_by_one_runner_at_a_time,
            a_hold_is_released_by_its_token_only,
            a_unit_is_claimed_by_one_key,
            units_are_claimed_per_order,
            claiming_again_replaces_an_unsettled_memo,
            claiming_a_settled_key_changes_nothing,
            freed_units_can_be_claimed_again,
            a_settled_claim_is_never_freed,
            a_vanished_record_frees_its_units,
            settling_and_confirming_twice_is_doing_it_once,
            nothing_is_settled_that_was_not_claimed,
            a_claim_belongs_to_the_cancellation_that_made_it,
            a_retry_starts_the_deadline_anew,
            history_is_append_only,
            what_is_noted_only_adds_to_the_history,
            a_flag_is_shown_once,
            an_ending_is_found,
            a_query_finds_what_meets_it,
            unfinished_memos_are_found,
            pages_are_newest_first,
            a_step_of_an_unknown_cancellation_is_refused,
            a_journal_is_shared_by_processes,
        );
    };
}

journal_tests!(in_a_file, async { embedded() });
journal_tests!(in_memory, async { InMemory(MemoryJournal::default()) });
