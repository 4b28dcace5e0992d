//! History: one line for everything that happened to a cancellation.

use domain::{CancellationId, Timestamp};
use rusqlite::{Connection, params};

/// The longest text for people; an ERP's message can be a whole page.
const MAX_CHARS: usize = 2000;

/// Appends a line and moves the cancellation's last step to it.
pub(super) fn note(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    text: &str,
) -> rusqlite::Result<()> {
    let mut append =
        db.prepare_cached("INSERT INTO history (cancellation, at, text) VALUES (?1, ?2, ?3)")?;
    append.execute(params![id.as_str(), now.as_millis(), bounded(text)])?;
    let mut touch = db.prepare_cached("UPDATE cancellation SET updated_at = ?2 WHERE id = ?1")?;
    touch.execute(params![id.as_str(), now.as_millis()])?;
    Ok(())
}

/// Appends a line that is not there yet.
pub(super) fn note_once(
    db: &Connection,
    id: &CancellationId,
    now: Timestamp,
    text: &str,
) -> rusqlite::Result<()> {
    let mut found =
        db.prepare_cached("SELECT 1 FROM history WHERE cancellation = ?1 AND text = ?2 LIMIT 1")?;
    if found.exists([id.as_str(), bounded(text)])? {
        return Ok(());
    }
    note(db, id, now, text)
}

/// The text, cut where it would be too long to store.
pub(super) fn bounded(text: &str) -> &str {
    text.char_indices().nth(MAX_CHARS).map_or(text, |(end, _)| &text[..end])
}
