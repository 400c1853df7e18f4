//! What an admin reads when the domain could not be read as it should be.
//!
//! Promises the whole text, addresses, ids and folders apart. Leaves how it comes to that to
//! [`super`].

pub const EMPTY: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://DC: users: nothing under OU=Empty,DC=ad,DC=example,DC=com matches (&(objectCategory=person)(objectClass=user)), which is never taken for an empty directory
  hint: correct `users.base` or `users.filter`, or let the bind name read the entries
-- exit 3
";

pub const NO_BASE: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://DC: users: the base OU=Stuff,DC=ad,DC=example,DC=com is not there; the server has DC=ad,DC=example,DC=com, CN=Configuration,DC=ad,DC=example,DC=com, CN=Schema,CN=Configuration,DC=ad,DC=example,DC=com
  hint: correct `users.base`, or let the bind name read it; on Active Directory it begins with CN= or OU= and ends with the DC= of the domain
-- exit 3
";

pub const NO_CLASS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://DC: users: nothing under OU=Staff,DC=ad,DC=example,DC=com matches (objectClass=usr), which is never taken for an empty directory
  hint: correct `users.base` or `users.filter`, or let the bind name read the entries
-- exit 3
";

pub const FEWER: &str = r#"hq  9 users, 56 groups
  · groups: 63 members are not among the users: CN=Administrator,CN=Users,DC=ad,DC=example,DC=com; CN=krbtgt,CN=Users,DC=ad,DC=example,DC=com; CN=Administrator,CN=Users,DC=ad,DC=example,DC=com; …
  ! in doubt, so it removes nobody without approval: the settings of the source have changed since the last reading
  ! in doubt, so it removes nobody without approval: 9 users, where the last reading had 60

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
error: ldaps://DC: groups: nothing under OU=Empty,DC=ad,DC=example,DC=com matches, which is never taken for the end of all groups
  hint: correct `groups`, let the bind name read them, or leave out `groups`
-- exit 3
";

pub const WRONG_PASSWORD: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://DC: the bind as rollcall@ad.example.com was refused: wrong name or password
  hint: check `bind.dn`, and the password in the file wrong.password
-- exit 3
";

pub const ANONYMOUS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://DC: users: the server tells nothing to whom it does not know (code 1: 00002020: Operation unavailable without authentication)
  hint: write a `bind` with a name and a password
-- exit 3
";

pub const PLAIN: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldap://DC: the bind as rollcall@ad.example.com was refused: it takes no password over this line
  hint: write ldaps:// or `starttls: true`
-- exit 3
";

pub const FEWER_RIGHTS: &str = r"-- stderr
refused: source hq was not read, so it changes nobody
error: ldaps://DC: users: CN=Family5\, Given5,OU=Staff,DC=ad,DC=example,DC=com shows no `userAccountControl`, so nobody knows whether it is switched off; let the bind name read it; no other user can be used either
  hint: check `users.key` and `dialect`, and that the bind name may read the attribute
-- exit 3
";

pub const CHECK: &str = r"ok config  1 source, 1 target
ok hq  1 user, 1 group
     · ldaps://DC is Active Directory (Samba Team (https://www.samba.org), VERSION)
     · it can: paged results (RFC 2696), DirSync, change notifications
     · users are known by `objectGUID`
     · changes: by asking for highestCommittedUSN as soon as the controller notifies us, and every 2s; deletions every 5m, unless the bind name may read CN=Deleted Objects
     · the first user is user0001: accountExpires 9223372036854775807 · cn Given1 Family1 · givenName Given1 · mail user0001@example.com · objectGUID UUID · sAMAccountName user0001 · sn Family1 · title Title 1 · userAccountControl 544
     · the first group is team-01: 1 member
ok app  for user0001 it would hold: displayName Given1 Family1 · emails user0001@example.com · externalId UUID · name.familyName Family1 · name.givenName Given1 · title Title 1 · userName user0001
ok app  for the group team-01 it would hold: displayName team-01 · 1 member (pushed by `team-*`)
ok app  answers, and has 1 account
everything is as it should be
-- exit 0
";

pub const OLDER: &str = r#"hq  60 users, 56 groups
  · groups: 12 members are not among the users: CN=Administrator,CN=Users,DC=ad,DC=example,DC=com; CN=krbtgt,CN=Users,DC=ad,DC=example,DC=com; CN=Administrator,CN=Users,DC=ad,DC=example,DC=com; …
  ! in doubt, so it changes nobody without approval: it is older than what was read before, which had the change number N: was the server restored, or does it lag?

app  plan ID, compared with the app

  held back by the guard
    ! H-ID: the reading of hq is in doubt, and with it 8 changes of this app
      team-13, team-14, team-15, user0011, user0012, user0012, user0013, user0014
      → if this is right: rollcall approve H-ID --because "…"

  nothing else to change

app  0 done, 0 not; requests: 2 read, 0 write, 0 token

-- exit 3
"#;
