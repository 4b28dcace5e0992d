-- Schema 2 of the embedded queue.
-- When the job was put off, or leased, by the clock that `due` was reckoned with: a clock
-- that shows less has been set back since. 0 where an older program did it.
ALTER TABLE job ADD COLUMN put_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job ADD COLUMN again_put_at INTEGER;

CREATE INDEX job_by_put_at ON job (put_at);
