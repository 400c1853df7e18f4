//! 389 Directory Server in a folder of its own, with a made-up company in it.
//!
//! Promises that nothing but loopback is listened on, that every server ends with its story, and that
//! who may read what can be changed while it runs. Leaves what happens to the stories, and who works
//! in the company to [`crate::slapd`].

use std::fmt::Write as _;
use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rollcall::clock::Clock;
use tempfile::TempDir;

use crate::ldif;
use crate::served::Leashed;
use crate::slapd::{BIND, PASSWORD, certify, company};

/// Who may do everything.
const ADMIN: &str = "cn=Directory Manager";
/// The password of that name, salted and hashed: the server takes no other.
const ADMIN_PASSWORD: &str = "{SSHA}EbeEoYc87ptX48V7GTe5t9i0MNExMjM0NTY3OA==";
/// What the package brings for making a server.
const TEMPLATES: &str = "/usr/share/dirsrv/data";

/// What may be read, and by whom.
const RIGHTS: &str = r#"aci: (targetattr!="userPassword || mail || member")(version 3.0; acl "most"; allow (read,search,compare) userdn="ldap:///all";)
aci: (targetattr="mail")(version 3.0; acl "mail"; allow (read,search,compare) groupdn="ldap:///cn=mail,ou=rights,dc=example,dc=com";)
aci: (targetattr="member")(version 3.0; acl "members"; allow (read,search,compare) groupdn="ldap:///cn=members,ou=rights,dc=example,dc=com";)
aci: (targetattr="*")(targetfilter="(employeeType=shy)")(version 3.0; acl "shy"; deny (all) groupdn!="ldap:///cn=everybody,ou=rights,dc=example,dc=com";)
"#;

/// How a server tells of changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tells {
    /// As it comes: by persistent search.
    Persistently,
    /// As FreeIPA has it: by syncrepl, too.
    Syncrepl,
}

/// A running server.
pub struct Ds389 {
    folder: TempDir,
    port: u16,
    tls_port: u16,
    child: Option<Leashed>,
}

