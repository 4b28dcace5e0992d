//! Deletes expired cancellations, with the same statements in every database.

/// `$1` is the time before which the last step must have been, `$2` the most cancellations to
/// delete. Uses the index `cancellation_over`; the foreign keys delete history and flags.
pub(crate) const FORGET: &str = "DELETE FROM cancellation WHERE place IN \
     (SELECT place FROM cancellation WHERE state IN ('posted', 'skipped') AND updated_at < $1 \
      ORDER BY updated_at LIMIT $2)";

/// The limit in the databases' type.
pub(crate) fn at_most(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
