-- Times are RFC 3339 with nine digits after the second, so that text order is time order.
-- Links hold ids and fingerprints only, never values.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A user of a source under a small number, for packed lists of members. Numbers run from 1 without
-- a gap and are never used again.
CREATE TABLE person (
    number INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    key    TEXT NOT NULL,
    UNIQUE (source, key)
) STRICT;

-- An attribute of accounts under a small number, for packed fingerprints; likewise.
CREATE TABLE attribute (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE link (
    target     TEXT NOT NULL,
    person     INTEGER NOT NULL REFERENCES person (number),
    remote_id  TEXT NOT NULL,
    ours       INTEGER NOT NULL CHECK (ours IN (0, 1)),
    active     INTEGER NOT NULL CHECK (active IN (0, 1)),
    sent       BLOB NOT NULL,
    held       BLOB NOT NULL,
    refused    BLOB NOT NULL,
    left_cause TEXT,
    left_since TEXT,
    PRIMARY KEY (target, person),
    CHECK ((left_cause IS NULL) = (left_since IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE group_link (
    target    TEXT NOT NULL,
    source    TEXT NOT NULL,
    key       TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    ours      INTEGER NOT NULL CHECK (ours IN (0, 1)),
    name      INTEGER NOT NULL,
    members   BLOB NOT NULL,
    PRIMARY KEY (target, source, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE job (
    target   TEXT NOT NULL,
    subject  TEXT NOT NULL CHECK (subject IN ('user', 'group')),
    source   TEXT NOT NULL,
    key      TEXT NOT NULL,
    action   TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    state    TEXT NOT NULL CHECK (state IN ('due', 'in_doubt', 'parked')),
    at       TEXT NOT NULL,
    reason   TEXT,
    hint     TEXT,
    content  INTEGER NOT NULL,
    keys     BLOB NOT NULL,
    PRIMARY KEY (target, subject, source, key, action),
    CHECK ((state = 'parked') = (reason IS NOT NULL AND hint IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE hold (
    target      TEXT NOT NULL,
    id          TEXT NOT NULL,
    lane        TEXT NOT NULL,
    size_limit  INTEGER NOT NULL,
    since       TEXT NOT NULL,
    approved_at TEXT,
    approved_by TEXT,
    because     TEXT,
    PRIMARY KEY (target, id),
    CHECK ((approved_at IS NULL) = (approved_by IS NULL)
       AND (approved_at IS NULL) = (because IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE hold_change (
    target   TEXT NOT NULL,
    hold     TEXT NOT NULL,
    position INTEGER NOT NULL,
    subject  TEXT NOT NULL CHECK (subject IN ('user', 'group')),
    source   TEXT NOT NULL,
    key      TEXT NOT NULL,
    action   TEXT NOT NULL,
    PRIMARY KEY (target, hold, position),
    FOREIGN KEY (target, hold) REFERENCES hold (target, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- The last accepted reading of a source; `settings` are the 64 bits of a fingerprint.
CREATE TABLE reading (
    source   TEXT PRIMARY KEY,
    at       TEXT NOT NULL,
    settings INTEGER NOT NULL,
    users    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE reading_attribute (
    source TEXT NOT NULL REFERENCES reading (source) ON DELETE CASCADE,
    name   TEXT NOT NULL,
    users  INTEGER NOT NULL,
    PRIMARY KEY (source, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE missing (
    source   TEXT NOT NULL,
    key      TEXT NOT NULL,
    since    TEXT NOT NULL,
    readings INTEGER NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;

-- Numbered from 1 without a gap; `chain` is the SHA-256 of the line before and this one.
CREATE TABLE journal (
    number   INTEGER PRIMARY KEY,
    at       TEXT NOT NULL,
    run      TEXT NOT NULL,
    target   TEXT NOT NULL,
    subject  TEXT NOT NULL,
    label    TEXT NOT NULL,
    action   TEXT NOT NULL,
    outcome  TEXT NOT NULL,
    detail   TEXT NOT NULL,
    count    INTEGER NOT NULL,
    approved INTEGER NOT NULL CHECK (approved IN (0, 1)),
    chain    BLOB NOT NULL
) STRICT;

CREATE INDEX journal_subject ON journal (subject, number);
CREATE INDEX journal_run ON journal (target, number) WHERE action = 'run';
CREATE INDEX journal_window ON journal (target, at)
    WHERE outcome = 'done' AND approved = 0;

CREATE TRIGGER journal_kept BEFORE DELETE ON journal
BEGIN
    SELECT raise(ABORT, 'the journal is append-only');
END;

CREATE TRIGGER journal_unchanged BEFORE UPDATE ON journal
BEGIN
    SELECT raise(ABORT, 'the journal is append-only');
END;
