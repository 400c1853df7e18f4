//! OpenLDAP's own server in a folder of its own, with a made-up company in it.
//!
//! Promises that nothing but loopback is listened on, that every server ends with its story, and that
//! who may read what can be changed while it runs. Leaves what happens to the stories.

use std::fmt::Write as _;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rollcall::clock::Clock;
use tempfile::TempDir;

use crate::ldif;
use crate::served::Leashed;

/// Who rollcall is there.
pub const BIND: &str = "cn=rollcall,ou=services,dc=example,dc=com";
/// The password of that name, and of the admin; of no use anywhere else.
pub const PASSWORD: &str = "a-password-for-a-test";
const ADMIN: &str = "cn=admin,dc=example,dc=com";

/// A right that is given by a group, so that it can be taken away without a change of the config.
pub const RIGHTS: [&str; 4] = ["everybody", "mail", "members", "plenty"];

const CONFIG: &str = r#"
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
moduleload refint
moduleload syncprov
moduleload ppolicy
pidfile FOLDER/slapd.pid
TLSCACertificateFile FOLDER/ca.pem
TLSCertificateFile FOLDER/server.pem
TLSCertificateKeyFile FOLDER/server.key
TLSVerifyClient try
authz-regexp "^gidNumber=.*uidNumber=.*,cn=peercred,cn=external,cn=auth$" "cn=rollcall,ou=services,dc=example,dc=com"
authz-regexp "^cn=rollcall$" "cn=rollcall,ou=services,dc=example,dc=com"
sizelimit size.soft=20 size.hard=20 size.prtotal=20
database mdb
suffix "dc=example,dc=com"
rootdn "cn=admin,dc=example,dc=com"
rootpw PASSWORD
directory FOLDER/db
dbnosync
maxsize 268435456
index objectClass,entryUUID,entryCSN,uid,member eq
limits group/groupOfNames/member="cn=plenty,ou=rights,dc=example,dc=com" size=unlimited size.prtotal=unlimited
access to attrs=userPassword by anonymous auth by * none
access to dn.children="ou=people,dc=example,dc=com" attrs=mail by group="cn=mail,ou=rights,dc=example,dc=com" read by * none
access to dn.children="ou=people,dc=example,dc=com" filter=(employeeType=shy) by group="cn=everybody,ou=rights,dc=example,dc=com" read by * none
access to dn.children="ou=groups,dc=example,dc=com" attrs=member by group="cn=members,ou=rights,dc=example,dc=com" read by * none
access to * by users read by * none
overlay memberof
overlay refint
refint_attributes member manager
refint_nothing "cn=admin,dc=example,dc=com"
overlay syncprov
overlay ppolicy
"#;

/// A running server.
pub struct Slapd {
    folder: TempDir,
    port: u16,
    tls_port: u16,
    child: Option<Leashed>,
}

impl Slapd {
    /// A server with so many people, every tenth of them shy, and so many groups. Person N is in
    /// group N modulo the number of groups; each tenth group also holds the group before it, and the
    /// last two hold each other. `cn=staff` holds everybody.
    pub async fn with(people: usize, groups: usize) -> Self {
        let folder = tempfile::tempdir().expect("there is room for a folder");
        let mut slapd = Self {
            folder,
            port: free_port(),
            tls_port: free_port(),
            child: None,
        };
        certify(slapd.folder.path(), "127.0.0.1");
        let config = CONFIG
            .replace("FOLDER", &slapd.folder.path().display().to_string())
            .replace("PASSWORD", PASSWORD);
        fs::write(slapd.path("slapd.conf"), config).expect("the folder can be written");
        fs::write(slapd.path("password"), PASSWORD).expect("the folder can be written");
        fs::create_dir(slapd.path("db")).expect("the folder can be written");
        fs::write(slapd.path("all.ldif"), company(people, groups)).expect("it can be written");
        let loaded = Command::new("slapadd")
            .args(["-q", "-w", "-f"])
            .arg(slapd.path("slapd.conf"))
            .arg("-l")
            .arg(slapd.path("all.ldif"))
            .output()
            .expect("slapadd starts; ./tests/run installs it");
        assert!(loaded.status.success(), "{loaded:?}");
        slapd.start().await;
        slapd
    }

    /// A file of its folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Its address in the clear.
    pub fn plain(&self) -> String {
        format!("ldap://127.0.0.1:{}", self.port)
    }

