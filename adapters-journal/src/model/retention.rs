//! Deletes expired cancellations, with the same statements in every database.

/// `$1` is the time before which nothing may have happened, `$2` how many at most.
/// Found by the index `cancellation_over`; history and flags go by their foreign keys.
pub(crate) const FORGET: &str = "DELETE FROM cancellation WHERE place IN \
     (SELECT place FROM cancellation WHERE state IN ('posted', 'skipped') AND updated_at < $1 \
      ORDER BY updated_at LIMIT $2)";

/// How many, as the databases take it.
pub(crate) fn at_most(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
