-- Schema 1 of the embedded queue. Times are milliseconds since 1970, UTC.
CREATE TABLE job (
    seq            INTEGER PRIMARY KEY AUTOINCREMENT,
    id             TEXT    NOT NULL UNIQUE,
    order_id       TEXT    NOT NULL,
    attempts       INTEGER NOT NULL,
    body           TEXT    NOT NULL,
    -- When it may be delivered next; while it is leased, the end of the lease.
    due            INTEGER NOT NULL,
    lease          TEXT    UNIQUE,
    -- A push that came while the job was leased: it outlives the ack.
    again_due      INTEGER,
    again_attempts INTEGER
) STRICT;

CREATE INDEX job_by_due ON job (due, seq);
