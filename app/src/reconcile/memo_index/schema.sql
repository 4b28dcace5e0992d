-- What one run of the reconciliation keeps for itself. Amounts are decimals as text.
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

-- Names by which an order knows its memos: units, invoices, the order's number.
CREATE TABLE tie (
    name   TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (name, record)
) STRICT, WITHOUT ROWID;

-- Orders that were looked at: a list that moves may tell one twice.
CREATE TABLE seen (
    order_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TABLE finding (
    place INTEGER PRIMARY KEY,
    -- Its name's place among all names: they are told in this order.
    rank  INTEGER NOT NULL,
    text  TEXT    NOT NULL
) STRICT;

CREATE INDEX finding_by_rank ON finding (rank, place);