impl Ds389 {
    /// A server with the company of [`crate::slapd`] in it.
    pub async fn with(people: usize, groups: usize, tells: Tells) -> Self {
        let mut server = Self {
            folder: tempfile::tempdir().expect("there is room for a folder"),
            port: free_port(),
            tls_port: free_port(),
            child: None,
        };
        server.furnish(tells);
        let company = company(people, groups);
        let company = company.replacen("dc: example\n", &format!("dc: example\n{RIGHTS}"), 1);
        fs::write(server.path("all.ldif"), numbered(&company)).expect("the folder can be written");
        fs::write(server.path("password"), PASSWORD).expect("the folder can be written");
        let mut load = Command::new("ns-slapd");
        load.args(["ldif2db", "-n", "userRoot", "-D"]);
        done(
            load.arg(server.folder.path())
                .arg("-i")
                .arg(server.path("all.ldif")),
        );
        server.start().await;
        server
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

    /// The port in the clear.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts it, or starts it again.
    pub async fn start(&mut self) {
        let log = fs::File::create(self.path("start.log")).expect("the folder can be written");
        let child = Command::new("ns-slapd")
            .arg("-D")
            .arg(self.folder.path())
            .args(["-d", "0"])
            .stdout(log.try_clone().expect("a copy"))
            .stderr(log)
            .spawn();
        self.child = Some(Leashed(
            child.expect("ns-slapd starts; ./tests/run installs it"),
        ));
        for _ in 0..600 {
            if TcpStream::connect(("127.0.0.1", self.tls_port)).is_ok() {
                return;
            }
            Clock::System.sleep(Duration::from_millis(50)).await;
        }
        let log = fs::read_to_string(self.path("start.log")).unwrap_or_default();
        panic!("ns-slapd does not answer after 30 s: {log}");
    }

    /// Ends it.
    pub fn stop(&mut self) {
        self.child = None;
    }

    /// Keeps what it holds under a name; it must not run.
    pub fn back_up(&self, name: &str) {
        assert!(self.child.is_none(), "it runs");
        copy(&self.path("db"), &self.path(name));
    }

    /// Takes it back to what it held; it must not run.
    pub fn restore(&self, name: &str) {
        assert!(self.child.is_none(), "it runs");
        fs::remove_dir_all(self.path("db")).expect("it is ours");
        copy(&self.path(name), &self.path("db"));
    }

    /// Turns a plugin on; it must not run.
    pub fn turn_on(&self, plugin: &str) {
        assert!(self.child.is_none(), "it runs");
        let config = self.path("dse.ldif");
        let text = fs::read_to_string(&config).expect("it was written");
        let start = format!("dn: cn={plugin},cn=plugins,cn=config\n");
        let at = text.find(&start).expect("the server brings it");
        let end = at + text[at..].find("\n\n").expect("it ends");
        let entry = text[at..end].replace("nabled: off", "nabled: on");
        let text = format!("{}{entry}{}", &text[..at], &text[end..]);
        fs::write(&config, text).expect("the folder can be written");
    }

    /// Changes the directory as its admin (RFC 2849).
    pub fn change(&self, ldif: &str) {
        ldif::send(&self.plain(), ADMIN, self.folder.path(), ldif);
    }

    /// Takes a right away from rollcall, or gives it back.
    pub fn allow(&self, right: &str, allowed: bool) {
        let how = if allowed { "add" } else { "delete" };
        self.change(&format!(
            "dn: cn={right},ou=rights,dc=example,dc=com\nchangetype: modify\n{how}: member\n\
             member: {BIND}\n"
        ));
    }

    /// Sets a limit of rollcall's.
    pub fn limit(&self, attribute: &str, value: i32) {
        self.change(&format!(
            "dn: {BIND}\nchangetype: modify\nreplace: {attribute}\n{attribute}: {value}\n"
        ));
    }

    /// What a server needs before it can start, without the tools that would make it a service.
    fn furnish(&self, tells: Tells) {
        let folder = self.folder.path();
        for name in [
            "bak", "db", "inst", "ldif", "lock", "log", "run", "schema", "tmp",
        ] {
            fs::create_dir(folder.join(name)).expect("the folder can be written");
        }
        for (from, to) in [
            ("schema/99user.ldif", "schema/99user.ldif"),
            ("config/slapd-collations.conf", "slapd-collations.conf"),
        ] {
            let from = Path::new("/etc/dirsrv").join(from);
            fs::copy(from, folder.join(to)).expect("./tests/run installs it");
        }
        certify(folder, "127.0.0.1");
        trust(folder);
        fs::write(folder.join("dse.ldif"), self.settings(tells)).expect("it can be written");
    }

    /// The settings, from the templates that the package brings.
    fn settings(&self, tells: Tells) -> String {
        let read = |name: &str| {
            let text = fs::read_to_string(Path::new(TEMPLATES).join(name));
            text.expect("./tests/run installs it")
        };
        let tree = read("template-suffix-db.ldif");
        let tree = tree.lines().filter(|line| !line.starts_with('#'));
        let mut text = read("template-dse.ldif") + &tree.collect::<Vec<_>>().join("\n") + "\n";
        let folder = self.folder.path().display().to_string();
        for name in [
            "bak", "db", "inst", "ldif", "lock", "log", "run", "schema", "tmp",
        ] {
            text = text.replace(&format!("%{name}_dir%"), &format!("{folder}/{name}"));
        }
        let user = done(Command::new("id").arg("--user").arg("--name"));
        for (name, value) in [
            ("cert_dir", &*folder),
            ("config_dir", &folder),
            ("db_home_dir", &format!("{folder}/db")),
            ("db_lib", database()),
            ("ds_bename", "userRoot"),
            ("ds_passwd", ADMIN_PASSWORD),
            ("ds_port", &self.port.to_string()),
            ("ds_suffix", "dc=example,dc=com"),
            ("ds_user", user.trim()),
            ("fqdn", "localhost"),
            ("ldapi", &format!("{folder}/ldapi")),
            ("ldapi_autobind", "off"),
            ("ldapi_enabled", "off"),
            ("rootdn", ADMIN),
        ] {
            text = text.replace(&format!("%{name}%"), value);
        }
        set(
            &mut text,
            "config",
            &format!(
                "nsslapd-listenhost: 127.0.0.1\nnsslapd-securelistenhost: 127.0.0.1\n\
                 nsslapd-security: on\nnsslapd-securePort: {}\n",
                self.tls_port
            ),
        );
        let mut plugins = vec![
            ("MemberOf Plugin", ""),
            (
                "referential integrity postoperation",
                "referint-membership-attr: manager\n",
            ),
        ];
        if tells == Tells::Syncrepl {
            plugins.extend([
                ("Retro Changelog Plugin", ""),
                ("Content Synchronization", ""),
            ]);
        }
        for (plugin, more) in plugins {
            set(&mut text, &format!("{plugin},cn=plugins,cn=config"), more);
            let at = text
                .find(&format!("dn: cn={plugin},"))
                .expect("it is there");
            let end = at + text[at..].find("\n\n").expect("it ends");
            let entry = text[at..end].replace("nabled: off", "nabled: on");
            text.replace_range(at..end, &entry);
        }
        assert!(!text.contains('%'), "another template than we know: {text}");
        text
    }
}

fn copy(from: &Path, to: &Path) {
    let mut copy = Command::new("cp");
    done(copy.arg("-a").arg(from).arg(to));
}

/// What the server keeps entries in. The other one of version 2 is new there, and crashes.
fn database() -> &'static str {
    let defaults = fs::read_to_string("/usr/share/dirsrv/inf/defaults.inf");
    let defaults = defaults.expect("./tests/run installs it");
    let mut lines = defaults.lines();
    if lines.any(|line| line.starts_with("version = 2.")) {
        "bdb"
    } else {
        "mdb"
    }
}

