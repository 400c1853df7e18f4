//! What an admin reads when the directory could not be read as it should be.
//!
//! Promises the whole text, ports, ids and folders apart. Leaves how it comes to that to [`super`].

pub use crate::fed::words::{FEWER, NO_CLASS, NO_GROUPS, NO_MAIL, WRONG_PASSWORD};

pub const UNTRUSTED: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: its certificate is signed by an authority that is not trusted
  hint: name the file of that authority under `ca`
-- exit 3
";

pub const PLAIN: &str = r"-- stderr
error: sources.hq.ldap.url: over this line the password could be read on the way
 --> plain.yaml:7:12
  |
7 |       url: ldap://127.0.0.1:PORT
  |            ^^^^^^^^^^^^^^^^^^^^^^
  |
  = help: write ldaps:// or `starttls: true`; where the line itself is safe, write `plain_text: true`

error: the config has 1 problem; nothing was done
-- exit 1
";

pub const NO_KEY: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: uid=user0001,ou=people,dc=example,dc=com has no `employeeNumber`; no other user can be used either
  hint: check `users.key` and `dialect`, and that the bind name may read the attribute
-- exit 3
";

pub const EMPTY: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: nothing under ou=empty,dc=example,dc=com matches (objectClass=inetOrgPerson), which is never taken for an empty directory
  hint: correct `users.base` or `users.filter`, or let the bind name read the entries
-- exit 3
";

pub const NO_BASE: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: the base ou=peple,dc=example,dc=com is not there; what is there ends at dc=example,dc=com
  hint: correct `users.base`, or let the bind name read it
-- exit 3
";

pub const NO_FILTER: &str = r#"-- stderr
error: sources.hq.ldap.users.filter: this is no LDAP filter (RFC 4515)
  --> open.yaml:10:61
   |
10 |       users: { base: "ou=people,dc=example,dc=com", filter: "(&(objectClass=inetOrgPerson)(uid=*)" }
   |                                                             ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
   |
   = help: write it like (&(objectClass=person)(!(title=Contractor))), every bracket closed

error: the config has 1 problem; nothing was done
-- exit 1
"#;

pub const CUT: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldap://127.0.0.1:PORT: users, after 32 entries: the connection was cut
  hint: nothing is concluded from what came before it; the next run reads again
-- exit 3
";

pub const AWAY: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: it cannot be reached: Connection refused (os error 111)
  hint: check that it runs, and that host and port in `url` are right
-- exit 3
";

pub const NO_MEMBERS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: groups: cn=team-001,ou=groups,dc=example,dc=com cannot be used: a groupOfNames always has members, and this one shows none; let the bind name read them
  hint: a group that cannot be read stops the reading, so that nobody loses access by it
-- exit 3
";

pub const LIMIT: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: the server stopped after 20 of the entries (size limit)
  hint: raise it for the bind name: olcLimits (limits), size.prtotal=unlimited for pages, time=unlimited for slow searches
-- exit 3
";

pub const HIDDEN: &str = r#"hq  54 users, 21 groups
  · groups: 12 members are not there, or hidden from us: uid=user0010,ou=people,dc=example,dc=com; uid=user0020,ou=people,dc=example,dc=com; uid=user0030,ou=people,dc=example,dc=com; …
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

pub const OTHER_DIALECT: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: uid=user0001,ou=people,dc=example,dc=com has no `nsUniqueId`; no other user can be used either
  hint: check `users.key` and `dialect`, and that the bind name may read the attribute
-- exit 3
";

pub const ELSEWHERE: &str = r"hq  17 users, 11 groups
  · groups team-009 → team-010 → team-009 form a cycle
  · users: 1 part of the tree is on another server, and referrals are not followed; while that is so, nobody counts as missing (choose `users.base` below it)

app  plan ID, compared with the app

  in line: nothing to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 0
";

