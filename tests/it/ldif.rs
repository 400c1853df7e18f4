//! Changes of a directory as text (RFC 2849), and how a server is told of them.
//!
//! Promises that what a server refuses ends the story. Leaves who may change what to the servers.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

/// Another value of an attribute; `how`: `add`, `delete`, `replace`.
pub fn modify(dn: &str, how: &str, name: &str, value: &str) -> String {
    format!("dn: {dn}\nchangetype: modify\n{how}: {name}\n{name}: {value}\n\n")
}

/// Another name, and another place.
pub fn move_to(dn: &str, name: &str, place: &str) -> String {
    format!(
        "dn: {dn}\nchangetype: modrdn\nnewrdn: {name}\ndeleteoldrdn: 1\nnewsuperior: {place}\n\n"
    )
}

/// An entry that was not there.
pub fn added(entry: &str) -> String {
    entry.replacen("objectClass", "changetype: add\nobjectClass", 1)
}

/// An entry that goes.
pub fn deleted(dn: &str) -> String {
    format!("dn: {dn}\nchangetype: delete\n\n")
}

/// Changes a directory as this admin (RFC 2849), by the password and the CA of its folder.
pub fn send(url: &str, admin: &str, folder: &Path, ldif: &str) {
    send_with(&[], url, admin, folder, ldif);
}

/// The same with more options of ldapmodify(1).
pub fn send_with(options: &[&str], url: &str, admin: &str, folder: &Path, ldif: &str) {
    let mut child = Command::new("ldapmodify")
        .env("LDAPTLS_CACERT", folder.join("ca.pem"))
        .args(options)
        .args(["-x", "-H", url, "-D", admin, "-y"])
        .arg(folder.join("password"))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("ldapmodify starts");
    let mut input = child.stdin.take().expect("it is a pipe");
    input.write_all(ldif.as_bytes()).expect("it reads");
    drop(input);
    let done = child.wait_with_output().expect("it ends");
    let told = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{ldif}\n{told}");
}