/// The same entries with keys in their order; else the server draws them.
fn numbered(ldif: &str) -> String {
    let mut text = String::new();
    let mut number = 0;
    for line in ldif.lines() {
        text.push_str(line);
        text.push('\n');
        if line.starts_with("dn: ") {
            number += 1;
            let _ = writeln!(text, "nsUniqueId: 00000000-00000000-00000000-{number:08x}");
        }
    }
    text
}

/// Puts lines into an entry.
fn set(text: &mut String, entry: &str, lines: &str) {
    let dn = format!("dn: cn={entry}\n");
    let at = text.find(&dn).expect("the template has it") + dn.len();
    text.insert_str(at, lines);
}

/// Puts the server's certificate and the CA where the server looks for them.
fn trust(folder: &Path) {
    let mut pack = Command::new("openssl");
    pack.args([
        "pkcs12",
        "-export",
        "-name",
        "Server-Cert",
        "-passout",
        "pass:",
    ]);
    pack.args([
        "-inkey",
        "server.key",
        "-in",
        "server.pem",
        "-out",
        "server.p12",
    ]);
    let mut make = Command::new("certutil");
    make.args(["-N", "-d", ".", "--empty-password"]);
    let mut put = Command::new("pk12util");
    put.args(["-i", "server.p12", "-d", ".", "-W", ""]);
    let mut trust = Command::new("certutil");
    trust.args(["-A", "-d", ".", "-n", "CA", "-t", "CT,,", "-i", "ca.pem"]);
    for mut command in [pack, make, put, trust] {
        done(command.current_dir(folder));
    }
}

/// Runs a program to its end; gives what it said.
fn done(command: &mut Command) -> String {
    let done = command.output();
    let done = done.unwrap_or_else(|error| panic!("{command:?}: {error}; see ./tests/run"));
    assert!(done.status.success(), "{command:?}: {done:?}");
    String::from_utf8_lossy(&done.stdout).into_owned()
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("it is bound").port()
}
