-- Schema 2 of the journal in PostgreSQL.
-- When the memo was last sent without an answer that is known; 0 for what is older.
ALTER TABLE claim ADD COLUMN sent_at BIGINT NOT NULL DEFAULT 0;
