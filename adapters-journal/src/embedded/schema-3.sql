-- Schema 3 of the embedded journal.
-- When the lease was taken, by the clock that `until` was reckoned with: a clock that shows
-- less has been set back since. 0 where an older program took it.
ALTER TABLE hold ADD COLUMN taken_at INTEGER NOT NULL DEFAULT 0;
