-- When an app whose lists leave accounts out was last asked for somebody who is out, and had no account
-- of theirs that is on: asked again only after a while.
CREATE TABLE looked (
    target TEXT NOT NULL,
    source TEXT NOT NULL,
    key    TEXT NOT NULL,
    at     TEXT NOT NULL,
    PRIMARY KEY (target, source, key)
) STRICT, WITHOUT ROWID;
