//! What an admin reads of a reading that was refused, where more than one kind of server makes it so.
//!
//! Promises the whole text, ports apart. Leaves what only one kind of server brings about to its story.

pub const WRONG_PASSWORD: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: the bind as cn=rollcall,ou=services,dc=example,dc=com was refused: wrong name or password
  hint: check `bind.dn`, and the password in the file wrong.password
-- exit 3
";

pub const NO_CLASS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://127.0.0.1:PORT: users: nothing under ou=people,dc=example,dc=com matches (objectClass=inetOrgPersn), which is never taken for an empty directory
  hint: correct `users.base` or `users.filter`, or let the bind name read the entries
-- exit 3
";

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