    /// Its address with TLS.
    pub fn secure(&self) -> String {
        format!("ldaps://127.0.0.1:{}", self.tls_port)
    }

    /// Its socket.
    pub fn socket(&self) -> String {
        let path = self.path("ldapi").display().to_string();
        format!("ldapi://{}", path.replace('/', "%2F"))
    }

    /// The port in the clear.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, or starts it again.
    pub async fn start(&mut self) {
        let addresses = format!("{}/ {}/ {}/", self.plain(), self.secure(), self.socket());
        let log = fs::File::create(self.path("slapd.log")).expect("the folder can be written");
        let child = Command::new("slapd")
            .args(["-d", "0", "-h", &addresses, "-f"])
            .arg(self.path("slapd.conf"))
            .stdout(Stdio::null())
            .stderr(log)
            .spawn();
        self.child = Some(Leashed(
            child.expect("slapd starts; ./tests/run installs it"),
        ));
        for _ in 0..300 {
            if std::net::TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            Clock::System.sleep(Duration::from_millis(50)).await;
        }
        let log = fs::read_to_string(self.path("slapd.log")).unwrap_or_default();
        panic!("slapd does not answer after 15 s: {log}");
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// The config with something else in it, when it starts the next time.
    pub fn reconfigure(&self, change: impl Fn(&str) -> String) {
        let path = self.path("slapd.conf");
        let text = fs::read_to_string(&path).expect("it was written");
        let changed = change(&text);
        assert_ne!(text, changed, "it is another config");
        fs::write(path, changed).expect("the folder can be written");
    }

    /// The same, and starts it again.
    pub async fn restart_with(&mut self, change: impl Fn(&str) -> String) {
        self.shut_down();
        self.reconfigure(change);
        self.start().await;
    }

    /// Takes a right away from everybody: what of whose entries, as in slapd.access(5).
    pub async fn hide(&mut self, what: &str) {
        let first = "access to attrs=userPassword";
        let rule = format!("access to {what} by * none\n{first}");
        self.restart_with(|text| text.replace(first, &rule)).await;
    }

    /// Gives such a right back.
    pub async fn show(&mut self, what: &str) {
        let rule = format!("access to {what} by * none\n");
        self.restart_with(|text| text.replace(&rule, "")).await;
    }

    /// Loads the directory anew from its own copy of itself, with new keys for everybody.
    pub async fn import_anew(&mut self) {
        self.shut_down();
        let settings = self.path("slapd.conf");
        let copied = Command::new("slapcat")
            .args(["-o", "ldif-wrap=no", "-f"])
            .arg(&settings)
            .output()
            .expect("slapcat starts; ./tests/run installs it");
        assert!(copied.status.success(), "{copied:?}");
        let own = ["entryUUID: ", "entryCSN: ", "contextCSN: "];
        let copy = String::from_utf8(copied.stdout).expect("LDIF is text");
        let lines = copy
            .lines()
            .filter(|line| !own.iter().any(|name| line.starts_with(name)));
        let lines: Vec<&str> = lines.collect();
        fs::write(self.path("anew.ldif"), lines.join("\n") + "\n").expect("it can be written");
        fs::remove_dir_all(self.path("db")).expect("it is there");
        fs::create_dir(self.path("db")).expect("the folder can be written");
        let loaded = Command::new("slapadd")
            .args(["-q", "-w", "-f"])
            .arg(&settings)
            .arg("-l")
            .arg(self.path("anew.ldif"))
            .output()
            .expect("slapadd starts");
        assert!(loaded.status.success(), "{loaded:?}");
        self.start().await;
    }

    /// Ends it as an admin would: else it forgets its `contextCSN`, which it writes at its end alone.
    pub fn shut_down(&mut self) {
        let mut running = self.child.take().expect("it runs");
        let id = running.0.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status();
        assert!(told.expect("kill runs").success());
        running.0.wait().expect("it is ours");
    }

    /// Changes the directory as its admin (RFC 2849); references to other servers are entries like
    /// others then (RFC 3296).
    pub fn change(&self, ldif: &str) {
        ldif::send_with(&["-M"], &self.plain(), ADMIN, self.folder.path(), ldif);
    }

    /// Takes a right away from rollcall, or gives it back.
    pub fn allow(&self, right: &str, allowed: bool) {
        let how = if allowed { "add" } else { "delete" };
        self.change(&format!(
            "dn: cn={right},ou=rights,dc=example,dc=com\nchangetype: modify\n{how}: member\n\
             member: {BIND}\n"
        ));
    }
}

/// Makes a CA in a folder, a certificate of the server at this address by it, and one of rollcall.
pub fn certify(folder: &Path, host: &str) {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).expect("no names");
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    authority
        .distinguished_name
        .push(rcgen::DnType::CommonName, "a CA for a test");
    let ca_key = rcgen::KeyPair::generate().expect("a key");
    let ca = authority.self_signed(&ca_key).expect("a certificate");
    let issuer = rcgen::Issuer::new(authority, &ca_key);
    write(&folder.join("ca.pem"), &ca.pem());
    for (file, name) in [("server", host), ("client", "rollcall")] {
        let key = rcgen::KeyPair::generate().expect("a key");
        let mut params = rcgen::CertificateParams::new(vec![name.to_owned()]).expect("a good name");
        params.distinguished_name = rcgen::DistinguishedName::new();
        params
            .distinguished_name
            .push(rcgen::DnType::CommonName, name);
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        write(&folder.join(format!("{file}.pem")), &certificate.pem());
        write(&folder.join(format!("{file}.key")), &key.serialize_pem());
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the folder can be written");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}

/// The DN of a person.
pub fn person(number: usize) -> String {
    format!("uid=user{number:04},ou=people,dc=example,dc=com")
}

/// The DN of a group.
pub fn team(number: usize) -> String {
    format!("cn=team-{number:03},ou=groups,dc=example,dc=com")
}

/// One person as LDIF; person 3 is not ASCII, person 1 has a manager.
pub fn hired(number: usize) -> String {
    let mut text = format!(
        "dn: {}\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: user{number:04}\n\
         givenName: Given{number}\nmail: user{number:04}@example.com\ntitle: Title {number}\n",
        person(number)
    );
    if number == 3 {
        text.push_str("cn:: 5p2O5bCP6b6N\nsn:: 5p2O\n");
    } else {
        let _ = write!(
            text,
            "cn: Given{number} Family{number}\nsn: Family{number}\n"
        );
    }
    if number == 1 {
        let _ = writeln!(text, "manager: UID=user0002, OU=People,dc=example,dc=com");
    }
    if number.is_multiple_of(10) {
        text.push_str("employeeType: shy\n");
    }
    text + "\n"
}

/// The members of a group of such a company, as LDIF.
pub fn members(number: usize, people: usize, groups: usize) -> String {
    let mut text = String::new();
    for member in (1..=people).filter(|person| person % groups == number % groups) {
        let _ = writeln!(text, "member: {}", person(member));
    }
    if number.is_multiple_of(10) {
        let _ = writeln!(text, "member: {}", team(number - 1));
    }
    if number == groups - 1 {
        let _ = writeln!(text, "member: {}", team(groups));
    }
    text
}

/// A company as LDIF.
pub fn company(people: usize, groups: usize) -> String {
    let mut text = String::from(
        "dn: dc=example,dc=com\nobjectClass: organization\nobjectClass: dcObject\no: Example\ndc: example\n\n",
    );
    for branch in ["people", "groups", "services", "rights", "empty"] {
        let _ = write!(
            text,
            "dn: ou={branch},dc=example,dc=com\nobjectClass: organizationalUnit\nou: {branch}\n\n"
        );
    }
    let _ = write!(
        text,
        "dn: ou=abroad,ou=people,dc=example,dc=com\nobjectClass: organizationalUnit\nou: abroad\n\n\
         dn: {BIND}\nobjectClass: organizationalRole\nobjectClass: simpleSecurityObject\ncn: rollcall\n\
         userPassword: {PASSWORD}\n\n"
    );
    for right in RIGHTS {
        let _ = write!(
            text,
            "dn: cn={right},ou=rights,dc=example,dc=com\nobjectClass: groupOfNames\ncn: {right}\n\
             member: {ADMIN}\nmember: {BIND}\n\n"
        );
    }
    for number in 1..=people {
        text.push_str(&hired(number));
    }
    for number in 1..=groups {
        let _ = write!(
            text,
            "dn: {}\nobjectClass: groupOfNames\ncn: team-{number:03}\n",
            team(number)
        );
        text.push_str(&members(number, people, groups));
        text.push('\n');
    }
    text.push_str(
        "dn: cn=staff,ou=groups,dc=example,dc=com\nobjectClass: groupOfNames\ncn: staff\n",
    );
    for number in 1..=people {
        let _ = writeln!(text, "member: {}", person(number));
    }
    text + "\n"
}
