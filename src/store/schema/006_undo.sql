-- The writes of a line (JSON, without values and bodies) and what it did, in enough detail to take it
-- back (JSON); '' where there is none. Lines of older versions have neither, and their hashes go
-- without.
ALTER TABLE journal ADD COLUMN requests TEXT NOT NULL DEFAULT '';
ALTER TABLE journal ADD COLUMN deed TEXT NOT NULL DEFAULT '';

CREATE INDEX journal_of_run ON journal (run, number);

-- What an undo has set back, and is left alone while the facts are the same: an account, a group, or
-- a user within a group. What a kind does not name is ''.
CREATE TABLE pin (
    target    TEXT NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('account', 'group', 'member')),
    source    TEXT NOT NULL,
    key       TEXT NOT NULL,
    member_source TEXT NOT NULL,
    member    TEXT NOT NULL,
    facts     INTEGER NOT NULL,
    run       TEXT NOT NULL,
    pinned_by TEXT NOT NULL,
    at        TEXT NOT NULL,
    PRIMARY KEY (target, kind, source, key, member_source, member),
    CHECK ((kind = 'member') = (member_source <> ''))
) STRICT, WITHOUT ROWID;
