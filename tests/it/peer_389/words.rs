//! What an admin reads when the directory could not be read as it should be, and what it is.
//!
//! Promises the whole text, ports, ids, keys, versions and folders apart. Leaves how it comes to that to
//! [`super`].

pub use crate::fed::words::{FEWER, NO_CLASS, NO_GROUPS, NO_MAIL, WRONG_PASSWORD};

pub const EMPTY: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: nothing under ou=empty,dc=example,dc=com matches (objectClass=person), which is never taken for an empty directory
  hint: correct `users.base` or `users.filter`, or let the bind name read the entries
-- exit 3
";

pub const NO_BASE: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: nothing under ou=peple,dc=example,dc=com matches (objectClass=person), which is never taken for an empty directory
  hint: correct `users.base` or `users.filter`, or let the bind name read the entries
-- exit 3
";

pub const ANONYMOUS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: nothing under ou=people,dc=example,dc=com matches (objectClass=person), which is never taken for an empty directory
  hint: correct `users.base` or `users.filter`, or let the bind name read the entries
-- exit 3
";

pub const NO_MEMBERS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: groups: none of the 21 groups has a member among the users, which is never taken for the end of all memberships
  hint: let the bind name read the members, or say how they are written: `groups.form`, `groups.member`
-- exit 3
";

pub const HIDDEN: &str = r#"hq  54 users, 21 groups
  · groups: 12 members are not among the users: uid=user0010,ou=people,dc=example,dc=com; uid=user0020,ou=people,dc=example,dc=com; uid=user0030,ou=people,dc=example,dc=com; …
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it removes nobody without approval: nobody has `employeeType` any more, where the last reading had it 6 times

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, so nobody counts as missing
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

pub const LIMIT: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: the server stopped after 20 of the entries (administrative limit)
  hint: raise it for the bind name: nsLookThroughLimit, nsTimeLimit, and nsSizeLimit for answers without pages; -1 is none
-- exit 3
";

pub const CHECK: &str = r"ok config  1 source, 1 target
ok hq  20 users, 11 groups
     · ldaps://127.0.0.1:PORT is 389 Directory Server (389 Project, VERSION)
     · it can: paged results (RFC 2696), persistent search, StartTLS
     · users are known by `nsUniqueId`
     · changes: by persistent search, and asking what has changed
     · the first user is user0001: cn Given1 Family1 · givenName Given1 · mail user0001@example.com · manager UID=user0002,OU=People,dc=example,dc=com · nsUniqueId KEY · sn Family1 · title Title 1 · uid user0001
     · the first group is team-001: 2 members
     · groups team-009 → team-010 → team-009 form a cycle
ok app  for user0001 it would hold: displayName Given1 Family1 · emails user0001@example.com · externalId KEY · name.familyName Family1 · name.givenName Given1 · title Title 1 · manager hq:KEY · userName user0001
ok app  for the group team-001 it would hold: displayName team-001 · 2 members (pushed by `team-*`)
ok app  answers, and has 20 accounts
everything is as it should be
-- exit 0
";

pub const ONE_HIDDEN: &str = r#"hq  59 users, 21 groups
  · groups: 2 members are not among the users: uid=user0004,ou=people,dc=example,dc=com; uid=user0004,ou=people,dc=example,dc=com
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it removes nobody without approval: users gone from view: 1, while groups name 1 whom nobody finds, and named none before: a right hides people from the bind name, or groups keep the names of the deleted (then approve it: from then on, whoever is gone waits for `absent_for` instead)

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, so nobody counts as missing
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

pub const ONE_GROUP: &str = r#"hq  60 users, 21 groups
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it removes nobody without approval: nobody is in the group `team-001` any more, where the last reading had 3 in it

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, and with it 3 changes of this app
      user0001, user0021, user0041
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

pub const OLDER_ENTRIES: &str = r#"hq  60 users, 21 groups
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it changes nobody without approval: it is older than what was read before, which had an entry as it was changed at WHEN: was the server restored, or does it lag?

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, and with it 8 changes of this app
      user0012, user0013, user0014, user0011, user0012, team-013, team-014, team-015
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

pub const OLDER_NUMBER: &str = r#"hq  60 users, 21 groups
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it changes nobody without approval: it is older than what was read before, which had the change number N: was the server restored, or does it lag?

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, and with it 2 changes of this app
      user0013, team-013
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;