pub const TOO_LATE: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: the server stopped after 9 of the entries (time limit)
  hint: raise it for the bind name: olcLimits (limits), size.prtotal=unlimited for pages, time=unlimited for slow searches
-- exit 3
";

pub const NO_SWITCH: &str = r"hq  19 users, 11 groups
  ! uid=user0009,ou=people,dc=example,dc=com: `roomNumber` is “cellar”, not true or false (held back)
  · groups team-009 → team-010 → team-009 form a cycle

app  plan ID, compared with the app

  in line: nothing to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 4
";

pub const AWAY_BESIDE: &str = r"hr  18 users, 0 groups
  · 18 users stay as before: `hq`, not read as a whole, may have more to say of them

app  plan ID, compared with the app

  in line: nothing to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: it cannot be reached: Connection refused (os error 111)
  hint: check that it runs, and that host and port in `url` are right
-- exit 3
";

pub const NO_OWN_KEY: &str = r"hq  59 users, 21 groups
  ! uid=user0004,ou=people,dc=example,dc=com: has no `entryUUID` (held back)
  · users: 1 entry does not say whose it is; until that is set right, nobody counts as missing
  · groups: 2 members are not among the users: uid=user0004,ou=people,dc=example,dc=com; uid=user0004,ou=people,dc=example,dc=com
  · groups team-019 → team-020 → team-019 form a cycle

app  plan ID, compared with the app

  in line: nothing to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 4
";

pub const ONE_HIDDEN: &str = r#"hq  59 users, 21 groups
  · groups: 2 members are not there, or hidden from us: uid=user0004,ou=people,dc=example,dc=com; uid=user0004,ou=people,dc=example,dc=com
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

pub const THIRD_GONE: &str = r#"hq  42 users, 21 groups
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it removes nobody without approval: 42 users, where the last reading had 60

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, so nobody counts as missing
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

pub const NO_TITLE: &str = r#"hq  60 users, 21 groups
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it removes nobody without approval: nobody has `title` any more, where the last reading had it 60 times

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, and with it 60 changes of this app
      user0001, user0002, user0003, user0004, user0005, user0006, user0007, user0008, and 52 more
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

pub const OTHER_MEMBERS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: groups: nothing under ou=groups,dc=example,dc=com matches, which is never taken for the end of all groups
  hint: correct `groups`, let the bind name read them, or leave out `groups`
-- exit 3
";

pub const OLDER: &str = r#"hq  60 users, 21 groups
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it changes nobody without approval: it is older than what was read before, which had a change of WHEN: was the server restored, or does it lag?

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, and with it 8 changes of this app
      user0012, user0013, user0014, user0011, user0012, team-013, team-014, team-015
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

pub const IMPORTED: &str = r#"hq  60 users, 21 groups
  · groups team-019 → team-020 → team-019 form a cycle

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: 80 changes of keys in the directory; the limit is 10 in 24 hours
      user0001, user0002, user0003, user0004, user0005, user0006, user0007, user0008, and 72 more
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

pub const BESIDE_CUT: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldap://127.0.0.1:PORT: users, after 7 entries: the connection was cut
  hint: nothing is concluded from what came before it; the next run reads again
-- exit 3
";

pub const STATUS_CUT: &str = r"daemon  runs since HH:MM UTC, with the config of HH:MM UTC
source hq  read HH:MM UTC, AGE ago, 60 users, 21 groups
  not listened to for now: read before each run; all of it is read again HH:MM UTC
  ! cannot be read, since HH:MM UTC: error: ldap://127.0.0.1:PORT: users, after 7 entries: the connection was cut
      hint: nothing is concluded from what came before it; the next run reads again
  ! nothing can be heard of it, since HH:MM UTC: error: ldap://127.0.0.1:PORT: changes: the server closed the connection
      hint: nothing is concluded from what came before it; the next run reads again
target app  60 accounts (60 active), 20 groups
  last run HH:MM UTC: in line
  next run HH:MM UTC
-- exit 0
";
