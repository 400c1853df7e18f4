-- The newest changes that the accepted readings of a source had, by the numbers of its servers.
CREATE TABLE reading_mark (
    source TEXT NOT NULL REFERENCES reading (source) ON DELETE CASCADE,
    scale  TEXT NOT NULL CHECK (scale IN ('time', 'count', 'here', 'database', 'entry')),
    origin TEXT NOT NULL,
    at     TEXT NOT NULL,
    PRIMARY KEY (source, scale, origin)
) STRICT, WITHOUT ROWID;
