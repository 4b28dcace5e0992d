-- Schema 2 of the journal in PostgreSQL.
-- When the memo was last sent without an answer that is known; what is older, or is
-- claimed by an older program, counts as sent now.
ALTER TABLE claim ADD COLUMN sent_at BIGINT NOT NULL
    DEFAULT (extract(epoch FROM now()) * 1000)::bigint;
