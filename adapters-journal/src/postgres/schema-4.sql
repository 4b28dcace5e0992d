-- Schema 4 of the journal in PostgreSQL.
-- Tries in a row in which the ledger failed on a cancellation, when the first of them
-- ended, and whether it fails on this order alone.
ALTER TABLE cancellation ADD COLUMN failed_tries BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cancellation ADD COLUMN failing_since BIGINT NOT NULL DEFAULT 0;
ALTER TABLE cancellation ADD COLUMN fails_alone BOOLEAN NOT NULL DEFAULT FALSE;
-- What was written since a moment.
CREATE INDEX claim_written ON claim (sent_at) WHERE record IS NOT NULL;
