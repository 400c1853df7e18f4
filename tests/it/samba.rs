//! Samba's domain controller in a folder of its own, with a made-up company in it.
//!
//! Promises that nothing but an address of loopback that no other story has is listened on, and that
//! every server ends with its story, whatever happens to that. Leaves what happens to the stories.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rollcall::clock::Clock;
use tempfile::TempDir;

use crate::ldif;
use crate::served::Leashed;
use crate::slapd::certify;

/// Who rollcall is there.
pub const BIND: &str = "rollcall@ad.example.com";
/// The password of that name; of no use anywhere else.
pub const PASSWORD: &str = "A-password-for-a-test-2";
/// Who may do everything.
pub const ADMIN: &str = "administrator@ad.example.com";
/// The password that `tests/run` gives to the admin.
pub const ADMIN_PASSWORD: &str = "A-password-for-a-test-1";
/// The top of the domain.
pub const TOP: &str = "DC=ad,DC=example,DC=com";

/// A running server.
pub struct Samba {
    folder: TempDir,
    address: String,
    child: Option<Leashed>,
}

impl Samba {
    /// A domain with so many people in it, and so many groups. Person N is in group N modulo the
    /// number of groups; each tenth group also holds the group before it.
    pub async fn with(people: usize, groups: usize) -> Self {
        let mut samba = Self {
            folder: tempfile::tempdir().expect("there is room for a folder"),
            address: free_address(),
            child: None,
        };
        let domain = std::env::var_os("ROLLCALL_TEST_DOMAIN");
        let domain = PathBuf::from(domain.expect("./tests/run makes a domain"));
        for part in ["private", "state"] {
            copy(&domain.join(part), &samba.path(part));
        }
        certify(samba.folder.path(), &samba.address);
        only_ours(&samba.path("server.key"));
        let config = include_str!("../peers/smb.conf")
            .replace("FOLDER", &samba.folder.path().display().to_string())
            .replace("ADDRESS", &samba.address);
        fs::write(samba.path("smb.conf"), config).expect("the folder can be written");
        fs::write(samba.path("password"), ADMIN_PASSWORD).expect("the folder can be written");
        samba.load(&company(people, groups));
        samba.start().await;
        samba
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its address with TLS.
    pub fn secure(&self) -> String {
        format!("ldaps://{}", self.address)
    }

    /// Its address in the clear.
    pub fn plain(&self) -> String {
        format!("ldap://{}", self.address)
    }

    /// Puts entries into its database, which is much faster than asking it.
    pub fn load(&self, ldif: &str) {
        self.directly("ldbadd", ldif);
    }

    fn directly(&self, tool: &str, ldif: &str) {
        fs::write(self.path("all.ldif"), ldif).expect("the folder can be written");
        let done = Command::new(tool)
            .arg("--configfile")
            .arg(self.path("smb.conf"))
            .arg("-H")
            .arg(self.path("private/sam.ldb"))
            .arg(self.path("all.ldif"))
            .output()
            .expect("it starts; ./tests/run installs it");
        assert!(done.status.success(), "{done:?}");
    }

    /// Starts it, or starts it again.
    pub async fn start(&mut self) {
        let log = fs::File::create(self.path("start.log")).expect("the folder can be written");
        // Samba ends when its standard input does: also where this process is killed.
        let child = Command::new("samba")
            .args(["--interactive", "--model=single", "--configfile"])
            .arg(self.path("smb.conf"))
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a copy"))
            .stderr(log)
            .spawn();
        self.child = Some(Leashed(
            child.expect("samba starts; ./tests/run installs it"),
        ));
        for _ in 0..600 {
            if TcpStream::connect((self.address.as_str(), 636)).is_ok() {
                return;
            }
            Clock::System.sleep(Duration::from_millis(50)).await;
        }
        let log = fs::read_to_string(self.path("start.log")).unwrap_or_default();
        panic!("samba does not answer after 30 s: {log}");
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// Keeps what it holds under a name.
    pub fn back_up(&self, name: &str) {
        copy(&self.path("private"), &self.path(name));
    }

    /// Takes it back to what it held; it must not run.
    pub fn restore(&self, name: &str) {
        assert!(self.child.is_none(), "it runs");
        fs::remove_dir_all(self.path("private")).expect("it is ours");
        copy(&self.path(name), &self.path("private"));
    }

    /// Changes the directory as its admin (RFC 2849).
    pub fn change(&self, ldif: &str) {
        ldif::send(&self.secure(), ADMIN, self.folder.path(), ldif);
    }

    /// One value of an entry, as the admin sees it; in base64 with a colon after the attribute.
    pub fn value(&self, dn: &str, attribute: &str) -> String {
        let found = Command::new("ldapsearch")
            .env("LDAPTLS_CACERT", self.path("ca.pem"))
            .args(["-LLL", "-x", "-o", "ldif-wrap=no", "-H", &self.secure()])
            .args(["-D", ADMIN, "-y"])
            .arg(self.path("password"))
            .args(["-s", "base", "-b", dn, "(objectClass=*)"])
            .arg(attribute.trim_end_matches(':'))
            .output()
            .expect("ldapsearch starts");
        assert!(found.status.success(), "{found:?}");
        let text = String::from_utf8(found.stdout).expect("text");
        let mut lines = text.lines();
        let value = lines.find_map(|line| line.strip_prefix(&format!("{attribute}: ")));
        value.unwrap_or_else(|| panic!("{text}")).to_owned()
    }

    /// The last part of the identifier of a group, by which users name it.
    pub fn account(&self, dn: &str) -> String {
        let sid = STANDARD
            .decode(self.value(dn, "objectSid:"))
            .expect("base64");
        let last = sid.last_chunk().expect("it has four bytes");
        u32::from_le_bytes(*last).to_string()
    }

    /// Sets one value of an entry.
    pub fn set(&self, dn: &str, attribute: &str, value: &str) {
        self.change(&format!(
            "dn: {dn}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        ));
    }

    /// Puts an entry into another place, under the same name or another.
    pub fn move_to(&self, dn: &str, name: &str, place: &str) {
        self.change(&format!(
            "dn: {dn}\nchangetype: modrdn\nnewrdn: {name}\ndeleteoldrdn: 1\nnewsuperior: {place}\n"
        ));
    }

    /// From now on, who is deleted keeps their values for a while (MS-ADTS, 3.1.1.9.1). Samba takes that from
    /// nobody over LDAP; it must not run.
    pub fn turn_recycle_bin_on(&self) {
        assert!(self.child.is_none(), "it runs");
        let partitions = format!("CN=Partitions,CN=Configuration,{TOP}");
        let feature = "766ddcd8-acd0-445e-f3b9-a7f9b6744f2a";
        self.directly(
            "ldbmodify",
            &format!(
                "dn:\nchangetype: modify\nadd: enableOptionalFeature\nenableOptionalFeature: \
                 {partitions}:{feature}\n"
            ),
        );
    }

    /// Adds an entry to a group, or takes it out.
    pub fn membership(&self, group: &str, member: &str, is_in: bool) {
        let how = if is_in { "add" } else { "delete" };
        self.change(&format!(
            "dn: {group}\nchangetype: modify\n{how}: member\nmember: {member}\n"
        ));
    }
}

/// An address of loopback for each story of each process.
fn free_address() -> String {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let process = std::process::id();
    let count = COUNT.fetch_add(1, Ordering::Relaxed) % 150;
    let (high, low) = (process / 250 % 250, process % 250);
    format!("127.{}.{}.{}", 100 + count, high + 1, low + 1)
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp")
        .args(["--recursive", "--sparse=always", "--no-target-directory"])
        .args([from, to])
        .output()
        .expect("cp starts");
    assert!(done.status.success(), "{done:?}");
}

fn only_ours(path: &Path) {
    let permissions = fs::Permissions::from_mode(0o600);
    fs::set_permissions(path, permissions).expect("the file is ours");
}

/// The DN of a person; person 5 has a comma in the name, person 3 is not ASCII.
pub fn person(number: usize) -> String {
    format!("{},OU=Staff,{TOP}", name(number))
}

/// The name of a person in its place.
pub fn name(number: usize) -> String {
    match number {
        3 => "CN=李小龍".to_owned(),
        5 => "CN=Family5\\, Given5".to_owned(),
        number => format!("CN=Given{number} Family{number}"),
    }
}

/// The DN of a group.
pub fn team(number: usize) -> String {
    format!("CN=team-{number:02},OU=Teams,{TOP}")
}

/// One person as LDIF; person 1 has a manager.
pub fn hired(number: usize) -> String {
    let dn = STANDARD.encode(person(number));
    let mut text = format!(
        "dn:: {dn}\nobjectClass: user\nsAMAccountName: user{number:04}\n\
         givenName: Given{number}\nmail: user{number:04}@example.com\ntitle: Title {number}\n\
         userAccountControl: 544\n"
    );
    if number == 3 {
        text.push_str("sn:: 5p2O\n");
    } else {
        let _ = writeln!(text, "sn: Family{number}");
    }
    text + "\n"
}

/// A person who is in nobody's way, many at once: no more than a name.
pub fn crowd(people: usize) -> String {
    let mut text = String::new();
    for number in 1..=people {
        let _ = write!(
            text,
            "dn: CN=crowd{number:04},OU=Staff,{TOP}\nobjectClass: user\n\
             sAMAccountName: crowd{number:04}\nuserAccountControl: 544\n\n"
        );
    }
    let _ = write!(
        text,
        "dn: CN=crowd,OU=Teams,{TOP}\nobjectClass: group\nsAMAccountName: crowd\n"
    );
    for number in 1..=people {
        let _ = writeln!(text, "member: CN=crowd{number:04},OU=Staff,{TOP}");
    }
    text
}

fn company(people: usize, groups: usize) -> String {
    let mut text = String::new();
    for place in [
        "Staff",
        "Abroad,OU=Staff",
        "Teams",
        "Services",
        "Left",
        "Empty",
    ] {
        let _ = write!(
            text,
            "dn: OU={place},{TOP}\nobjectClass: organizationalUnit\n\n"
        );
    }
    let password: Vec<u8> = format!("\"{PASSWORD}\"")
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let _ = write!(
        text,
        "dn: CN=rollcall,OU=Services,{TOP}\nobjectClass: user\nsAMAccountName: rollcall\n\
         userPrincipalName: {BIND}\nuserAccountControl: 66048\nunicodePwd:: {}\n\n\
         dn: CN=PC1,OU=Staff,{TOP}\nobjectClass: computer\nsAMAccountName: PC1$\n\
         userAccountControl: 4096\n\n\
         dn: CN=A Supplier,OU=Staff,{TOP}\nobjectClass: contact\nmail: someone@example.net\n\n",
        STANDARD.encode(password)
    );
    for number in 1..=people {
        text.push_str(&hired(number));
    }
    for number in 1..=groups {
        let _ = write!(
            text,
            "dn: {}\nobjectClass: group\nsAMAccountName: team-{number:02}\n",
            team(number)
        );
        for member in (1..=people).filter(|person| person % groups == number % groups) {
            let _ = writeln!(text, "member:: {}", STANDARD.encode(person(member)));
        }
        if number.is_multiple_of(10) {
            let _ = writeln!(text, "member: {}", team(number - 1));
        }
        text.push('\n');
    }
    text
}
