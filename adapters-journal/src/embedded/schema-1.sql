-- Schema 1 of the embedded journal. Times are milliseconds since 1970, UTC;
-- amounts are decimals as text.
CREATE TABLE cancellation (
    -- The order of first receipt; never used twice, as it is a cursor.
    place         INTEGER PRIMARY KEY AUTOINCREMENT,
    id            TEXT    NOT NULL UNIQUE,
    tenant        TEXT    NOT NULL,
    event         TEXT    NOT NULL,
    order_id      TEXT    NOT NULL,
    -- {"unit": "reason of the event, or null"}
    units         TEXT    NOT NULL,
    published_at  INTEGER NOT NULL,
    received_at   INTEGER NOT NULL,
    waiting_since INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    state         TEXT    NOT NULL,
    reason        TEXT,
    detail        TEXT,
    deliveries    INTEGER NOT NULL
) STRICT;

CREATE INDEX cancellation_by_state ON cancellation (state, place);
-- What is counted every half minute: small however much is over.
CREATE INDEX cancellation_unfinished ON cancellation (state, tenant, waiting_since)
    WHERE state IN ('working', 'deferred', 'parked');
-- What is over, by how long ago: for what is forgotten.
CREATE INDEX cancellation_over ON cancellation (updated_at)
    WHERE state IN ('posted', 'skipped');
CREATE INDEX cancellation_by_order ON cancellation (order_id, place);

-- Claims refer to their cancellation by name only: they outlive it.
CREATE TABLE claim (
    seq             INTEGER PRIMARY KEY AUTOINCREMENT,
    key             TEXT    NOT NULL UNIQUE,
    cancellation    TEXT    NOT NULL,
    tenant          TEXT    NOT NULL,
    order_id        TEXT    NOT NULL,
    memo            TEXT    NOT NULL,
    -- The ledger's own id of the memo, once it is settled.
    record          TEXT,
    number          TEXT,
    confirmed_total TEXT
) STRICT;

CREATE INDEX claim_by_cancellation ON claim (cancellation, seq);
CREATE INDEX claim_by_order ON claim (tenant, order_id, seq);
CREATE INDEX claim_unsettled ON claim (cancellation) WHERE record IS NULL;
CREATE INDEX claim_unconfirmed ON claim (cancellation)
    WHERE record IS NOT NULL AND confirmed_total IS NULL;

-- The primary key is the promise that a unit is credited at most once.
CREATE TABLE claimed_unit (
    tenant   TEXT NOT NULL,
    order_id TEXT NOT NULL,
    unit     TEXT NOT NULL,
    key      TEXT NOT NULL REFERENCES claim (key) ON DELETE CASCADE,
    PRIMARY KEY (tenant, order_id, unit)
) STRICT, WITHOUT ROWID;

CREATE INDEX claimed_unit_by_key ON claimed_unit (key);

CREATE TABLE hold (
    tenant   TEXT    NOT NULL,
    order_id TEXT    NOT NULL,
    token    TEXT    NOT NULL,
    until    INTEGER NOT NULL,
    PRIMARY KEY (tenant, order_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    cancellation TEXT    NOT NULL REFERENCES cancellation (id) ON DELETE CASCADE,
    at           INTEGER NOT NULL,
    text         TEXT    NOT NULL
) STRICT;

CREATE INDEX history_by_cancellation ON history (cancellation, seq);

CREATE TABLE flag (
    seq          INTEGER PRIMARY KEY AUTOINCREMENT,
    cancellation TEXT    NOT NULL REFERENCES cancellation (id) ON DELETE CASCADE,
    text         TEXT    NOT NULL,
    UNIQUE (cancellation, text)
) STRICT;
