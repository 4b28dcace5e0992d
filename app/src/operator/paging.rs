//! A long answer of the journal, page by page: however many match, few are held at once.

use ports::{CancellationRecord, Journal, JournalError, Query};

/// How many cancellations one look reads.
const PAGE: usize = 500;

/// The next page of what matches, if there is one; the query then asks for the one after it.
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
