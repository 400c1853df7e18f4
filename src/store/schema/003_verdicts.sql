-- What people have decided by hand: an account that is not a user's (`apart`), an account or a user
-- that is never touched (`ignored_account`, `ignored_user`). What a kind does not name is ''.
CREATE TABLE verdict (
    target    TEXT NOT NULL,
    kind      TEXT NOT NULL CHECK (kind IN ('apart', 'ignored_account', 'ignored_user')),
    source    TEXT NOT NULL,
    key       TEXT NOT NULL,
    remote_id TEXT NOT NULL,
    PRIMARY KEY (target, kind, source, key, remote_id),
    CHECK ((kind = 'ignored_account') = (source = '')),
    CHECK ((kind = 'ignored_user') = (remote_id = ''))
) STRICT, WITHOUT ROWID;
