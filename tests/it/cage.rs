//! The cage that `systemd/rollcall.service` puts the program into, made without systemd: `bwrap` for
//! what it may see, and a filter of system calls for what it may do.
//!
//! Promises the same filter as the unit: the sets that it names, with `EPERM` for all others; no page
//! that is written and run (`MemoryDenyWriteExecute=`); only sockets of the families that it names.
//! Leaves to systemd what needs it running: the watchdog, credentials, the user of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use super::markdown::file;

/// Where the numbers of system calls are written down (linux-libc-dev).
const NUMBERS: &str = "/usr/include/x86_64-linux-gnu/asm/unistd_64.h";
/// `AUDIT_ARCH_X86_64` of linux/audit.h.
const ARCHITECTURE: u32 = 0xc000_003e;

/// One instruction of a filter: code, jumps, operand (linux/filter.h).
type Step = (u16, u8, u8, u32);

/// Load a word of the call; jump on equal; jump on any bit; give back (`linux/bpf_common.h`).
const LOAD: u16 = 0x20;
const EQUAL: u16 = 0x15;
const ANY_BIT: u16 = 0x45;
const AND: u16 = 0x54;
const GIVE: u16 = 0x06;
/// What a filter gives back (linux/seccomp.h); an error carries its number.
const ALLOW: u32 = 0x7fff_0000;
const ERROR: u32 = 0x0005_0000;
const EPERM: u32 = 1;
const EAFNOSUPPORT: u32 = 97;

/// The filter as bytes, as `bwrap --seccomp` reads it.
pub(super) fn filter(unit: &str) -> Vec<u8> {
    let numbers = numbers();
    let number = |name: &str| {
        *numbers
            .get(name)
            .unwrap_or_else(|| panic!("{name} has no number"))
    };
    let mut steps: Vec<Step> = vec![
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, ARCHITECTURE),
        (GIVE, 0, 0, ERROR | EPERM),
    ];
    // mprotect(…, PROT_EXEC), and mmap(…, PROT_WRITE | PROT_EXEC).
    steps.extend([
        (LOAD, 0, 0, 0),
        (EQUAL, 0, 3, number("mprotect")),
        (LOAD, 0, 0, 32),
        (ANY_BIT, 0, 1, 4),
        (GIVE, 0, 0, ERROR | EPERM),
        (LOAD, 0, 0, 0),
        (EQUAL, 0, 4, number("mmap")),
        (LOAD, 0, 0, 32),
        (AND, 0, 0, 6),
        (EQUAL, 0, 1, 6),
        (GIVE, 0, 0, ERROR | EPERM),
        (LOAD, 0, 0, 0),
    ]);
    // socket(FAMILY, …).
    let families = families(unit);
    let all = u8::try_from(families.len()).expect("a few");
    steps.push((EQUAL, 0, all + 2, number("socket")));
    steps.push((LOAD, 0, 0, 16));
    for (at, family) in (0..).zip(&families) {
        steps.push((EQUAL, all - at, 0, *family));
    }
    steps.push((GIVE, 0, 0, ERROR | EAFNOSUPPORT));
    steps.push((LOAD, 0, 0, 0));
    for name in allowed(unit) {
        if let Some(number) = numbers.get(&name) {
            steps.push((EQUAL, 0, 1, *number));
            steps.push((GIVE, 0, 0, ALLOW));
        }
    }
    steps.push((GIVE, 0, 0, ERROR | EPERM));
    let bytes = steps.into_iter().flat_map(|(code, yes, no, operand)| {
        let mut step = code.to_ne_bytes().to_vec();
        step.extend([yes, no]);
        step.extend(operand.to_ne_bytes());
        step
    });
    bytes.collect()
}

/// The values of a directive of the unit, in order.
fn directive(unit: &str, name: &str) -> Vec<String> {
    let start = format!("{name}=");
    file(unit)
        .lines()
        .filter_map(|line| line.strip_prefix(&start).map(ToOwned::to_owned))
        .collect()
}

fn families(unit: &str) -> Vec<u32> {
    let told = directive(unit, "RestrictAddressFamilies").join(" ");
    told.split_whitespace()
        .map(|family| match family {
            "AF_UNIX" => 1,
            "AF_INET" => 2,
            "AF_INET6" => 10,
            other => panic!("{other} is a family that nobody needs"),
        })
        .collect()
}

/// The calls that the filter of the unit allows, by name.
fn allowed(unit: &str) -> BTreeSet<String> {
    let mut calls = BTreeSet::new();
    for line in directive(unit, "SystemCallFilter") {
        match line.strip_prefix('~') {
            None => calls.extend(line.split_whitespace().flat_map(set)),
            Some(line) => {
                for call in line.split_whitespace().flat_map(set) {
                    calls.remove(&call);
                }
            }
        }
    }
    assert!(calls.len() > 100, "only {} calls", calls.len());
    calls
}

/// The calls of a set, as this systemd has them; also those of the sets in it.
fn set(name: &str) -> BTreeSet<String> {
    let listed = Command::new("systemd-analyze")
        .args(["syscall-filter", "--no-pager", name])
        .output()
        .expect("systemd-analyze runs");
    let text = String::from_utf8(listed.stdout).expect("text");
    let words = text.lines().skip(1).map(str::trim);
    words
        .filter(|word| !word.is_empty() && !word.starts_with('#'))
        .flat_map(|word| match word.strip_prefix('@') {
            Some(_) => set(word),
            None => BTreeSet::from([word.to_owned()]),
        })
        .collect()
}

fn numbers() -> BTreeMap<String, u32> {
    let text = fs::read_to_string(NUMBERS).unwrap_or_else(|error| panic!("{NUMBERS}: {error}"));
    text.lines()
        .filter_map(|line| {
            let (name, number) = line.strip_prefix("#define __NR_")?.split_once(' ')?;
            Some((name.to_owned(), number.trim().parse().ok()?))
        })
        .collect()
}

/// The program in the cage: it sees the machine read-only, and may write into `state` alone.
pub(super) fn caged(unit: &str, folder: &Path, state: &Path) -> Command {
    let filter_file = folder.join("filter.bpf");
    fs::write(&filter_file, filter(unit)).expect("a file can be written");
    fs::create_dir_all(state).expect("a folder can be made");
    let mut command = Command::new("sh");
    let path = |path: &Path| path.to_str().expect("paths are text").to_owned();
    command
        .args([
            "-c",
            "filter=$1; shift; exec bwrap --seccomp 9 \"$@\" 9<\"$filter\"",
            "cage",
        ])
        .arg(&filter_file)
        .args([
            "--unshare-user",
            "--unshare-pid",
            "--unshare-ipc",
            "--unshare-uts",
        ])
        .args([
            "--ro-bind",
            "/",
            "/",
            "--dev",
            "/dev",
            "--proc",
            "/proc",
            "--tmpfs",
            "/run",
        ])
        .args(["--bind", &path(state), &path(state)])
        .args([
            "--cap-drop",
            "ALL",
            "--uid",
            "61184",
            "--die-with-parent",
            "--chdir",
            "/",
        ])
        .arg("--")
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/bin:/bin");
    command
}
