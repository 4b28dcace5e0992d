-- Schema 1 of the journal in PostgreSQL. Times are milliseconds since 1970, UTC;
-- amounts are decimals as text; memos and units are JSON as it was written.
CREATE TABLE journal_schema (
    version INTEGER PRIMARY KEY
);

CREATE TABLE cancellation (
    -- The order of first receipt, with gaps.
    place         BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id            TEXT   NOT NULL UNIQUE,
    tenant        TEXT   NOT NULL,
    event         TEXT   NOT NULL,
    order_id      TEXT   NOT NULL,
    -- {"unit": "reason of the event, or null"}
    units         TEXT   NOT NULL,
    published_at  BIGINT NOT NULL,
    received_at   BIGINT NOT NULL,
    waiting_since BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    state         TEXT   NOT NULL,
    reason        TEXT,
    detail        TEXT,
    deliveries    BIGINT NOT NULL
);

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
    seq             BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key             TEXT   NOT NULL UNIQUE,
    cancellation    TEXT   NOT NULL,
    tenant          TEXT   NOT NULL,
    order_id        TEXT   NOT NULL,
    memo            TEXT   NOT NULL,
    -- The ledger's own id of the memo, once it is settled.
    record          TEXT,
    number          TEXT,
    confirmed_total TEXT
);

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
);

CREATE INDEX claimed_unit_by_key ON claimed_unit (key);

CREATE TABLE hold (
    tenant   TEXT   NOT NULL,
    order_id TEXT   NOT NULL,
    token    TEXT   NOT NULL,
    until    BIGINT NOT NULL,
    PRIMARY KEY (tenant, order_id)
);

CREATE TABLE history (
    seq          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cancellation TEXT   NOT NULL REFERENCES cancellation (id) ON DELETE CASCADE,
    at           BIGINT NOT NULL,
    text         TEXT   NOT NULL
);

CREATE INDEX history_by_cancellation ON history (cancellation, seq);

CREATE TABLE flag (
    seq          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cancellation TEXT   NOT NULL REFERENCES cancellation (id) ON DELETE CASCADE,
    text         TEXT   NOT NULL,
    UNIQUE (cancellation, text)
);
