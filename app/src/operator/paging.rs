//! Reads a long result from the journal page by page, so that few records are in memory at once.

use ports::{CancellationRecord, Journal, JournalError, Query};

/// How many cancellations one query reads.
const PAGE: usize = 500;

/// The next page of matches, if there is one; the query is then set to the page after it.
pub async fn next(
    journal: &dyn Journal,
    query: &mut Query,
) -> Result<Option<Vec<CancellationRecord>>, JournalError> {
    query.limit = PAGE;
    let found = journal.find(query).await?;
    let Some(last) = found.last() else {
        return Ok(None);
    };
    query.after = Some(last.sequence);
    Ok(Some(found))
}
