-- The working set of one reconciliation run. Amounts are decimals as text.
CREATE TABLE memo (
    record       TEXT    PRIMARY KEY,
    external_id  TEXT,
    created_from TEXT,
    -- Records, one a line.
    applied_to   TEXT    NOT NULL,
    total        TEXT    NOT NULL,
    shipping     TEXT    NOT NULL,
    number       TEXT,
    reference    TEXT,
    currency     TEXT,
    voided       INTEGER NOT NULL,
    entity       TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE line (
    record      TEXT    NOT NULL,
    nth         INTEGER NOT NULL,
    item        TEXT    NOT NULL,
    external_id TEXT,
    name        TEXT,
    source_line INTEGER,
    quantity    TEXT,
    amount      TEXT    NOT NULL,
    -- Ids, one a line.
    units       TEXT    NOT NULL,
    PRIMARY KEY (record, nth)
) STRICT, WITHOUT ROWID;

-- Names that an order and its memos have in common: units, invoices, the order's number.
CREATE TABLE lookup_key (
    name   TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (name, record)
) STRICT, WITHOUT ROWID;

-- Orders that were compared. The storefront may list an order on two pages.
CREATE TABLE seen (
    order_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
    number INTEGER PRIMARY KEY,
    -- The place of its kind in the report.
    rank   INTEGER NOT NULL,
    text   TEXT    NOT NULL
) STRICT;

CREATE INDEX finding_by_rank ON finding (rank, number);
