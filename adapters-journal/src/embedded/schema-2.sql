-- Schema 2 of the embedded journal.
-- When the memo was last sent without an answer that is known; what is older counts as
-- sent now.
ALTER TABLE claim ADD COLUMN sent_at INTEGER NOT NULL DEFAULT 0;
UPDATE claim SET sent_at = unixepoch() * 1000 WHERE record IS NULL;
