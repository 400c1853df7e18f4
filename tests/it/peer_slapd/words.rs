//! What an admin reads when the directory could not be read as it should be.
//!
//! Promises the whole text, ports, ids and folders apart. Leaves how it comes to that to [`super`].

pub const WRONG_PASSWORD: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: the bind as cn=rollcall,ou=services,dc=example,dc=com was refused: wrong name or password
  hint: check `bind.dn`, and the password in the file wrong.password
-- exit 3
";

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

pub const NO_CLASS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: nothing under ou=people,dc=example,dc=com matches (objectClass=inetOrgPersn), which is never taken for an empty directory
  hint: correct `users.base` or `users.filter`, or let the bind name read the entries
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

pub const FEWER: &str = r#"hq  9 users, 21 groups
  · groups: 102 members are not among the users: uid=user0010,ou=people,dc=example,dc=com; uid=user0011,ou=people,dc=example,dc=com; uid=user0012,ou=people,dc=example,dc=com; …
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it removes nobody without approval: the settings of the source have changed since the last reading
  ! in doubt, so it removes nobody without approval: 9 users, where the last reading had 60
  ! in doubt, so it removes nobody without approval: nobody has `employeeType` any more, where the last reading had it 6 times

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, so nobody counts as missing
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

pub const NO_GROUPS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: groups: nothing under ou=empty,dc=example,dc=com matches, which is never taken for the end of all groups
  hint: correct `groups`, let the bind name read them, or leave out `groups`
-- exit 3
";

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
  hint: raise it for the bind name: olcLimits (limits), size.prtotal=unlimited for pages
-- exit 3
";

pub const NO_MAIL: &str = r#"hq  60 users, 21 groups
  · groups team-019 → team-020 → team-019 form a cycle
  ! in doubt, so it removes nobody without approval: nobody has `mail` any more, where the last reading had it 60 times

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, and with it 60 changes of this app
      user0001, user0002, user0003, user0004, user0005, user0006, user0007, user0008, and 52 more
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;

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

pub const BESIDE_CUT: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldap://127.0.0.1:PORT: users, after 7 entries: the connection was cut
  hint: nothing is concluded from what came before it; the next run reads again
-- exit 3
";

pub const STATUS_CUT: &str = r"daemon  runs since HH:MM UTC, with the config of HH:MM UTC
source hq  read HH:MM UTC, 60 users, 21 groups
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
