-- Schema 2 of the embedded journal.
-- When the memo was last sent without an answer that is known; 0 for what is older.
ALTER TABLE claim ADD COLUMN sent_at INTEGER NOT NULL DEFAULT 0;
