-- What keeps the newest reading of a source from being accepted, in the words that people were told.
CREATE TABLE reading_trouble (
    source  TEXT PRIMARY KEY,
    since   TEXT NOT NULL,
    problem TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The members of each group of the last accepted reading that had enough of them to be missed.
CREATE TABLE reading_group (
    source  TEXT NOT NULL REFERENCES reading (source) ON DELETE CASCADE,
    key     TEXT NOT NULL,
    members INTEGER NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;

-- How many names in groups led to nobody; NULL: an older version did not count them.
ALTER TABLE reading ADD COLUMN dangling INTEGER;

-- Rows of one source that belong to people of another.
CREATE TABLE joined_row (
    source       TEXT NOT NULL,
    key          TEXT NOT NULL,
    owner_source TEXT NOT NULL,
    owner        TEXT NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;
